import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collect, ledgerRow, mock, newClient, rejection, throughGateway, withEachSdk } from './harness.js';

// Paths that the gateway does not know by themselves go to the provider that the client names.
withEachSdk('relay', (sdk) => {
  const client = newClient(sdk, { defaultHeaders: { 'x-gatehouse-provider': 'mock' } });
  const request = { model: 'gpt-mock', input: 'Grüezi 👋' };

  test('a response', async () => {
    const response = await client.responses.create(request);

    assert.equal(response.output_text, 'You said: Grüezi 👋');
    assert.equal(response.usage.total_tokens, 18);
    assert.deepEqual(mock.last().body, request);
  });

  test('a stream of typed events', async () => {
    const events = await collect(await client.responses.create({ ...request, stream: true }));

    assert.equal(events[0].type, 'response.created');
    assert.equal(events.at(-1).type, 'response.completed');
    assert.deepEqual(events.map(({ sequence_number: number }) => number), events.map((_, index) => index));
    const deltas = events.filter(({ type }) => type === 'response.output_text.delta');
    assert.equal(deltas.map(({ delta }) => delta).join(''), 'You said: Grüezi 👋');
  });

  test("the SDK's stream helper", async () => {
    const response = await client.responses.stream(request).finalResponse();

    assert.equal(response.output_text, 'You said: Grüezi 👋');
  });

  test('path, query and body of any other call', async () => {
    const answer = await client.post('/vector_stores/vs_1/search', { query: { order: 'a b', limit: 2 }, body: { query: 'ü' } });

    assert.equal(answer.path, '/v1/vector_stores/vs_1/search');
    assert.deepEqual(Object.fromEntries(new URLSearchParams(answer.query)), { order: 'a b', limit: '2' });
    assert.deepEqual(answer.body, { query: 'ü' });
  });

  for (const stream of [false, true]) {
    test(`the ledger has the exchange (stream: ${stream})`, throughGateway, async () => {
      const { data, response } = await client.responses.create({ ...request, stream }).withResponse();
      if (stream) await collect(data);

      const row = await ledgerRow(response);
      assert.equal(row.outcome, 'completed');
      assert.equal(row.status, 200);
    });
  }

  test('the key is needed as everywhere', throughGateway, async () => {
    mock.clear();
    const stranger = newClient(sdk, { key: 'gh_wrong', defaultHeaders: { 'x-gatehouse-provider': 'mock' } });
    const error = await rejection(stranger.responses.create(request), sdk.AuthenticationError);

    assert.equal(error.code, 'invalid_api_key');
    assert.equal(mock.requests.length, 0);
  });

  test('an unknown provider is refused', throughGateway, async () => {
    mock.clear();
    const lost = newClient(sdk, { defaultHeaders: { 'x-gatehouse-provider': 'nobody' } });
    const error = await rejection(lost.responses.create(request), sdk.APIError);

    assert.ok([400, 404].includes(error.status), `${error.status}`);
    assert.equal(mock.requests.length, 0);
  });
});
