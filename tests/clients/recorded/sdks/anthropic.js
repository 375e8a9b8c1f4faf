import * as anthropic1 from '@anthropic-ai/sdk';
import { betaTool as tool1 } from '@anthropic-ai/sdk/helpers/beta/json-schema';
import { VERSION as version1 } from '@anthropic-ai/sdk/version.mjs';
import * as anthropic0 from 'anthropic0';
import { betaTool as tool0 } from 'anthropic0/helpers/beta/json-schema';
import { VERSION as version0 } from 'anthropic0/version.mjs';

const textOf = ({ content }) => content.filter(({ type }) => type === 'text').map(({ text }) => text).join('');

function messages({ Anthropic, APIError }, betaTool, version, { url, key }) {
  const client = new Anthropic({ baseURL: url, apiKey: key, authToken: null, maxRetries: 0, timeout: 20_000 });
  const request = (model, prompt) => ({ model, max_tokens: 1024, system: 'Be brief.', messages: [{ role: 'user', content: prompt }] });
  return {
    name: `@anthropic-ai/sdk ${version}`,
    dialect: 'anthropic',
    ErrorClass: APIError,

    async ask(model, { stream, prompt, tools }) {
      const body = {
        ...request(model, prompt),
        ...(tools && { tools: tools.map(({ name, description, schema }) => ({ name, description, input_schema: schema })) }),
      };
      const message = stream ? await client.messages.stream(body).finalMessage() : await client.messages.create(body);
      const { usage } = message;
      return {
        text: textOf(message),
        reasoning: message.content.filter(({ type }) => type === 'thinking').map(({ thinking }) => thinking).join(''),
        calls: message.content.filter(({ type }) => type === 'tool_use').map(({ name, input }) => ({ name, arguments: input })),
        usage: {
          input: usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
          output: usage.output_tokens,
        },
        stop: { end_turn: 'stop', tool_use: 'tools' }[message.stop_reason],
      };
    },

    /** Beta: `?beta=true`; in 1.x it would hold the conversation at the server where that can. */
    async loop(model, { stream, prompt, tools }) {
      const runner = client.beta.messages.toolRunner({
        ...request(model, prompt),
        tools: tools.map(({ name, description, schema, execute }) => betaTool({ name, description, inputSchema: schema, run: execute })),
        stream,
      });
      return { text: textOf(await runner) };
    },
  };
}

export default (gateway) => [
  messages(anthropic1, tool1, version1, gateway),
  messages(anthropic0, tool0, version0, gateway),
];
