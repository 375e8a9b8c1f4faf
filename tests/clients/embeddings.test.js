import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ledgerRow, mock, throughGateway, withEachSdk } from './harness.js';
import { embedding } from './mock-upstream.js';

withEachSdk('embeddings', ({ client }) => {
  const request = { model: 'mock/embedding-mock', input: ['one', 'two'] };

  test("the SDK's default, base64", async () => {
    const { data } = await client.embeddings.create(request);

    assert.equal(mock.last().body.encoding_format, 'base64');
    assert.deepEqual(data.map(({ embedding: values }) => Array.from(values)), [embedding, embedding]);
  });

  test('float', async () => {
    const { data } = await client.embeddings.create({ ...request, encoding_format: 'float' });

    assert.equal(mock.last().body.encoding_format, 'float');
    assert.deepEqual(data.map(({ embedding: values }) => values), [embedding, embedding]);
  });

  test('the ledger has the input tokens', throughGateway, async () => {
    const { response } = await client.embeddings.create(request).withResponse();

    const row = await ledgerRow(response);
    assert.equal(row.target, 'mock/embedding-mock');
    assert.equal(row.outcome, 'completed');
    assert.equal(row.usage.input_tokens, 5);
  });
});
