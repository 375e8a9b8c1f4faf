import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, ledgerRow, mock, newLedgerRow, openSteppedStream, rejection, say, throughGateway, withEachSdk } from './harness.js';

/** The gateway's own aim is 100 ms; this only tells an abort from a request that runs to its end. */
const generousMilliseconds = 3_000;

withEachSdk('abort', ({ client, APIUserAbortError }) => {
  const messages = say('a long story');

  async function assertUpstreamAborted(request, abortedAt) {
    await eventually('the provider sees the abort', () => request.abortedAt !== undefined, generousMilliseconds);
    assert.ok(request.abortedAt - abortedAt < generousMilliseconds);
  }

  /** A request that the provider has and does not answer; its `answer` resolves when the SDK reports the abort. */
  async function openSilentRequest() {
    mock.clear();
    const controller = new AbortController();
    const request = { model: 'mock/silent', messages };
    const answer = rejection(client.chat.completions.create(request, { signal: controller.signal }), APIUserAbortError);
    const upstreamRequest = await eventually('the provider has the request', () => mock.last());
    return { answer, controller, upstreamRequest };
  }

  test('a stream while frames arrive', async () => {
    mock.clear();
    const stream = await client.chat.completions.create({ model: 'mock/slow', messages, stream: true });
    await stream[Symbol.asyncIterator]().next();
    assert.equal(mock.last().abortedAt, undefined);
    const abortedAt = performance.now();
    stream.controller.abort();

    await assertUpstreamAborted(mock.last(), abortedAt);
  });

  test('a stream while the provider is silent', async () => {
    const { stream, upstreamRequest, chunks } = await openSteppedStream(client, { messages });
    await chunks.next();
    assert.equal(upstreamRequest.abortedAt, undefined);
    const abortedAt = performance.now();
    stream.controller.abort();

    await assertUpstreamAborted(upstreamRequest, abortedAt);
  });

  test('leaving the loop early', async () => {
    mock.clear();
    let leftAt;
    for await (const _ of await client.chat.completions.create({ model: 'mock/slow', messages, stream: true })) {
      leftAt = performance.now();
      break;
    }

    await assertUpstreamAborted(mock.last(), leftAt);
  });

  test('before the provider answers', async () => {
    const { answer, controller, upstreamRequest } = await openSilentRequest();
    const abortedAt = performance.now();
    controller.abort();

    await answer;
    await assertUpstreamAborted(upstreamRequest, abortedAt);
  });

  test('an aborted stream is in the ledger as cancelled', throughGateway, async () => {
    const { data: stream, response } = await client.chat.completions
      .create({ model: 'mock/slow', messages, stream: true })
      .withResponse();
    await stream[Symbol.asyncIterator]().next();
    stream.controller.abort();

    const row = await ledgerRow(response);
    assert.equal(row.outcome, 'cancelled');
    assert.equal(row.stream, true);
    assert.equal(row.target, 'mock/slow');
  });

  test('a request aborted before the answer is in the ledger as cancelled', throughGateway, async () => {
    const row = await newLedgerRow('mock/silent', async () => {
      const { answer, controller } = await openSilentRequest();
      controller.abort();
      await answer;
    });

    assert.equal(row.outcome, 'cancelled');
  });
});
