import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertMockUsage, collect, ledgerRow, throughGateway, withEachSdk } from './harness.js';

withEachSdk('completions (legacy)', ({ client }) => {
  const request = { model: 'chat', prompt: 'Once upon a time' };

  test('a completion', async () => {
    const completion = await client.completions.create(request);

    assert.equal(completion.choices[0].text, 'Once upon a time, again');
  });

  test('a stream', async () => {
    const chunks = await collect(await client.completions.create({ ...request, stream: true }));

    assert.ok(chunks.every(({ choices }) => choices.length === 1), 'no chunk with empty choices');
    assert.equal(chunks.map(({ choices }) => choices[0].text).join(''), 'Once upon a time, again');
  });

  for (const stream of [false, true]) {
    test(`usage in the ledger (stream: ${stream})`, throughGateway, async () => {
      const { data, response } = await client.completions.create({ ...request, stream }).withResponse();
      if (stream) await collect(data);

      const row = await ledgerRow(response);
      assert.equal(row.outcome, 'completed');
      assert.equal(row.stream, stream);
      assertMockUsage(row);
    });
  }
});
