import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { APICallError, embedMany, generateText, isStepCount, jsonSchema, streamText, tool } from 'ai';

function text(name, dialect, modelOf, embeddingModelOf) {
  const request = (model, prompt, tools) => ({
    model: modelOf(model),
    instructions: 'Be brief.',
    prompt,
    maxRetries: 0,
    ...(tools && {
      tools: Object.fromEntries(tools.map(({ name, description, schema, execute }) =>
        [name, tool({ description, inputSchema: jsonSchema(schema), ...(execute && { execute }) })])),
    }),
  });

  async function complete(stream, options) {
    if (!stream) return generateText(options);
    let failure;
    const result = streamText({ ...options, onError: ({ error }) => (failure ??= error) });
    await result.consumeStream({ onError: (error) => (failure ??= error) });
    if (failure) throw failure;
    return {
      text: await result.text,
      reasoningText: await result.reasoningText,
      toolCalls: await result.toolCalls,
      usage: await result.usage,
      finishReason: await result.finishReason,
    };
  }

  return {
    name: `ai with ${name}`,
    dialect,
    ErrorClass: APICallError,

    async ask(model, { stream, prompt, tools }) {
      const result = await complete(stream, request(model, prompt, tools?.map(({ execute, ...definition }) => definition)));
      return {
        text: result.text,
        reasoning: dialect === 'chat' ? undefined : result.reasoningText ?? '',
        calls: result.toolCalls.map(({ toolName, input }) => ({ name: toolName, arguments: input })),
        usage: { input: result.usage.inputTokens, output: result.usage.outputTokens },
        stop: { stop: 'stop', 'tool-calls': 'tools' }[result.finishReason],
      };
    },

    async loop(model, { stream, prompt, tools }) {
      return { text: (await complete(stream, { ...request(model, prompt, tools), stopWhen: isStepCount(3) })).text };
    },

    ...(embeddingModelOf && {
      asksForFloats: true,
      embed: async (model, values) => (await embedMany({ model: embeddingModelOf(model), values, maxRetries: 0 })).embeddings,
    }),
  };
}

export default ({ url, key }) => {
  const openai = createOpenAI({ baseURL: `${url}/v1`, apiKey: key });
  const anthropic = createAnthropic({ baseURL: `${url}/v1`, apiKey: key });
  const google = createGoogle({ baseURL: `${url}/v1beta`, apiKey: key });
  return [
    text('@ai-sdk/openai chat', 'chat', openai.chat, openai.embedding),
    text('@ai-sdk/openai responses', 'responses', openai.responses),
    text('@ai-sdk/anthropic', 'anthropic', anthropic),
    text('@ai-sdk/google', 'gemini', google),
  ];
};
