import { ChatAnthropic } from '@langchain/anthropic';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { createAgent, tool } from 'langchain';

function chatModel(name, dialect, modelOf, embeddingsOf) {
  const conversation = (prompt) => [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: prompt }];
  const runnable = ({ name, description, schema, execute }) => tool(execute ?? (() => ''), { name, description, schema });

  return {
    name: `langchain ${name}`,
    dialect,
    ErrorClass: Error,

    async ask(model, { stream, prompt, tools }) {
      const bound = tools ? modelOf(model).bindTools(tools.map(runnable)) : modelOf(model);
      let message;
      if (stream) for await (const chunk of await bound.stream(conversation(prompt))) message = message ? message.concat(chunk) : chunk;
      else message = await bound.invoke(conversation(prompt));
      return {
        text: message.text,
        calls: message.tool_calls.map(({ name, args }) => ({ name, arguments: args })),
        // ChatAnthropic adds the output tokens of `message_start` to those of `message_delta`, which hold them already, and takes the
        // input from `message_start`, which comes before most providers tell it.
        ...(!(stream && dialect === 'anthropic') && {
          usage: { input: message.usage_metadata.input_tokens, output: message.usage_metadata.output_tokens },
        }),
      };
    },

    async loop(model, { stream, prompt, tools }) {
      const agent = createAgent({ model: modelOf(model), tools: tools.map(runnable), systemPrompt: 'Be brief.' });
      const input = { messages: [{ role: 'user', content: prompt }] };
      if (!stream) return { text: (await agent.invoke(input)).messages.at(-1).text };
      let last;
      for await (const [mode, state] of await agent.stream(input, { streamMode: ['messages', 'values'] })) if (mode === 'values') last = state;
      return { text: last.messages.at(-1).text };
    },

    ...(embeddingsOf && { embed: (model, input) => embeddingsOf(model).embedDocuments(input) }),
  };
}

export default ({ url, key }) => {
  const openai = { apiKey: key, maxRetries: 0, timeout: 20_000, configuration: { baseURL: `${url}/v1` } };
  return [
    chatModel('ChatOpenAI chat', 'chat', (model) => new ChatOpenAI({ ...openai, model, useResponsesApi: false }),
      (model) => new OpenAIEmbeddings({ ...openai, model })),
    chatModel('ChatOpenAI responses', 'responses', (model) => new ChatOpenAI({ ...openai, model, useResponsesApi: true })),
    chatModel('ChatAnthropic', 'anthropic', (model) =>
      new ChatAnthropic({ apiKey: key, anthropicApiUrl: url, model, maxTokens: 1024, maxRetries: 0 })),
  ];
};
