import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keys } from './gateway.js';
import { collect, newClient, rejection, throughGateway, withEachSdk } from './harness.js';

withEachSdk('models', (sdk) => {
  const { client } = sdk;
  const limited = newClient(sdk, { key: keys.limited });
  const idsOf = async (owner) => (await collect(owner.models.list())).map(({ id }) => id);

  test('the list has routes and models', throughGateway, async () => {
    const ids = await idsOf(client);

    for (const id of ['chat', 'resilient', 'mock/gpt-mock', 'mock/embedding-mock', 'sandbox/echo']) {
      assert.ok(ids.includes(id), `${id} in ${ids}`);
    }
    assert.equal(new Set(ids).size, ids.length, 'each once');
  });

  test('the list has only what the key may use', throughGateway, async () => {
    const ids = await idsOf(limited);

    assert.deepEqual(ids.toSorted(), ['chat', 'mock/gpt-mock', 'mock/gpt-mock-mini']);
  });

  for (const id of ['chat', 'mock/gpt-mock']) {
    test(`retrieve ${id}`, throughGateway, async () => {
      const model = await client.models.retrieve(id);

      assert.equal(model.id, id);
      assert.equal(model.object, 'model');
    });
  }

  test('an unknown model is not found', throughGateway, async () => {
    const error = await rejection(client.models.retrieve('no-such-model'), sdk.NotFoundError);

    assert.equal(error.code, 'model_not_found');
  });

  test('a model that the key may not use is not shown', throughGateway, async () => {
    const error = await rejection(limited.models.retrieve('resilient'), sdk.APIError);

    assert.ok([403, 404].includes(error.status), `${error.status}`);
  });
});
