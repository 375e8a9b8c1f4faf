// An OpenAI-format provider for tests. What it does is chosen by the model's name:
//
//   status-NNN   answers with that status and an OpenAI error body (429 with retry-after)
//   cut          destroys the socket: a stream after 3 frames, a JSON answer in the middle
//   silent       reads the request and never answers
//   slow         a stream of 1000 frames, one every 20 ms
//   step         a stream whose next frame is sent when the test calls request.step()
//   any other    answers at once
//
// Every request is kept in `requests`, so that tests can assert what reached the provider.

import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocketServer } from 'ws';

export const usage = {
  prompt_tokens: 11,
  completion_tokens: 7,
  total_tokens: 18,
  prompt_tokens_details: { cached_tokens: 3 },
  completion_tokens_details: { reasoning_tokens: 2 },
};

/** Numbers that a 32-bit float holds exactly, so that base64 and JSON carry the same values. */
export const embedding = [0.5, -0.25, 0.125, 3, -1024.0625];

export const retryAfterSeconds = 7;

const realtimeUsage = {
  total_tokens: 30,
  input_tokens: 20,
  output_tokens: 10,
  input_token_details: { cached_tokens: 8, text_tokens: 5, audio_tokens: 15 },
  output_token_details: { text_tokens: 4, audio_tokens: 6 },
};

const slowFrames = 1000;
const slowIntervalMilliseconds = 20;

export async function startMockUpstream() {
  const requests = [];
  const server = http.createServer(async (request, response) => {
    const seen = await readRequest(request, response);
    requests.push(seen);
    await answer(seen, response);
  });
  acceptRealtime(server, requests);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    baseUrl: `http://127.0.0.1:${server.address().port}/v1`,
    requests,
    clear: () => requests.splice(0),
    last: () => requests.at(-1),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Realtime sessions: every `response.create` is answered with one text delta and its `response.done`. */
function acceptRealtime(server, requests) {
  const sockets = new WebSocketServer({ server, path: '/v1/realtime', handleProtocols: (offered) => offered.has('realtime') && 'realtime' });
  sockets.on('connection', (socket, request) => {
    const url = new URL(request.url, 'http://mock');
    requests.push({ method: request.method, path: url.pathname, query: url.search, headers: request.headers });
    const say = (event) => socket.send(JSON.stringify(event));
    say({ type: 'session.created', event_id: 'event_0', session: { type: 'realtime', id: 'sess_mock', model: url.searchParams.get('model') } });
    socket.on('message', (message) => {
      const event = JSON.parse(message);
      if (event.type !== 'response.create') return;
      say({ type: 'response.output_text.delta', event_id: 'event_1', delta: `You said: ${event.response.instructions}` });
      say({ type: 'response.done', event_id: 'event_2', response: { id: 'resp_mock', status: 'completed', output: [], usage: realtimeUsage } });
    });
  });
}

/** One request as the provider saw it. `abortedAt` is set (performance.now) when the caller closed before the answer was whole. */
async function readRequest(request, response) {
  const url = new URL(request.url, 'http://mock');
  const seen = {
    method: request.method,
    path: url.pathname,
    query: url.search,
    headers: request.headers,
    text: '',
    body: undefined,
    abortedAt: undefined,
    cutByMock: false,
  };
  addStepGate(seen);
  response.on('close', () => {
    if (!response.writableFinished && !seen.cutByMock) {
      seen.abortedAt = performance.now();
      seen.step();
    }
  });

  const parts = [];
  try {
    for await (const part of request) parts.push(part);
  } catch {
    // The caller left while sending; `close` above has recorded it.
  }
  seen.text = Buffer.concat(parts).toString('utf8');
  seen.body = seen.text && request.headers['content-type']?.startsWith('application/json') ? JSON.parse(seen.text) : undefined;
  return seen;
}

/** Each `step()` lets one `stepped()` through, in whichever order they come. */
function addStepGate(seen) {
  let permits = 0;
  let wake = () => {};
  seen.step = () => {
    permits++;
    wake();
  };
  seen.stepped = async () => {
    while (permits === 0) await new Promise((resolve) => (wake = resolve));
    permits--;
  };
}

async function answer(seen, response) {
  response.setHeader('x-request-id', `req_mock_${performance.now()}`);
  response.setHeader('x-ratelimit-remaining-requests', '41');

  const model = modelName(seen.body);
  if (model === 'silent') return;
  const status = /^status-(\d{3})$/.exec(model)?.[1];
  if (status) return sendError(response, Number(status));

  const endpoint = endpoints[`${seen.method} ${seen.path}`] ?? otherEndpoint;
  if (seen.body?.stream) await sendStream(seen, response, model, endpoint.frames(seen.body));
  else await sendJson(seen, response, model, endpoint.json(seen));
}

/** Without the provider's name, so that the same tests also run against this mock directly. */
function modelName(body) {
  return String(body?.model ?? '').split('/').pop();
}

function sendError(response, status) {
  if (status === 429) response.setHeader('retry-after', String(retryAfterSeconds));
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({
    error: { message: `The mock answers ${status}.`, type: 'mock_error', param: 'messages', code: `mock_${status}` },
  }));
}

