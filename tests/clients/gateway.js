// The gateway as a process: its configuration, its start, its end.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const executable = path.resolve(process.env.GATEHOUSE ?? path.join(import.meta.dirname, '../../gatehouse'));

/** The first start on a machine builds the gateway. */
const startDeadlineMilliseconds = 300_000;
/** More than the 30 s that the gateway gives to exchanges in flight. */
const stopDeadlineMilliseconds = 40_000;

export const keys = {
  dev: 'gh_test_dev_7f3a9c51d2e84b06a1c7e5f90b34d826',
  limited: 'gh_test_limited_5be07d14c3f94a8292d6e8a7130cfb45',
};
export const adminToken = 'test_admin_c48e1f7a6b2d4903857fd0e1a9b36c72';
export const upstreamKey = 'upstream-secret';

const mockModels = [
  'gpt-mock', 'gpt-mock-mini', 'embedding-mock', 'cut', 'silent', 'slow', 'step',
  'status-400', 'status-401', 'status-404', 'status-429', 'status-500', 'status-503',
];

/** The configuration of most tests: one provider of OpenAI's format. */
export function configuration(mockBaseUrl) {
  return `
admin: { token: "${adminToken}" }
providers:
  mock:
    kind: openai-compatible
    base_url: "${mockBaseUrl}"
    api_key: "${upstreamKey}"
    models: [${mockModels.join(', ')}]
  sandbox: { kind: sandbox }
routes:
  chat: { strategy: fallback, targets: [mock/gpt-mock] }
  resilient: { strategy: fallback, targets: [mock/status-503, mock/gpt-mock] }
keys:
  - { name: dev, secret: "${keys.dev}", models: ["*"] }
  - { name: limited, secret: "${keys.limited}", models: ["chat", "mock/gpt-*"] }
`;
}

/** Starts a gateway on free ports with a data folder of its own and resolves when it is ready. */
export async function startGateway({ configuration: text }) {
  if (!existsSync(executable)) throw new Error(`There is no gateway at ${executable}; set GATEHOUSE to its path.`);
  const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-clients-'));
  const file = path.join(folder, 'gatehouse.yaml');
  await writeFile(file, text);

  const child = spawn(
    executable,
    ['serve', '--config', file, '--data', path.join(folder, 'data'), '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'],
    { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);

  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
  child.once('error', (error) => (output += error.message));
  const ready = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      output += `${line}\n`;
      const addresses = /^ready: (http:\S+) \(admin (http:\S+)\)$/.exec(line);
      if (addresses) resolve({ dataUrl: addresses[1], adminUrl: addresses[2] });
    });
  });

  const gone = Promise.race([once(child, 'error'), exited]);
  const addresses = await withDeadline(Promise.race([ready, gone.then(() => null)]), startDeadlineMilliseconds);
  if (!addresses) {
    child.kill('SIGKILL');
    throw new Error(`The gateway did not become ready. It wrote:\n${output}`);
  }

  return {
    ...addresses,
    output: () => output,
    /** Ends it with SIGTERM and resolves to its exit code. */
    async stop() {
      child.kill('SIGTERM');
      const end = await withDeadline(exited, stopDeadlineMilliseconds);
      process.off('exit', killWithUs);
      if (!end) {
        child.kill('SIGKILL');
        throw new Error(`The gateway did not stop within ${stopDeadlineMilliseconds} ms of SIGTERM. It wrote:\n${output}`);
      }
      await rm(folder, { recursive: true, force: true });
      return end.code ?? end.signal;
    },
  };
}

/** The promise's value, or undefined when the deadline passes first. */
async function withDeadline(promise, milliseconds) {
  const stopped = new AbortController();
  try {
    return await Promise.race([promise, delay(milliseconds, undefined, { signal: stopped.signal })]);
  } finally {
    stopped.abort();
  }
}
