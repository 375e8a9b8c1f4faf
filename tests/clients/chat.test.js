import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertMockUsage, contentOf, exchanges, exchangeId, ledgerRow, mock, say, throughGateway, withEachSdk } from './harness.js';

withEachSdk('chat', ({ client }) => {
  for (const model of ['chat', 'mock/gpt-mock', '@mock/gpt-mock', 'gpt-mock']) {
    test(`a completion from the model "${model}"`, async () => {
      const completion = await client.chat.completions.create({ model, messages: say('Grüezi 👋') });

      assert.equal(completion.object, 'chat.completion');
      assert.equal(completion.choices[0].message.content, 'You said: Grüezi 👋');
      assert.equal(completion.choices[0].finish_reason, 'stop');
      assert.equal(completion.usage.total_tokens, 18);
    });
  }

  for (const model of ['chat', 'mock/gpt-mock', '@mock/gpt-mock', 'gpt-mock']) {
    test(`"${model}" goes to the provider as gpt-mock`, throughGateway, async () => {
      const { response } = await client.chat.completions.create({ model, messages: say('hello') }).withResponse();

      assert.equal(mock.last().body.model, 'gpt-mock');
      assert.equal(response.headers.get('x-gatehouse-target'), 'mock/gpt-mock');
      assert.equal(response.headers.get('x-gatehouse-attempts'), '1');
    });
  }

  test('the response names its exchange and its request', throughGateway, async () => {
    const { data, response, request_id: requestId } = await client.chat.completions
      .create({ model: 'chat', messages: say('hello') })
      .withResponse();

    exchangeId(response);
    assert.ok(requestId, 'x-request-id');
    assert.equal(data._request_id, requestId);
  });

  test("the provider's rate-limit headers come back", async () => {
    const { response } = await client.chat.completions.create({ model: 'chat', messages: say('hello') }).withResponse();

    assert.equal(response.headers.get('x-ratelimit-remaining-requests'), '41');
  });

  test('the row is in the ledger when the client has the answer', throughGateway, async () => {
    const { response } = await client.chat.completions.create({ model: 'chat', messages: say('hello') }).withResponse();

    const row = (await exchanges()).find(({ id }) => id === exchangeId(response));
    assert.ok(row, 'a row without waiting for it');
    assert.equal(row.outcome, 'completed');
    assert.equal(row.status, 200);
    assert.equal(row.stream, false);
    assert.equal(row.route, 'chat');
    assert.equal(row.target, 'mock/gpt-mock');
    assert.equal(row.attempts.length, 1);
    assert.equal(typeof row.timings.total_ms, 'number');
    assertMockUsage(row);
  });

  test('the provider gets the JSON of the client with only the model changed', async () => {
    const body = {
      vendor_extension: { nested: [1, -0.5, 1e21, null, 'ü "quoted" \\ \u2028'], empty: {} },
      model: 'mock/gpt-mock',
      messages: [
        { role: 'system', content: 'Be brief.', vendor_cache: true },
        { role: 'user', content: 'mock/gpt-mock', name: 'model' },
      ],
      temperature: 0.30000000000000004,
      metadata: { model: 'not this one' },
    };
    await client.chat.completions.create(body);

    const { headers, text } = mock.last();
    assert.equal(text, JSON.stringify({ ...body, model: JSON.parse(text).model }));
    assert.equal(headers['content-type'], 'application/json');
  });

  test('a prompt of one megabyte arrives whole', async () => {
    const prompt = 'Zürich 👋 '.repeat(80_000);
    const completion = await client.chat.completions.create({ model: 'chat', messages: say(prompt) });

    assert.equal(completion.choices[0].message.content.length, `You said: ${prompt}`.length);
    assert.equal(mock.last().body.messages[0].content, prompt);
  });

  test('answers of parallel requests are not mixed up', async () => {
    const prompts = Array.from({ length: 32 }, (_, index) => `prompt ${index}`);
    const answers = await Promise.all(prompts.map(async (prompt, index) => {
      const request = { model: 'chat', messages: say(prompt) };
      if (index % 2) return (await client.chat.completions.create(request)).choices[0].message.content;
      const chunks = [];
      for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) chunks.push(chunk);
      return contentOf(chunks);
    }));

    assert.deepEqual(answers, prompts.map((prompt) => `You said: ${prompt}`));
  });

  test('each parallel request has a row of its own', throughGateway, async () => {
    const responses = await Promise.all(Array.from({ length: 8 }, () =>
      client.chat.completions.create({ model: 'chat', messages: say('hello') }).withResponse()));

    const ids = new Set(responses.map(({ response }) => exchangeId(response)));
    assert.equal(ids.size, 8);
    for (const { response } of responses) assert.equal((await ledgerRow(response)).outcome, 'completed');
  });
});
