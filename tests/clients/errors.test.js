import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keys } from './gateway.js';
import { exchangeId, ledgerRow, mock, newClient, rejection, say, throughGateway, withEachSdk } from './harness.js';
import { retryAfterSeconds } from './mock-upstream.js';

withEachSdk("the gateway's errors", (sdk) => {
  const { client } = sdk;
  const limited = newClient(sdk, { key: keys.limited });
  const messages = say('hello');

  /** The error of a request that must not reach the provider. */
  async function refusal(request, errorClass) {
    mock.clear();
    const error = await rejection(request(), errorClass);
    assert.equal(mock.requests.length, 0, 'nothing reached the provider');
    exchangeId(error);
    assert.ok(error.requestID, 'x-request-id');
    return error;
  }

  test('a wrong key: 401 invalid_api_key', throughGateway, async () => {
    const stranger = newClient(sdk, { key: 'gh_wrong' });
    const error = await refusal(() => stranger.chat.completions.create({ model: 'chat', messages }), sdk.AuthenticationError);

    assert.equal(error.status, 401);
    assert.equal(error.code, 'invalid_api_key');
    assert.ok(!error.message.includes('gh_wrong'), 'the key is not echoed');
  });

  for (const model of ['resilient', 'mock/slow', 'sandbox/echo']) {
    test(`a model that the key may not use (${model}): 403 permission_denied`, throughGateway, async () => {
      const error = await refusal(() => limited.chat.completions.create({ model, messages }), sdk.PermissionDeniedError);

      assert.equal(error.status, 403);
      assert.equal(error.code, 'permission_denied');
    });
  }

  for (const model of ['chat', 'mock/gpt-mock-mini']) {
    test(`a model that the key may use (${model})`, throughGateway, async () => {
      const completion = await limited.chat.completions.create({ model, messages });

      assert.equal(completion.choices[0].message.content, 'You said: hello');
    });
  }

  for (const model of ['no-such-route', 'nobody/gpt-mock']) {
    test(`an unknown model (${model}): 404 model_not_found`, throughGateway, async () => {
      const error = await refusal(() => client.chat.completions.create({ model, messages }), sdk.NotFoundError);

      assert.equal(error.status, 404);
      assert.equal(error.code, 'model_not_found');
      assert.ok(error.message.includes(model), error.message);
      assert.equal(error.headers.get('x-should-retry'), 'false');
    });
  }

  for (const [what, body] of [['no model', { messages }], ['a model that is a number', { model: 42, messages }]]) {
    test(`${what}: 400 invalid_request`, throughGateway, async () => {
      const error = await refusal(() => client.chat.completions.create(body), sdk.BadRequestError);

      assert.equal(error.code, 'invalid_request');
      assert.match(error.message, /model/);
    });
  }
});

withEachSdk("the provider's errors", (sdk) => {
  const failure = (status, errorClass, options) =>
    rejection(
      sdk.client.chat.completions.create({ model: `mock/status-${status}`, messages: say('hello'), ...options }),
      errorClass,
    );

  for (const [status, className] of [
    [400, 'BadRequestError'],
    [401, 'AuthenticationError'],
    [404, 'NotFoundError'],
    [429, 'RateLimitError'],
  ]) {
    for (const stream of [false, true]) {
      test(`${status} keeps its status and message (stream: ${stream})`, async () => {
        const error = await failure(status, sdk[className], { stream });

        assert.equal(error.status, status);
        assert.ok(error.message.includes(`The mock answers ${status}.`), error.message);
      });
    }
  }

  test('429 keeps retry-after', async () => {
    const error = await failure(429, sdk.RateLimitError);

    assert.equal(error.headers.get('retry-after'), String(retryAfterSeconds));
  });

  for (const status of [500, 503]) {
    test(`${status} is an InternalServerError`, async () => {
      const error = await failure(status, sdk.InternalServerError);

      assert.ok(error.status >= 500, `${error.status}`);
      assert.ok(error.message.length > 0);
    });
  }

  for (const status of [400, 429, 500]) {
    test(`${status} is in the ledger as failed`, throughGateway, async () => {
      const error = await failure(status, sdk.APIError);

      const row = await ledgerRow(error);
      assert.equal(row.outcome, 'failed');
      assert.equal(row.status, error.status);
      assert.ok(error.requestID, 'x-request-id');
    });
  }
});
