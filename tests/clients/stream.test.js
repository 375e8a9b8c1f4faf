import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertMockUsage, collect, contentOf, ledgerRow, mock, openSteppedStream, readStepByStep, say, throughGateway, withEachSdk,
} from './harness.js';

const messages = say('Streams keep “every” character: ä, €, 👩‍🚀.');
const answer = `You said: ${messages[0].content}`;

withEachSdk('chat stream', ({ client }) => {
  const stream = (options) => client.chat.completions.create({ model: 'chat', messages, stream: true, ...options });

  test('the content is assembled from the chunks', async () => {
    const chunks = await collect(await stream());

    assert.equal(contentOf(chunks), answer);
    assert.ok(chunks.length > 5, 'more than one piece');
    assert.equal(chunks.at(-1).choices[0].finish_reason, 'stop');
  });

  test("the SDK's stream helper ends with the whole completion", async () => {
    const completion = await client.chat.completions.stream({ model: 'chat', messages }).finalChatCompletion();

    assert.equal(completion.choices[0].message.content, answer);
  });

  for (const streamOptions of [undefined, {}, { include_usage: false }]) {
    test(`no usage for the client with stream_options ${JSON.stringify(streamOptions)}`, async () => {
      const chunks = await collect(await stream({ stream_options: streamOptions }));

      assert.ok(chunks.every(({ choices }) => choices.length === 1), 'no chunk with empty choices');
      assert.equal(contentOf(chunks), answer);
    });
  }

  test('usage that the client did not ask for is in the ledger all the same', throughGateway, async () => {
    const { data, response } = await stream().withResponse();
    await collect(data);

    assert.equal(mock.last().body.stream_options.include_usage, true);
    const row = await ledgerRow(response);
    assert.equal(row.outcome, 'completed');
    assert.equal(row.stream, true);
    assert.equal(row.status, 200);
    assertMockUsage(row);
  });

  test('the client that asks for usage gets it in the last chunk', async () => {
    const chunks = await collect(await stream({ stream_options: { include_usage: true } }));

    const { choices, usage } = chunks.at(-1);
    assert.deepEqual(choices, []);
    assert.equal(usage.total_tokens, 18);
    assert.equal(usage.prompt_tokens_details.cached_tokens, 3);
    assert.equal(contentOf(chunks), answer);
  });

  test('usage that the client asked for is in the ledger too', throughGateway, async () => {
    const { data, response } = await stream({ stream_options: { include_usage: true } }).withResponse();
    await collect(data);

    assertMockUsage(await ledgerRow(response));
  });

  test('each frame arrives before the provider sends the next one', async () => {
    // The mock holds every frame until it is stepped: a gateway that waits for more would wait forever.
    const stepped = await openSteppedStream(client, { messages });

    assert.equal(await readStepByStep(stepped), answer);
  });

  test('the headers of a stream name its exchange, target and request', throughGateway, async () => {
    const { data, response, request_id: requestId } = await stream().withResponse();
    await collect(data);

    assert.match(response.headers.get('content-type'), /^text\/event-stream/);
    assert.equal(response.headers.get('x-gatehouse-target'), 'mock/gpt-mock');
    assert.ok(requestId);
    await ledgerRow(response);
  });
});
