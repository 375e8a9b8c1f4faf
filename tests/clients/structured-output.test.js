import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { mock, say, withEachSdk } from './harness.js';

const Weather = z.object({ city: z.string(), celsius: z.number() });

withEachSdk('structured output', ({ client, zodResponseFormat }) => {
  const request = { model: 'chat', messages: say('The weather, as JSON'), response_format: zodResponseFormat(Weather, 'weather') };

  test('the parse helper', async () => {
    const completion = await client.chat.completions.parse(request);

    assert.deepEqual(completion.choices[0].message.parsed, { city: 'Zürich', celsius: 21.5 });
    assert.equal(mock.last().body.response_format.json_schema.name, 'weather');
    assert.equal(mock.last().body.response_format.json_schema.schema.additionalProperties, false);
  });

  test('the stream helper', async () => {
    const completion = await client.chat.completions.stream(request).finalChatCompletion();

    assert.deepEqual(completion.choices[0].message.parsed, { city: 'Zürich', celsius: 21.5 });
  });
});
