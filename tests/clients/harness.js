// What every test file shares: one mock provider, one gateway in front of it, the SDKs, and the ledger.
//
// With DIRECT=1 there is no gateway: the SDKs talk to the mock, and tests marked `throughGateway` are skipped. That tells a
// fault of the gateway from one of the SDK or of the tests.

import assert from 'node:assert/strict';
import { after, describe } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import * as openai7 from 'openai';
import * as helpers7 from 'openai/helpers/zod';
import { VERSION as version7 } from 'openai/version.mjs';
import * as openai6 from 'openai6';
import * as helpers6 from 'openai6/helpers/zod';
import { VERSION as version6 } from 'openai6/version.mjs';
import { adminToken, configuration, keys, startGateway, upstreamKey } from './gateway.js';
import { startMockUpstream } from './mock-upstream.js';

const direct = process.env.DIRECT === '1';

/** Test options of what only the gateway can do. */
export const throughGateway = direct ? { skip: 'DIRECT=1: needs the gateway' } : {};

export const mock = await startMockUpstream();
export const gateway = direct ? undefined : await startGateway({ configuration: configuration(mock.baseUrl) });

after(async () => {
  try {
    if (gateway) assert.equal(await gateway.stop(), 0, `exit code after SIGTERM; the gateway wrote:\n${gateway.output()}`);
  } finally {
    await mock.close();
  }
});

const sdks = [
  { name: `openai ${version7}`, ...openai7, ...helpers7 },
  { name: `openai ${version6}`, ...openai6, ...helpers6 },
];

/** Declares the same tests once for each SDK. `sdk` has its exports and a `client` made with the key `dev`. */
export function withEachSdk(topic, declare) {
  for (const sdk of sdks) {
    describe(`${topic} (${sdk.name})`, { timeout: 60_000 }, () => declare({ ...sdk, client: newClient(sdk) }));
  }
}

/** A client of the gateway (of the mock with DIRECT=1) that never retries, so that each call is one exchange. */
export function newClient(sdk, { key = keys.dev, dataUrl = gateway?.dataUrl, ...options } = {}) {
  return new sdk.OpenAI({
    baseURL: direct ? mock.baseUrl : `${dataUrl}/v1`,
    apiKey: direct ? upstreamKey : key,
    organization: null,
    project: null,
    maxRetries: 0,
    timeout: 20_000,
    ...options,
  });
}

export const say = (content) => [{ role: 'user', content }];

export async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

/**
 * Opens a stream of the model "step" and lets its first frame through: a gateway may hold the headers back until then.
 * `step` lets one more through each time.
 */
export async function openSteppedStream(client, request) {
  mock.clear();
  const opening = client.chat.completions.create({ ...request, model: 'mock/step', stream: true });
  const upstreamRequest = await eventually('the provider has the request', () => mock.last());
  upstreamRequest.step();
  const stream = await opening;
  return { stream, upstreamRequest, chunks: stream[Symbol.asyncIterator](), step: upstreamRequest.step };
}

/** Reads a stepped stream to its end, each frame before the provider sends the next one, and returns the content. */
export async function readStepByStep({ chunks, step }) {
  const received = [];
  for (;;) {
    const { value, done } = await chunks.next();
    if (done) return contentOf(received);
    received.push(value);
    step();
    if (value.choices[0].finish_reason) step(); // the usage that the gateway asked for and keeps to itself
  }
}

/** Reads a stream that must break: what arrived before, and the error. */
export async function collectUntilError(stream) {
  const chunks = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
  } catch (error) {
    return { chunks, error };
  }
  assert.fail(`the broken stream ended as if it were whole, after ${chunks.length} chunks`);
}

export const contentOf = (chunks) => chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');

/** The error that a call is rejected with, checked to be of the class. */
export async function rejection(promise, errorClass) {
  const error = await promise.then(
    () => assert.fail(`expected ${errorClass.name}, but the call succeeded`),
    (reason) => reason,
  );
  assert.ok(error instanceof errorClass, `expected ${errorClass.name}, got ${error?.constructor?.name}: ${error?.message}`);
  return error;
}

/** Asks again and again until the answer is neither undefined nor false. */
export async function eventually(what, ask, deadlineMilliseconds = 10_000) {
  const deadline = performance.now() + deadlineMilliseconds;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) assert.fail(`not within ${deadlineMilliseconds} ms: ${what}`);
    await delay(10);
  }
}

/** A call of the admin API, to the parsed JSON of its answer. */
export async function admin(path, { method = 'GET', body, token = adminToken, expect = [200, 201, 202, 204] } = {}) {
  const response = await fetch(`${gateway.adminUrl}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  assert.ok([expect].flat().includes(response.status), `${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** The rows of the ledger, newest first. */
export async function exchanges(limit = 50) {
  const list = await admin(`/exchanges?limit=${limit}`);
  return Array.isArray(list) ? list : list.data;
}

/** The ledger's row of the exchange that a response or an error belongs to. */
export async function ledgerRow(responseOrError) {
  const id = exchangeId(responseOrError);
  return eventually(`a ledger row of ${id}`, async () => (await exchanges()).find((row) => row.id === id));
}

/** The row that an action adds to the ledger when there is no response to name it. */
export async function newLedgerRow(target, action) {
  const known = new Set((await exchanges()).map(({ id }) => id));
  await action();
  return eventually(`a new ledger row of ${target}`, async () =>
    (await exchanges()).find((row) => row.target === target && !known.has(row.id)));
}

export function exchangeId({ headers }) {
  const id = headers.get('x-gatehouse-exchange');
  assert.match(id ?? '', /^exc_/, 'the header x-gatehouse-exchange');
  return id;
}

/** The mock's usage in the ledger's words: cached tokens stand beside the input, reasoning tokens are part of the output. */
export function assertMockUsage({ usage }) {
  const { input_tokens, cache_read_tokens, output_tokens, reasoning_tokens } = usage ?? {};
  assert.deepEqual(
    { input_tokens, cache_read_tokens, output_tokens, reasoning_tokens },
    { input_tokens: 8, cache_read_tokens: 3, output_tokens: 7, reasoning_tokens: 2 },
  );
}
