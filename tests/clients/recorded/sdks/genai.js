import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as genai3 from '@google/genai';
import * as genai2 from 'genai2';

const versionOf = (name) => JSON.parse(readFileSync(fileURLToPath(new URL(`../../node_modules/${name}/package.json`, import.meta.url)))).version;

function content({ GoogleGenAI, ApiError }, version, { url, key }) {
  const client = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url, timeout: 20_000 } });
  const config = (tools) => ({
    systemInstruction: 'Be brief.',
    ...(tools && { tools: [{ functionDeclarations: tools.map(({ name, description, schema }) => ({ name, description, parametersJsonSchema: schema })) }] }),
  });

  /** Streamed or not: the parts of the answer, and its last metadata. */
  async function collect(stream, answer) {
    const chunks = [];
    if (stream) for await (const chunk of answer) chunks.push(chunk);
    else chunks.push(answer);
    return {
      parts: chunks.flatMap(({ candidates }) => candidates?.[0]?.content?.parts ?? []),
      usage: chunks.findLast(({ usageMetadata }) => usageMetadata)?.usageMetadata,
      reason: chunks.findLast(({ candidates }) => candidates?.[0]?.finishReason)?.candidates[0].finishReason,
    };
  }

  const joined = (parts, isThought) => parts.filter((part) => part.text && Boolean(part.thought) === isThought).map(({ text }) => text).join('');
  const callsOf = (parts) => parts.filter(({ functionCall }) => functionCall).map(({ functionCall }) => functionCall);

  return {
    name: `@google/genai ${version}`,
    dialect: 'gemini',
    ErrorClass: ApiError,

    async ask(model, { stream, prompt, tools }) {
      const request = { model, contents: prompt, config: config(tools) };
      const { parts, usage, reason } = await collect(stream,
        stream ? await client.models.generateContentStream(request) : await client.models.generateContent(request));
      const calls = callsOf(parts);
      return {
        text: joined(parts, false),
        reasoning: joined(parts, true),
        calls: calls.map(({ name, args }) => ({ name, arguments: args ?? {} })),
        usage: {
          input: usage.promptTokenCount + (usage.toolUsePromptTokenCount ?? 0),
          output: usage.candidatesTokenCount + (usage.thoughtsTokenCount ?? 0),
        },
        stop: reason === 'STOP' ? (calls.length ? 'tools' : 'stop') : reason,
      };
    },

    async loop(model, { stream, prompt, tools }) {
      const chat = client.chats.create({ model, config: config(tools) });
      const send = async (message) =>
        (await collect(stream, stream ? await chat.sendMessageStream({ message }) : await chat.sendMessage({ message }))).parts;
      const results = [];
      for (const { id, name, args } of callsOf(await send(prompt))) {
        const output = await tools.find((tool) => tool.name === name).execute(args ?? {});
        results.push({ functionResponse: { id, name, response: { output } } });
      }
      return { text: joined(await send(results), false) };
    },
  };
}

export default (gateway) => [
  content(genai3, versionOf('@google/genai'), gateway),
  content(genai2, versionOf('genai2'), gateway),
];
