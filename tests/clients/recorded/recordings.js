// Which recorded answers the mock provider plays, and how they are read from ../shared/data/wire.tar.gz.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const archive = path.resolve(import.meta.dirname, '../../../../shared/data/wire.tar.gz');

/** The archive is not part of the repository: without it the tests are skipped, but in CI it must be there. */
export const areRecordingsPresent = existsSync(archive) || process.env.CI === 'true';

/**
 * The recordings of each provider's format. `text` and `tools` are answers, `error` is a refusal, `embeddings` one vector or some.
 * Those of `Stream` are for the same request with streaming.
 */
const choices = {
  chat: {
    text: 'openai/chat-completions-openai-client-async-comparison-0',
    textStream: 'openai/chat-completions-stream-prompt-caching-chat-completions-streaming-probe-0',
    tools: 'openai/chat-completions-completion-tool-call-0',
    toolsStream: 'openai/chat-completions-stream-openai-gpt-4o-mini-multi-tool-streaming-0',
    error: 'openai/chat-completions-unknown-model-0',
    embeddings: 'openai/embeddings-embeddings-dimensions-0',
    embeddingsFloat: 'openai/embeddings-testclient-createembeddingwithdimensions-0',
  },
  responses: {
    text: 'openai/responses-with-params-openai-gpt-5-nano-supports-response-format-param-0',
    textStream: 'openai/responses-stream-responses-basic-streaming-0',
    tools: 'openai/responses-responses-tool-use-0',
    toolsStream: 'openai/responses-stream-response-function-call-streamed-0',
    error: 'openai/responses-response-create-error-0',
  },
  anthropic: {
    text: 'anthropic/messages-testtokencounts-test-anthropic-0-v2',
    textStream: 'anthropic/messages-stream-async-anthropic-thinking-streaming-legacy-0',
    tools: 'anthropic/messages-anthropic-tool-execution-with-available-functions-0',
    toolsStream: 'anthropic/messages-stream-claude-sonnet-4-multi-tool-streaming-0',
    error: 'anthropic/messages-anthropic-client-error-0',
  },
  gemini: {
    text: 'gemini/generateContent-generate-content-0',
    textStream: 'gemini/streamGenerateContent-gemini-3-pro-preview-thinking-streaming-1',
    tools: 'gemini/generateContent-gemini-3-pro-preview-multi-tool-0',
    toolsStream: 'gemini/streamGenerateContent-toolcallstreaming-test-gemini-streaming-multiple-tool-calls-unique-ids-0',
    error: 'gemini/generateContent-error-handling-0',
    embeddings: 'gemini/batchEmbedContents-embeddings-testgoogle-test-instrumentation-0',
  },
  bedrock: {
    text: 'bedrock/converse-aws-bedrock-thinking-0',
    textStream: 'bedrock/converse-stream-bedrock-test-bedrock-model-iter-stream-1',
    tools: 'bedrock/converse-olcalling-test-bedrock-parallel-native-tool-calling-test-agent-kickoff-0',
    toolsStream: 'bedrock/converse-stream-bedrock-test-bedrock-model-iter-stream-0',
    error: 'bedrock/converse-bedrock-converse-error-0',
    embeddings: 'bedrock/invoke-embeddings-embeddings-batch-smoke-2',
  },
  cohere: {
    text: 'cohere/v2-chat-ning-08-2025-preserves-thinking-signatures-between-turns-when-provided-0',
    textStream: 'cohere/v2-chat-stream-astream-with-events-with-content-0',
    tools: 'cohere/v2-chat-tools-strict-required-tool-choice-is-accepted-0',
    toolsStream: 'cohere/v2-chat-stream-cohere-v2-chat-legacy-with-tool-calls-and-streaming-async-0',
    error: 'cohere/v2-chat-errors-completion-error-preserves-status-and-body-0',
    embeddings: 'cohere/v2-embed-lity-cohere-embed-v4-0-can-handle-a-single-text-with-custom-dimensions-0',
  },
  ollama: {
    text: 'ollama/api-chat-async-chat-0',
    textStream: 'ollama/api-chat-stream-testwithpullmodel-1',
    tools: 'ollama/api-chat-chat-with-tool-call-0',
    toolsStream: 'ollama/api-chat-stream-agentic-streaming-structured-output-with-tools-1',
    error: 'ollama/api-chat-chat-error-records-model-name-0',
    embeddings: 'ollama/api-embed-testcreateembedding-0',
  },
  mistral: {
    text: 'mistral/chat-completions-mistral-reasoning-0',
    textStream: 'mistral/chat-completions-stream-mistral-hybrid-reasoning-streams-thinking-separately-from-content-0',
    tools: 'mistral/chat-completions-lls-control-mistral-mistral-small-latest-respects-specific-tool-choice-0',
    toolsStream: 'mistral/chat-completions-stream-ng-chat-completions-with-tool-call-response-emits-expected-spans-false-0',
    error: 'mistral/chat-completions-response-identity-edge-blocking-error-carries-the-correlation-id-0',
    embeddings: 'mistral/embeddings-mistral-v1-embeddings-post-9b4b22cf-0',
  },
};

export const providers = Object.keys(choices);

/** All of them: by provider and kind, each { id, status, headers, body }. */
export function readRecordings() {
  const ids = new Set(Object.values(choices).flatMap((kinds) => Object.values(kinds)));
  const entries = new Map();
  for (const entry of JSON.parse(extract(['wire/index.json'])[0]).entries) {
    if (ids.has(entry.id)) entries.set(entry.id, entry);
  }
  const missing = [...ids].filter((id) => !entries.has(id));
  if (missing.length) throw new Error(`The archive has no ${missing.join(', ')}.`);
  const bodies = extract([...entries.values()].map(({ response }) => `wire/${response}`));
  const recordings = new Map([...entries.values()].map((entry, at) => [entry.id, {
    id: entry.id,
    status: entry.status,
    headers: answerHeaders(entry),
    body: bodies[at],
  }]));
  return Object.fromEntries(Object.entries(choices).map(([provider, kinds]) =>
    [provider, Object.fromEntries(Object.entries(kinds).map(([kind, id]) => [kind, recordings.get(id)]))]));
}

/** Those that say something about the body or the error; the others are of the connection that is gone. */
function answerHeaders({ response_headers: headers, response_kind: kind }) {
  const contentType = headers['content-type']
    ?? { json: 'application/json', sse: 'text/event-stream', ndjson: 'application/x-ndjson', eventstream: 'application/vnd.amazon.eventstream' }[kind];
  const errorType = headers['x-amzn-errortype'];
  return { 'content-type': contentType, ...(errorType && { 'x-amzn-errortype': errorType }) };
}

/** Files of the archive, in the order of their names here. */
function extract(names) {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-recordings-'));
  try {
    execFileSync('tar', ['-xzf', archive, '-C', folder, ...names]);
    return names.map((name) => readFileSync(path.join(folder, name)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