async function sendJson(seen, response, model, value) {
  const bytes = Buffer.from(JSON.stringify(value));
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
  if (model === 'cut') {
    await write(response, bytes.subarray(0, bytes.length / 2));
    return cut(seen, response);
  }
  response.end(bytes);
}

async function sendStream(seen, response, model, frames) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  let sent = 0;
  for (const frame of model === 'slow' ? slowly(frames) : frames) {
    if (model === 'step') await seen.stepped();
    if (model === 'slow') await delay(slowIntervalMilliseconds);
    if (model === 'cut' && sent === 3) return cut(seen, response);
    if (response.destroyed) return;
    await write(response, frame);
    sent++;
  }
  response.end();
}

function cut(seen, response) {
  seen.cutByMock = true;
  response.destroy();
}

function write(response, data) {
  return new Promise((resolve) => response.write(data, resolve));
}

/** The stream's frames with its second one, the first content, repeated. */
function* slowly(frames) {
  const [first, second, ...rest] = frames;
  yield first;
  for (let i = 0; i < slowFrames; i++) yield second;
  yield* rest;
}

let nextFile = 1;

const endpoints = {
  'POST /v1/chat/completions': { json: ({ body }) => chatCompletion(body), frames: chatFrames },
  'POST /v1/completions': { json: ({ body }) => completion(body), frames: completionFrames },
  'POST /v1/embeddings': { json: ({ body }) => embeddings(body) },
  'POST /v1/files': { json: () => ({ id: `file-mock-${nextFile++}`, object: 'file', bytes: 2, filename: 'a.jsonl', purpose: 'batch' }) },
  'POST /v1/responses': { json: ({ body }) => responseObject(body, 'completed'), frames: responseFrames },
};

/** Stands for every path that the gateway only relays. */
const otherEndpoint = {
  json: ({ method, path, query, body }) => ({ object: 'echo', method, path, query, body }),
  frames: () => [data('[DONE]')],
};

