import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collect, collectUntilError, contentOf, ledgerRow, rejection, say, throughGateway, withEachSdk } from './harness.js';

withEachSdk('sandbox', (sdk) => {
  const messages = say('Grüezi from the sandbox 👋');
  const create = (model, options) => sdk.client.chat.completions.create({ model: `sandbox/${model}`, messages, ...options });

  test('echo answers with what it was told', throughGateway, async () => {
    const { data, response } = await create('echo').withResponse();

    const { message, finish_reason: reason } = data.choices[0];
    assert.equal(message.role, 'assistant');
    assert.ok(message.content.includes(messages[0].content), message.content);
    assert.equal(reason, 'stop');
    assert.ok(data.usage.total_tokens > 0);
    const row = await ledgerRow(response);
    assert.equal(row.target, 'sandbox/echo');
    assert.equal(row.outcome, 'completed');
    assert.ok(row.usage.output_tokens > 0);
  });

  test('echo streams', throughGateway, async () => {
    const { data, response } = await create('echo', { stream: true }).withResponse();
    const chunks = await collect(data);

    assert.ok(contentOf(chunks).includes(messages[0].content), contentOf(chunks));
    assert.ok(chunks.every(({ choices }) => choices.length === 1), 'no chunk with empty choices');
    const row = await ledgerRow(response);
    assert.equal(row.outcome, 'completed');
    assert.ok(row.usage.output_tokens > 0);
  });

  test('echo streams with usage when asked', throughGateway, async () => {
    const chunks = await collect(await create('echo', { stream: true, stream_options: { include_usage: true } }));

    assert.deepEqual(chunks.at(-1).choices, []);
    assert.ok(chunks.at(-1).usage.total_tokens > 0);
  });

  test('error-503 is an InternalServerError', throughGateway, async () => {
    const error = await rejection(create('error-503'), sdk.InternalServerError);

    assert.equal(error.status, 503);
    assert.equal((await ledgerRow(error)).outcome, 'failed');
  });

  test('rate-limit is a RateLimitError that says when to come back', throughGateway, async () => {
    const error = await rejection(create('rate-limit'), sdk.RateLimitError);

    assert.match(error.headers.get('retry-after') ?? '', /^\d+$/);
  });

  test('cut breaks the stream', throughGateway, async () => {
    const { data, response } = await create('cut', { stream: true }).withResponse();
    const { error } = await collectUntilError(data);

    assert.ok(error instanceof sdk.APIError, `${error?.constructor?.name}: ${error?.message}`);
    assert.equal((await ledgerRow(response)).outcome, 'truncated');
  });

  test('slow can be left in the middle', throughGateway, async () => {
    const { data: stream, response } = await create('slow', { stream: true }).withResponse();
    await stream[Symbol.asyncIterator]().next();
    stream.controller.abort();

    assert.equal((await ledgerRow(response)).outcome, 'cancelled');
  });
});
