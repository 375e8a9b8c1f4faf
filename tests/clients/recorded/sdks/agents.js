import { Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, run, setTracingDisabled, tool } from '@openai/agents';
import { APIError, OpenAI } from 'openai';

setTracingDisabled(true);

function agents(name, dialect, Model, { url, key }) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, organization: null, project: null, maxRetries: 0, timeout: 20_000 });

  async function runAgent(model, { stream, prompt, tools = [], stopAfterTools }) {
    const agent = new Agent({
      name: 'Assistant',
      instructions: 'Be brief.',
      model: new Model(client, model),
      tools: tools.map(({ name, description, schema, execute }) => tool({
        name, description, parameters: { ...schema, additionalProperties: true }, strict: false, execute: execute ?? (() => 'unused'),
      })),
      ...(stopAfterTools && { toolUseBehavior: 'stop_on_first_tool' }),
    });
    const result = await run(agent, prompt, { stream });
    if (stream) await result.completed;
    return result;
  }

  return {
    name: `@openai/agents ${name}`,
    dialect,
    ErrorClass: APIError,

    async ask(model, { stream, prompt, tools }) {
      const result = await runAgent(model, { stream, prompt, tools, stopAfterTools: true });
      const [{ output, usage }] = result.rawResponses;
      return {
        text: output.filter(({ type, role }) => type === 'message' && role === 'assistant')
          .flatMap(({ content }) => content).map(({ text }) => text ?? '').join(''),
        calls: output.filter(({ type }) => type === 'function_call').map((call) => ({ name: call.name, arguments: JSON.parse(call.arguments) })),
        usage: { input: usage.inputTokens, output: usage.outputTokens },
      };
    },

    loop: async (model, options) => ({ text: (await runAgent(model, options)).finalOutput }),
  };
}

export default (gateway) => [
  agents('chat', 'chat', OpenAIChatCompletionsModel, gateway),
  agents('responses', 'responses', OpenAIResponsesModel, gateway),
];