const data = (value) => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`;

// Chat completions

function chatCompletion(body) {
  const message = chatMessage(body);
  return {
    id: 'chatcmpl-mock',
    object: 'chat.completion',
    created: 1700000000,
    model: body.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: message.tool_calls ? 'tool_calls' : 'stop' }],
    usage,
  };
}

function chatMessage({ messages, tools, response_format: format }) {
  const message = { role: 'assistant', content: null, refusal: null };
  const results = messages.filter(({ role }) => role === 'tool').map(({ content }) => content);
  if (tools && results.length === 0) {
    return { ...message, tool_calls: ['Zürich', 'Oslo'].map((city, index) => toolCall(tools[0], city, index)) };
  }
  if (format?.type === 'json_schema') return { ...message, content: JSON.stringify({ city: 'Zürich', celsius: 21.5 }) };
  if (results.length > 0) return { ...message, content: `Results: ${results.join(' | ')}` };
  return { ...message, content: `You said: ${messages.at(-1).content}` };
}

function toolCall(tool, city, index) {
  return {
    id: `call_${index}`,
    type: 'function',
    function: { name: tool.function.name, arguments: JSON.stringify({ city }) },
  };
}

function* chatFrames(body) {
  const withUsage = body.stream_options?.include_usage === true;
  const chunk = (choices, reported = null) => data({
    id: 'chatcmpl-mock',
    object: 'chat.completion.chunk',
    created: 1700000000,
    model: body.model,
    choices,
    ...(withUsage && { usage: reported }),
  });
  const delta = (value, finish_reason = null) => chunk([{ index: 0, delta: value, logprobs: null, finish_reason }]);
  const { content, tool_calls: toolCalls } = chatMessage(body);

  yield delta({ role: 'assistant', content: toolCalls ? null : '' });
  for (const piece of pieces(content ?? '')) yield delta({ content: piece });
  for (const [index, call] of (toolCalls ?? []).entries()) {
    yield delta({ tool_calls: [{ index, ...call, function: { ...call.function, arguments: '' } }] });
    for (const piece of pieces(call.function.arguments)) {
      yield delta({ tool_calls: [{ index, function: { arguments: piece } }] });
    }
  }
  yield delta({}, toolCalls ? 'tool_calls' : 'stop');
  if (withUsage) yield chunk([], usage);
  yield data('[DONE]');
}

/** A few characters each, never half of one. */
function pieces(text) {
  return text.match(/.{1,6}/gsu) ?? [];
}

// Completions (legacy)

function completion(body) {
  return { ...completionFields(body), choices: [completionChoice(`${body.prompt}, again`, 'stop')], usage };
}

function* completionFrames(body) {
  for (const piece of pieces(`${body.prompt}, again`)) {
    yield data({ ...completionFields(body), choices: [completionChoice(piece, null)] });
  }
  yield data({ ...completionFields(body), choices: [completionChoice('', 'stop')] });
  if (body.stream_options?.include_usage) yield data({ ...completionFields(body), choices: [], usage });
  yield data('[DONE]');
}

function completionFields({ model }) {
  return { id: 'cmpl-mock', object: 'text_completion', created: 1700000000, model };
}

function completionChoice(text, finish_reason) {
  return { index: 0, text, logprobs: null, finish_reason };
}

// Embeddings

function embeddings({ model, input, encoding_format: format }) {
  const value = format === 'base64' ? Buffer.from(new Float32Array(embedding).buffer).toString('base64') : embedding;
  return {
    object: 'list',
    data: [input].flat().map((_, index) => ({ object: 'embedding', index, embedding: value })),
    model,
    usage: { prompt_tokens: 5, total_tokens: 5 },
  };
}

// Responses

function responseObject(body, status) {
  const completed = status === 'completed';
  return {
    id: 'resp_mock',
    object: 'response',
    created_at: 1700000000,
    status,
    model: body.model,
    error: null,
    incomplete_details: null,
    output: completed ? [outputMessage(responseText(body), status)] : [],
    parallel_tool_calls: true,
    tools: [],
    usage: completed
      ? {
          input_tokens: 11,
          input_tokens_details: { cached_tokens: 3 },
          output_tokens: 7,
          output_tokens_details: { reasoning_tokens: 2 },
          total_tokens: 18,
        }
      : null,
  };
}

function responseText({ input }) {
  return `You said: ${input}`;
}

function outputMessage(text, status) {
  return { id: 'msg_mock', type: 'message', role: 'assistant', status, content: text === null ? [] : [outputText(text)] };
}

function outputText(text) {
  return { type: 'output_text', text, annotations: [] };
}

function* responseFrames(body) {
  let sequence = 0;
  const event = (type, fields) => `event: ${type}\n${data({ type, sequence_number: sequence++, ...fields })}`;
  const item = { output_index: 0, item_id: 'msg_mock' };
  const text = responseText(body);

  yield event('response.created', { response: responseObject(body, 'in_progress') });
  yield event('response.output_item.added', { output_index: 0, item: outputMessage(null, 'in_progress') });
  yield event('response.content_part.added', { ...item, content_index: 0, part: outputText('') });
  for (const piece of pieces(text)) {
    yield event('response.output_text.delta', { ...item, content_index: 0, delta: piece, logprobs: [] });
  }
  yield event('response.output_text.done', { ...item, content_index: 0, text, logprobs: [] });
  yield event('response.content_part.done', { ...item, content_index: 0, part: outputText(text) });
  yield event('response.output_item.done', { output_index: 0, item: outputMessage(text, 'completed') });
  yield event('response.completed', { response: responseObject(body, 'completed') });
}
