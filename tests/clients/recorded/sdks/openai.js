import * as openai7 from 'openai';
import { VERSION as version7 } from 'openai/version.mjs';
import * as openai6 from 'openai6';
import { VERSION as version6 } from 'openai6/version.mjs';

const usageOf = (usage) => ({ input: usage.prompt_tokens ?? usage.input_tokens, output: usage.completion_tokens ?? usage.output_tokens });

function chat({ OpenAI, APIError }, name, { url, key }) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, organization: null, project: null, maxRetries: 0, timeout: 20_000 });
  const request = (model, prompt, tools) => ({
    model,
    messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: prompt }],
    ...(tools && { tools: tools.map(({ name, description, schema }) => ({ type: 'function', function: { name, description, parameters: schema } })) }),
  });
  return {
    name: `${name} chat`,
    dialect: 'chat',
    ErrorClass: APIError,

    async ask(model, { stream, prompt, tools }) {
      const completion = stream
        ? await client.chat.completions.stream({ ...request(model, prompt, tools), stream_options: { include_usage: true } }).finalChatCompletion()
        : await client.chat.completions.create(request(model, prompt, tools));
      const { message, finish_reason: reason } = completion.choices[0];
      return {
        text: message.content ?? '',
        calls: (message.tool_calls ?? []).map((call) => ({ name: call.function.name, arguments: JSON.parse(call.function.arguments) })),
        usage: usageOf(completion.usage),
        stop: { stop: 'stop', tool_calls: 'tools' }[reason],
      };
    },

    async loop(model, { stream, prompt, tools }) {
      const runner = client.chat.completions.runTools({
        ...request(model, prompt),
        tools: tools.map(({ name, description, schema, execute }) =>
          ({ type: 'function', function: { name, description, parameters: schema, parse: JSON.parse, function: execute } })),
        stream,
      });
      return { text: await runner.finalContent() };
    },

    async embed(model, input, options) {
      const { data } = await client.embeddings.create({ model, input, ...options });
      return data.map(({ embedding }) => Array.from(embedding));
    },
  };
}

function responses({ OpenAI, APIError }, name, { url, key }) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, organization: null, project: null, maxRetries: 0, timeout: 20_000 });
  const tooling = (tools) => tools && { tools: tools.map(({ name, description, schema }) => ({ type: 'function', name, description, parameters: schema, strict: false })) };
  const complete = (stream, request) => stream ? client.responses.stream(request).finalResponse() : client.responses.create(request);
  return {
    name: `${name} responses`,
    dialect: 'responses',
    ErrorClass: APIError,

    async ask(model, { stream, prompt, tools }) {
      const response = await complete(stream, { model, instructions: 'Be brief.', input: prompt, ...tooling(tools) });
      const calls = response.output.filter(({ type }) => type === 'function_call');
      return {
        text: response.output_text,
        reasoning: response.output.filter(({ type }) => type === 'reasoning')
          .flatMap(({ summary, content }) => [...(summary ?? []), ...(content ?? [])]).map(({ text }) => text).join(''),
        calls: calls.map((call) => ({ name: call.name, arguments: JSON.parse(call.arguments) })),
        usage: usageOf(response.usage),
        stop: response.status === 'completed' ? (calls.length ? 'tools' : 'stop') : response.status,
      };
    },

    /** The second turn refers to the first by its id. */
    async loop(model, { stream, prompt, tools }) {
      const first = await complete(stream, { model, input: prompt, ...tooling(tools) });
      const input = [];
      for (const call of first.output.filter(({ type }) => type === 'function_call')) {
        const output = await tools.find(({ name }) => name === call.name).execute(JSON.parse(call.arguments));
        input.push({ type: 'function_call_output', call_id: call.call_id, output });
      }
      const second = await complete(stream, { model, previous_response_id: first.id, input, ...tooling(tools) });
      return { text: second.output_text };
    },
  };
}

export default (gateway) => [
  chat(openai7, `openai ${version7}`, gateway),
  responses(openai7, `openai ${version7}`, gateway),
  chat(openai6, `openai ${version6}`, gateway),
  responses(openai6, `openai ${version6}`, gateway),
];
