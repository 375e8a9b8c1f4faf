// A provider that plays recorded answers. Each provider format has a path of its own: /chat, /anthropic, ...; the model's name chooses
// the recording, and a request that brings results of tools is answered with the text.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

const model = /(?:codex-)?(text|tools|error|embeddingsFloat|embeddings|amazon\.titan-embed)/;

/** Tool results that a request brings, as { id, name, content }, by the provider's format. */
export const toolResults = {
  chat: ({ messages }) => messages.filter(({ role }) => role === 'tool').map((message) => ({ id: message.tool_call_id, content: textOf(message.content) })),
  responses: ({ input }) => (Array.isArray(input) ? input : []).filter(({ type }) => type === 'function_call_output').map((item) => ({ id: item.call_id, content: textOf(item.output) })),
  anthropic: ({ messages }) => messages.flatMap(({ content }) => Array.isArray(content) ? content : [])
    .filter(({ type }) => type === 'tool_result').map((block) => ({ id: block.tool_use_id, content: textOf(block.content) })),
  gemini: ({ contents }) => contents.flatMap(({ parts }) => parts).filter((part) => part.functionResponse)
    .map(({ functionResponse }) => ({ id: functionResponse.id, name: functionResponse.name, content: JSON.stringify(functionResponse.response) })),
  bedrock: ({ messages }) => messages.flatMap(({ content }) => content).filter((block) => block.toolResult)
    .map(({ toolResult }) => ({ id: toolResult.toolUseId, content: toolResult.content.map((part) => part.text ?? JSON.stringify(part.json)).join('') })),
  cohere: ({ messages }) => toolResults.chat({ messages }),
  mistral: ({ messages }) => toolResults.chat({ messages }),
  ollama: ({ messages }) => messages.filter(({ role }) => role === 'tool').map((message) => ({ name: message.tool_name, content: message.content })),
};

const textOf = (content) => typeof content === 'string' ? content
  : (content ?? []).map((part) => part.text ?? part.document?.data ?? '').join('');

export async function startRecordedProvider(recordings) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://mock');
    const provider = url.pathname.split('/')[1];
    const body = JSON.parse((await text(request)) || '{}');
    const isStream = body.stream === true || /streamGenerateContent|converse-stream/.test(url.pathname);
    // Gemini and Bedrock name the model in the path.
    const [, wanted] = model.exec(/\/(?:models|model)\//.test(url.pathname) ? url.pathname : body.model) ?? [];
    const results = wanted === 'tools' ? toolResults[provider](body) : [];
    requests.push({ provider, path: url.pathname, headers: request.headers, body, results });

    const kind = wanted === 'amazon.titan-embed' ? 'embeddings' : wanted === 'tools' && results.length ? 'text' : wanted;
    const recording = recordings[provider]?.[kind === 'text' || kind === 'tools' ? kind + (isStream ? 'Stream' : '') : kind];
    if (!recording) return response.writeHead(500).end(`no recording for ${request.url} ${body.model}`);
    response.writeHead(recording.status, recording.headers);
    // In two pieces, cut where it happens to be cut.
    const half = recording.body.length >> 1;
    response.write(recording.body.subarray(0, half));
    setImmediate(() => response.end(recording.body.subarray(half)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
