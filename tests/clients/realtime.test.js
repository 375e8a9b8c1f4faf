import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { OpenAI as OpenAI7 } from 'openai';
import { OpenAIRealtimeWS as Session7 } from 'openai/realtime/ws';
import { OpenAIRealtimeWS as Session6 } from 'openai6/realtime/ws';
import { keys } from './gateway.js';
import { eventually, exchanges, gateway, mock, newClient, throughGateway, withEachSdk } from './harness.js';

withEachSdk('realtime', (sdk) => {
  const Session = sdk.OpenAI === OpenAI7 ? Session7 : Session6;

  test('a session', async () => {
    mock.clear();
    const session = open(Session, sdk.client);
    assert.equal((await eventOf(session, 'session.created')).session.id, 'sess_mock');

    const delta = eventOf(session, 'response.output_text.delta');
    const done = eventOf(session, 'response.done');
    session.send({ type: 'response.create', response: { instructions: 'Grüezi 👋' } });
    assert.equal((await delta).delta, 'You said: Grüezi 👋');
    assert.equal((await done).response.usage.total_tokens, 30);

    const closed = once(session.socket, 'close');
    session.close({ code: 1000, reason: 'done' });
    assert.equal((await closed)[0], 1000);
    assert.match(mock.requests.find(({ path }) => path === '/v1/realtime').query, /^\?model=(mock%2F|mock\/)?gpt-mock$/);
  });

  test('the ledger has the session and its usage', throughGateway, async () => {
    const { usage } = await eventually('a row', async () =>
      (await exchanges()).find(({ operation, outcome }) => operation === 'realtime' && outcome === 'completed'));

    assert.deepEqual([usage.input_tokens, usage.cache_read_tokens, usage.output_tokens], [12, 8, 10]);
  });

  test('a stranger is refused', throughGateway, async () => {
    const session = open(Session, newClient(sdk, { key: 'gh_wrong' }));
    const error = await new Promise((resolve) => session.on('error', resolve));

    assert.match(error.message, /401/);
  });
});

test("a browser's WebSocket, with its key as a subprotocol", throughGateway, async () => {
  const address = `${gateway.dataUrl.replace('http:', 'ws:')}/v1/realtime?model=mock/gpt-mock`;
  const socket = new WebSocket(address, ['realtime', `openai-insecure-api-key.${keys.dev}`]);
  const first = await new Promise((resolve, reject) => {
    socket.addEventListener('message', ({ data }) => resolve(JSON.parse(data)));
    socket.addEventListener('error', reject);
  });

  assert.equal(first.type, 'session.created');
  assert.equal(socket.protocol, 'realtime');
  const closed = new Promise((resolve) => socket.addEventListener('close', resolve));
  socket.close(1000);
  assert.equal((await closed).code, 1000);
});

/** The SDKs always ask for wss:; the gateway of the tests has no certificate, so the connection itself is a plain one. */
function open(Session, client) {
  const { hostname, port } = new URL(client.baseURL);
  return new Session({ model: 'mock/gpt-mock', options: { createConnection: () => net.connect(Number(port), hostname) } }, client);
}

function eventOf(session, type) {
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    session.on(type, resolve);
  });
}
