// Every SDK against every provider's format. The provider plays recorded answers; what an SDK makes of them after the gateway
// translated them must be what the recording says.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { keys, startGateway } from './gateway.js';
import { read, readErrorMessage, readVectors } from './recorded/answers.js';
import { startRecordedProvider } from './recorded/provider.js';
import { areRecordingsPresent, providers, readRecordings } from './recorded/recordings.js';
import agents from './recorded/sdks/agents.js';
import ai from './recorded/sdks/ai.js';
import anthropic from './recorded/sdks/anthropic.js';
import genai from './recorded/sdks/genai.js';
import langchain from './recorded/sdks/langchain.js';
import openai from './recorded/sdks/openai.js';

const prompt = 'Do as recorded.';
const isSkipped = process.env.DIRECT === '1' ? 'DIRECT=1: needs the gateway' : !areRecordingsPresent && 'needs ../shared/data/wire.tar.gz';

const configuration = (url) => `
admin: { token: recorded-admin-token }
providers:
  chat: { kind: openai-compatible, base_url: "${url}/chat/v1", api_key: upstream }
  responses: { kind: openai, base_url: "${url}/responses/v1", api_key: upstream }
  anthropic: { base_url: "${url}/anthropic", api_key: upstream }
  gemini: { base_url: "${url}/gemini", api_key: upstream }
  bedrock: { base_url: "${url}/bedrock", region: us-east-1, access_key_id: AKIAEXAMPLE, secret_access_key: upstream }
  cohere: { base_url: "${url}/cohere", api_key: upstream }
  ollama: { base_url: "${url}/ollama" }
  mistral: { base_url: "${url}/mistral/v1", api_key: upstream }
keys:
  - { name: dev, secret: "${keys.dev}", models: ["*"] }
`;

/** OpenAI's newest models are reached through the Responses API only, whatever the caller speaks; codex is one of them. */
const modelOf = (provider, name) => `${provider}/${provider === 'responses' ? `codex-${name}` : name}`;

/** A tool that takes what the recorded calls hand over. */
function toolsFor(calls, execute) {
  const typeOf = (value) => Array.isArray(value) ? { type: 'array', items: {} }
    : value !== null && typeof value === 'object' ? { type: 'object', additionalProperties: true } : { type: typeof value };
  return [...new Map(calls.map((call) => [call.name, call])).values()].map(({ name, arguments: values }) => ({
    name,
    description: `What ${name} does`,
    schema: {
      type: 'object',
      properties: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, typeOf(value)])),
      required: Object.keys(values),
    },
    ...(execute && { execute: (input) => execute(name, input) }),
  }));
}

const byName = (calls) => calls.map(({ name, arguments: values }) => `${name} ${JSON.stringify(values)}`).sort();

if (isSkipped) {
  test('recorded providers', { skip: isSkipped }, () => {});
} else {
  const recordings = readRecordings();
  const mock = await startRecordedProvider(recordings);
  const gateway = await startGateway({ configuration: configuration(mock.url) });
  const target = { url: gateway.dataUrl, key: keys.dev };

  after(async () => {
    try {
      assert.equal(await gateway.stop(), 0, `exit code after SIGTERM; the gateway wrote:\n${gateway.output()}`);
    } finally {
      await mock.close();
    }
  });

  for (const client of [...openai(target), ...anthropic(target), ...genai(target), ...ai(target), ...langchain(target), ...agents(target)]) {
    describe(client.name, { timeout: 120_000 }, () => {
      for (const provider of providers) describe(provider, () => conversations(client, provider, recordings[provider], mock));
    });
  }
}

function conversations(client, provider, recordings, mock) {
  for (const stream of [false, true]) {
    const suffix = stream ? ', streamed' : '';
    const text = read(provider, recordings[stream ? 'textStream' : 'text'], { stream });
    const tools = read(provider, recordings[stream ? 'toolsStream' : 'tools'], { stream });

    test(`answer${suffix}`, async () => {
      assertAnswer(await client.ask(modelOf(provider, 'text'), { stream, prompt }), text);
    });

    test(`tool calls${suffix}`, async () => {
      assert.notEqual(tools.calls.length, 0, 'the recording has calls');
      const answer = await client.ask(modelOf(provider, 'tools'), { stream, prompt, tools: toolsFor(tools.calls) });
      assertAnswer(answer, tools);
    });

    test(`results of tools${suffix}`, async () => {
      const executed = [];
      const execute = (name, input) => {
        executed.push({ name, arguments: input });
        return `result ${executed.length} of ${name}`;
      };
      mock.requests.length = 0;
      const { text: finalText } = await client.loop(modelOf(provider, 'tools'), { stream, prompt, tools: toolsFor(tools.calls, execute) });

      assert.equal(finalText, text.text);
      assert.deepEqual(byName(executed), byName(tools.calls));
      const { results } = mock.requests.at(-1);
      assert.equal(results.length, tools.calls.length, 'results that the provider got');
      executed.forEach(({ name }, at) => assert.ok(
        results.some(({ content }) => content.includes(`result ${at + 1} of ${name}`)),
        `the provider has the result of ${name}: ${JSON.stringify(results)}`,
      ));
    });

    test(`error${suffix}`, async () => {
      const error = await client.ask(modelOf(provider, 'error'), { stream, prompt }).then(
        () => assert.fail('the call succeeded'),
        (reason) => reason,
      );
      assert.ok(error instanceof client.ErrorClass, `${error?.constructor?.name}: ${error?.message}`);
      assert.equal(error.status ?? error.statusCode, recordings.error.status);
      assert.ok(error.message.includes(readErrorMessage(recordings.error)), error.message);
    });
  }

  if (client.embed && recordings.embeddings) {
    test('embeddings', async () => {
      const kind = client.asksForFloats && recordings.embeddingsFloat ? 'embeddingsFloat' : 'embeddings';
      const expected = readVectors(provider, recordings[kind]);
      const model = provider === 'bedrock' ? 'bedrock/amazon.titan-embed-text-v2:0' : `${provider}/${kind}`;
      // Recorded as numbers: openai 6 takes what it gets for the base64 that it asks for unless it is told.
      const options = provider === 'mistral' ? { encoding_format: 'float' } : {};
      const vectors = await client.embed(model, expected.map((_, at) => `text ${at}`), options);

      assert.equal(vectors.length, expected.length);
      vectors.forEach((vector, at) => assert.deepEqual(vector.map(Math.fround), expected[at].map(Math.fround)));
    });
  }
}

function assertAnswer(answer, expected) {
  assert.equal(answer.text, expected.text);
  assert.deepEqual(answer.calls, expected.calls);
  if (answer.usage !== undefined) assert.deepEqual(answer.usage, expected.usage);
  if (answer.stop !== undefined) assert.equal(answer.stop, expected.stop);
  if (answer.reasoning !== undefined) assert.equal(answer.reasoning, expected.reasoning);
}
