import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keys, upstreamKey } from './gateway.js';
import { admin, collect, gateway, mock, newClient, rejection, say, throughGateway, withEachSdk } from './harness.js';

withEachSdk('credentials', (sdk) => {
  const { client } = sdk;
  const messages = say('hello');

  test("the provider sees its own key and never the caller's", throughGateway, async () => {
    mock.clear();
    const relayed = newClient(sdk, { defaultHeaders: { 'x-gatehouse-provider': 'mock' } });
    await client.chat.completions.create({ model: 'chat', messages });
    await collect(await client.chat.completions.create({ model: 'chat', messages, stream: true }));
    await client.embeddings.create({ model: 'mock/embedding-mock', input: 'hello' });
    await relayed.responses.create({ model: 'gpt-mock', input: 'hello' });

    assert.equal(mock.requests.length, 4);
    for (const request of mock.requests) {
      assert.equal(request.headers.authorization, `Bearer ${upstreamKey}`);
      assert.ok(!JSON.stringify(request).includes(keys.dev), `the caller's key in ${request.path}`);
    }
  });

  for (const header of ['x-api-key', 'api-key']) {
    test(`a key in ${header} is accepted and stays here`, throughGateway, async () => {
      const other = newClient(sdk, { defaultHeaders: { authorization: null, [header]: keys.dev } });
      await other.chat.completions.create({ model: 'chat', messages });

      assert.ok(!JSON.stringify(mock.last().headers).includes(keys.dev));
    });
  }

  test('a key made by the admin API works until it is revoked', throughGateway, async () => {
    const { id, secret } = await admin('/keys', { method: 'POST', body: { name: `made for ${sdk.name}`, models: ['chat'] } });
    assert.match(secret, /^gh_/);
    const owner = newClient(sdk, { key: secret });
    await owner.chat.completions.create({ model: 'chat', messages });
    await rejection(owner.chat.completions.create({ model: 'resilient', messages }), sdk.PermissionDeniedError);

    await admin(`/keys/${id}`, { method: 'DELETE' });
    await rejection(owner.chat.completions.create({ model: 'chat', messages }), sdk.AuthenticationError);
  });
});

test('the admin API wants the admin token', throughGateway, async () => {
  await admin('/exchanges', { token: 'wrong', expect: 401 });
  await admin('/exchanges', { token: keys.dev, expect: 401 });
});

test('no configured key is in what the gateway prints', throughGateway, () => {
  for (const secret of [...Object.values(keys), upstreamKey]) assert.ok(!gateway.output().includes(secret));
});
