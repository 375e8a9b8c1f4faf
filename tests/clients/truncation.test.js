import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectUntilError, contentOf, ledgerRow, newLedgerRow, say, throughGateway, withEachSdk } from './harness.js';

// The provider's connection breaks in the middle of an answer: nobody may take the rest for the whole.
withEachSdk('truncation', ({ client, APIError }) => {
  const request = { model: 'mock/cut', messages: say('a story that has no end') };
  const whole = `You said: ${request.messages[0].content}`;

  test('a stream throws after what arrived', async () => {
    const { chunks } = await collectUntilError(await client.chat.completions.create({ ...request, stream: true }));

    assert.ok(chunks.length <= 3, `${chunks.length} chunks of 3`);
    assert.ok(whole.startsWith(contentOf(chunks)) && contentOf(chunks) !== whole);
  });

  test('a stream ends with an error event', throughGateway, async () => {
    const { error } = await collectUntilError(await client.chat.completions.create({ ...request, stream: true }));

    assert.ok(error instanceof APIError, `${error?.constructor?.name}: ${error?.message}`);
    assert.match(String(error.code), /^upstream_/);
  });

  test('a stream is in the ledger as truncated', throughGateway, async () => {
    const { data: stream, response } = await client.chat.completions.create({ ...request, stream: true }).withResponse();
    await collectUntilError(stream);

    const row = await ledgerRow(response);
    assert.equal(row.outcome, 'truncated');
    assert.equal(row.stream, true);
  });

  test("the SDK's stream helper rejects", async () => {
    await assert.rejects(client.chat.completions.stream(request).finalChatCompletion());
  });

  test('a JSON answer cut in the middle is an error', async () => {
    await assert.rejects(Promise.resolve(client.chat.completions.create(request)));
  });

  test('a JSON answer cut in the middle is not in the ledger as completed', throughGateway, async () => {
    const row = await newLedgerRow('mock/cut', () => client.chat.completions.create(request).catch(() => {}));

    assert.ok(['truncated', 'failed'].includes(row.outcome), row.outcome);
  });
});
