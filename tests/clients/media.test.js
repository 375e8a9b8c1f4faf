import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toFile } from 'openai';
import { keys } from './gateway.js';
import { ledgerRow, mock, newClient, rejection, throughGateway, withEachSdk } from './harness.js';

// What the mock does not know it answers with an echo.
withEachSdk('media and files', (sdk) => {
  const { client } = sdk;

  test('a moderation and an image', async () => {
    await client.moderations.create({ model: 'mock/gpt-mock', input: 'x' });
    assert.equal(mock.last().path, '/v1/moderations');
    await client.images.generate({ model: 'mock/gpt-mock', prompt: 'x' });
    assert.equal(mock.last().path, '/v1/images/generations');
  });

  test('a transcription with its file', throughGateway, async () => {
    const sound = Buffer.alloc(300_000, 'RIFF\r\n--');
    const { response } = await client.audio.transcriptions
      .create({ file: await toFile(sound, 'speech.wav'), model: 'mock/gpt-mock', language: 'de' })
      .withResponse();

    assert.match(mock.last().text, /name="model"\r\n\r\ngpt-mock\r\n/);
    assert.ok(mock.last().text.includes(sound.toString('latin1')));
    assert.equal((await ledgerRow(response)).operation, 'transcription');
  });

  test('a file is found again by its id, by its owner alone', throughGateway, async () => {
    const limited = newClient(sdk, { key: keys.limited });
    const file = await limited.files.create({ file: await toFile(Buffer.from('{}'), 'a.jsonl'), purpose: 'batch' }, { headers: { 'x-gatehouse-provider': 'mock' } });
    assert.match(file.id, /^file-mock-/);

    await limited.files.retrieve(file.id);
    assert.equal(mock.last().path, `/v1/files/${file.id}`);
    const error = await rejection(client.files.retrieve(file.id), sdk.NotFoundError);
    assert.equal(error.code, 'not_found');
  });
});
