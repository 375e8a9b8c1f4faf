// What a recorded answer says, read from the provider's own format by code that shares nothing with the gateway:
// { text, reasoning, calls: [{ name, arguments }], usage: { input, output }, stop: 'stop' | 'tools' }.
// Tokens are all that went in, cached or not, and all that came out, thoughts included.

const usageOf = {
  openai: (usage) => ({ input: usage.prompt_tokens, output: usage.completion_tokens }),
  responses: (usage) => ({ input: usage.input_tokens, output: usage.output_tokens }),
  anthropic: (usage) => ({
    input: usage.input_tokens + (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0),
    output: usage.output_tokens,
  }),
  gemini: (usage) => ({
    input: usage.promptTokenCount + (usage.toolUsePromptTokenCount ?? 0),
    output: usage.candidatesTokenCount + (usage.thoughtsTokenCount ?? 0),
  }),
  bedrock: (usage) => ({
    input: usage.inputTokens + (usage.cacheReadInputTokens ?? 0) + (usage.cacheWriteInputTokens ?? 0),
    output: usage.outputTokens,
  }),
  // What is charged; `tokens` has Cohere's own instructions too.
  cohere: ({ billed_units: usage }) => ({ input: usage.input_tokens, output: usage.output_tokens }),
  ollama: (last) => ({ input: last.prompt_eval_count, output: last.eval_count }),
};

const answer = (parts, usage) => {
  const calls = parts.filter(({ call }) => call).map(({ call }) => call);
  return {
    text: parts.map(({ text }) => text ?? '').join(''),
    reasoning: parts.map(({ reasoning }) => reasoning ?? '').join(''),
    calls,
    usage,
    stop: calls.length ? 'tools' : 'stop',
  };
};

/** `data:` of each event of a recorded event stream, parsed. */
const events = (body) => body.toString('utf8').split(/\r?\n/)
  .filter((line) => line.startsWith('data:') && !line.includes('[DONE]'))
  .map((line) => JSON.parse(line.slice(5)));

const lines = (body) => body.toString('utf8').split('\n').filter((line) => line.trim()).map((line) => JSON.parse(line));

/** Payloads of AWS's binary event stream, by the length fields of its messages: total, headers, CRC; headers, payload, CRC. */
function binaryEvents(body) {
  const found = [];
  for (let at = 0; at < body.length;) {
    const total = body.readUInt32BE(at);
    const headers = body.readUInt32BE(at + 4);
    const name = /:event-type\x07..([a-zA-Z]+)/s.exec(body.toString('latin1', at + 12, at + 12 + headers))[1].replace(/\W.*/s, '');
    found.push({ name, event: JSON.parse(body.toString('utf8', at + 12 + headers, at + total - 4)) });
    at += total;
  }
  return found;
}

/** Pieces of calls that come by index, put together. */
class Calls {
  #calls = new Map();
  add(index, name, json) {
    const call = this.#calls.get(index) ?? { name: '', json: '' };
    this.#calls.set(index, { name: call.name || (name ?? ''), json: call.json + (json ?? '') });
  }

