import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configuration, startGateway } from './gateway.js';
import { eventually, mock, newClient, openSteppedStream, readStepByStep, say, throughGateway, withEachSdk } from './harness.js';

withEachSdk('shutdown', (sdk) => {
  test('SIGTERM lets a stream finish, takes no new requests, and ends with exit code 0', throughGateway, async () => {
    const gateway = await startGateway({ configuration: configuration(mock.baseUrl) });
    const client = newClient(sdk, { dataUrl: gateway.dataUrl });
    const stepped = await openSteppedStream(client, { messages: say('goodbye') });

    const stopped = gateway.stop();
    await eventually('new requests are refused', () => fetch(`${gateway.dataUrl}/readyz`).then(({ ok }) => !ok, () => true));

    assert.equal(await readStepByStep(stepped), 'You said: goodbye');
    assert.equal(await stopped, 0);
  });
});
