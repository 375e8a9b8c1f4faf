import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collect, mock, say, withEachSdk } from './harness.js';

const weather = {
  type: 'function',
  function: {
    name: 'weather',
    description: 'The weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
const messages = say('How is the weather in Zürich and Oslo?');

withEachSdk('tools', ({ client }) => {
  test('tool calls of a completion', async () => {
    const completion = await client.chat.completions.create({ model: 'chat', messages, tools: [weather] });

    const { finish_reason: reason, message } = completion.choices[0];
    assert.equal(reason, 'tool_calls');
    assert.deepEqual(
      message.tool_calls.map(({ id, function: { name, arguments: text } }) => [id, name, JSON.parse(text)]),
      [['call_0', 'weather', { city: 'Zürich' }], ['call_1', 'weather', { city: 'Oslo' }]],
    );
    assert.deepEqual(mock.last().body.tools, [weather]);
  });

  test('deltas of parallel tool calls', async () => {
    const chunks = await collect(
      await client.chat.completions.create({ model: 'chat', messages, tools: [weather], stream: true }),
    );

    const calls = [];
    for (const { index, id, function: { name, arguments: piece } } of chunks.flatMap(({ choices }) => choices[0].delta.tool_calls ?? [])) {
      calls[index] ??= { id, name, arguments: '' };
      calls[index].arguments += piece;
    }
    assert.deepEqual(calls, [
      { id: 'call_0', name: 'weather', arguments: '{"city":"Zürich"}' },
      { id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' },
    ]);
    assert.equal(chunks.at(-1).choices[0].finish_reason, 'tool_calls');
  });

  for (const stream of [false, true]) {
    test(`runTools calls the functions and sends their results (stream: ${stream})`, async () => {
      const asked = [];
      const runnable = {
        type: 'function',
        function: {
          ...weather.function,
          parse: JSON.parse,
          function: ({ city }) => {
            asked.push(city);
            return `${city}: sunny`;
          },
        },
      };
      const runner = client.chat.completions.runTools({ model: 'chat', messages, tools: [runnable], stream });

      assert.equal(await runner.finalContent(), 'Results: Zürich: sunny | Oslo: sunny');
      assert.deepEqual(asked, ['Zürich', 'Oslo']);
      assert.deepEqual(mock.last().body.messages.map(({ role }) => role), ['user', 'assistant', 'tool', 'tool']);
    });
  }
});