  parts() {
    return [...this.#calls.values()].map(({ name, json }) => ({ call: { name, arguments: JSON.parse(json || '{}') } }));
  }
}

/** Content of OpenAI's format, a text or (Mistral) a list in which thoughts are. */
const chatContent = (content) => (typeof content === 'string' ? [{ text: content }] : content ?? []).map((part) =>
  part.type === 'thinking' ? { reasoning: part.thinking.map(({ text }) => text).join('') } : { text: part.text });

const chat = {
  whole: ({ choices: [{ message }], usage }) => {
    const calls = new Calls();
    (message.tool_calls ?? []).forEach((call, index) => calls.add(index, call.function.name, call.function.arguments));
    return answer([...chatContent(message.content), ...calls.parts()], usageOf.openai(usage));
  },
  stream: (body) => {
    const chunks = events(body);
    const calls = new Calls();
    const deltas = chunks.flatMap(({ choices }) => choices.slice(0, 1)).map(({ delta }) => delta);
    for (const call of deltas.flatMap(({ tool_calls: pieces }) => pieces ?? [])) {
      calls.add(call.index ?? 0, call.function.name, call.function.arguments);
    }
    const usage = chunks.findLast((chunk) => chunk.usage)?.usage;
    return answer([...deltas.flatMap(({ content }) => chatContent(content)), ...calls.parts()], usage && usageOf.openai(usage));
  },
};

const responses = {
  whole: ({ output, usage }) => answer(output.flatMap((item) => ({
    message: () => item.content.map(({ text }) => ({ text })),
    reasoning: () => (item.summary ?? []).map(({ text }) => ({ reasoning: text })),
    function_call: () => [{ call: { name: item.name, arguments: JSON.parse(item.arguments) } }],
  })[item.type]()), usageOf.responses(usage)),
  stream: (body) => responses.whole(events(body).find(({ type }) => type === 'response.completed').response),
};

const anthropic = {
  whole: ({ content, usage }) => answer(content.map((block) => ({
    text: () => ({ text: block.text }),
    thinking: () => ({ reasoning: block.thinking }),
    tool_use: () => ({ call: { name: block.name, arguments: block.input } }),
  })[block.type]()), usageOf.anthropic(usage)),
  stream: (body) => {
    const found = events(body);
    const calls = new Calls();
    const parts = [];
    for (const { type, index, content_block: block, delta } of found) {
      if (type === 'content_block_start' && block.type === 'tool_use') calls.add(index, block.name);
      if (type === 'content_block_delta' && delta.type === 'input_json_delta') calls.add(index, undefined, delta.partial_json);
      if (type === 'content_block_delta') parts.push({ text: delta.text, reasoning: delta.thinking });
    }
    const start = found.find(({ type }) => type === 'message_start').message.usage;
    const end = found.findLast(({ type }) => type === 'message_delta').usage;
    return answer([...parts, ...calls.parts()], usageOf.anthropic({ ...start, ...end }));
  },
};

const gemini = {
  stream: (body) => gemini.all(events(body)),
  whole: (response) => gemini.all([response]),
  all: (chunks) => answer(
    chunks.flatMap(({ candidates }) => candidates?.[0].content?.parts ?? []).map((part) =>
      part.functionCall ? { call: { name: part.functionCall.name, arguments: part.functionCall.args ?? {} } }
      : part.thought ? { reasoning: part.text } : { text: part.text }),
    usageOf.gemini(chunks.at(-1).usageMetadata),
  ),
};

const bedrock = {
  whole: ({ output, usage }) => answer(output.message.content.map(({ text, reasoningContent, toolUse }) => ({
    text,
    reasoning: reasoningContent?.reasoningText?.text,
    call: toolUse && { name: toolUse.name, arguments: toolUse.input },
  })), usageOf.bedrock(usage)),
  stream: (body) => {
    const found = binaryEvents(body);
    const calls = new Calls();
    const parts = [];
    for (const { name, event: { contentBlockIndex: index, start, delta } } of found) {
      if (name === 'contentBlockStart' && start.toolUse) calls.add(index, start.toolUse.name);
      if (name === 'contentBlockDelta' && delta.toolUse) calls.add(index, undefined, delta.toolUse.input);
      if (name === 'contentBlockDelta') parts.push({ text: delta.text, reasoning: delta.reasoningContent?.text });
    }
    const { usage } = found.find(({ name }) => name === 'metadata').event;
    return answer([...parts, ...calls.parts()], usageOf.bedrock(usage));
  },
};

const cohere = {
  whole: ({ message, usage }) => {
    const calls = new Calls();
    (message.tool_calls ?? []).forEach((call, index) => calls.add(index, call.function.name, call.function.arguments));
    return answer([
      { text: message.tool_plan },
      ...(message.content ?? []).map(({ text, thinking }) => ({ text, reasoning: thinking })),
      ...calls.parts(),
    ], usageOf.cohere(usage));
  },
  stream: (body) => {
    const found = events(body);
    const calls = new Calls();
    const parts = [];
    for (const { index, delta } of found) {
      const { content, tool_plan: plan, tool_calls: call } = delta?.message ?? {};
      if (call?.function) calls.add(index, call.function.name, call.function.arguments);
      parts.push({ text: content?.text ?? plan, reasoning: content?.thinking });
    }
    return answer([...parts, ...calls.parts()], usageOf.cohere(found.find(({ type }) => type === 'message-end').delta.usage));
  },
};

const ollama = {
  whole: (response) => ollama.all([response]),
  stream: (body) => ollama.all(lines(body)),
  all: (pieces) => answer(pieces.flatMap(({ message }) => [
    { text: message.content, reasoning: message.thinking },
    ...(message.tool_calls ?? []).map((call) => ({ call: { name: call.function.name, arguments: call.function.arguments } })),
  ]), usageOf.ollama(pieces.at(-1))),
};

const readers = { chat, responses, anthropic, gemini, bedrock, cohere, ollama, mistral: chat };

/** What the recording of a provider says. */
export function read(provider, { body }, { stream }) {
  return stream ? readers[provider].stream(body) : readers[provider].whole(JSON.parse(body));
}

/** The message of a recorded refusal. */
export function readErrorMessage({ body }) {
  const { error, message } = JSON.parse(body);
  return message ?? (typeof error === 'string' ? error : error.message);
}

/** The vectors of a recorded answer to embeddings. */
export function readVectors(provider, { body }) {
  const json = JSON.parse(body);
  return {
    // As numbers, or in base64, the default of OpenAI's SDKs: floats in little-endian order.
    chat: () => json.data.map(({ embedding }) => {
      if (typeof embedding !== 'string') return embedding;
      const bytes = Buffer.from(embedding, 'base64');
      return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(4 * at));
    }),
    mistral: () => json.data.map(({ embedding }) => embedding),
    gemini: () => json.embeddings.map(({ values }) => values),
    bedrock: () => [json.embedding],
    cohere: () => json.embeddings.float,
    ollama: () => json.embeddings,
  }[provider]();
}
