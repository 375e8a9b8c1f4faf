import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collect, contentOf, ledgerRow, mock, say, throughGateway, withEachSdk } from './harness.js';

withEachSdk('fallback', ({ client }) => {
  for (const stream of [false, true]) {
    test(`the second target answers when the first one fails (stream: ${stream})`, throughGateway, async () => {
      mock.clear();
      const { data, response } = await client.chat.completions
        .create({ model: 'resilient', messages: say('hello'), stream })
        .withResponse();

      const content = stream ? contentOf(await collect(data)) : data.choices[0].message.content;
      assert.equal(content, 'You said: hello');
      assert.equal(response.headers.get('x-gatehouse-target'), 'mock/gpt-mock');

      const models = mock.requests.map(({ body }) => body.model);
      assert.equal(models[0], 'status-503');
      assert.equal(models.at(-1), 'gpt-mock');
      assert.equal(response.headers.get('x-gatehouse-attempts'), String(models.length));
      const row = await ledgerRow(response);
      assert.equal(row.outcome, 'completed');
      assert.equal(row.route, 'resilient');
      assert.equal(row.target, 'mock/gpt-mock');
      assert.equal(row.attempts.length, models.length);
    });
  }
});
