// Counts of tokens by the vocabularies of OpenAI's models, against js-tiktoken: the same vocabularies, another program.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Tiktoken } from 'js-tiktoken/lite';
import cl100k from 'js-tiktoken/ranks/cl100k_base';
import o200k from 'js-tiktoken/ranks/o200k_base';
import { keys, startGateway } from './gateway.js';
import { throughGateway } from './harness.js';

// Of the one message, and of the beginning of the answer (docs/estimates.md).
const frame = 4 + 3;

const alphabets = [
  'abc ABC', 'aA1 .\n', ' \t\r\n\u00a0\u3000a', '\'sSdDlLrReEvV tTmM\'aé', 'éÉßǅʰªא中文가\u0301\u0300\u0903x X', '١٢3Ⅷ½²٪%۝09',
  '!?/.,;:-_()[]{}<>"\'`~@#$%^&*+=|\\/ \n', '😀🎉👍🏽❤️👨‍👩‍👧🏳️‍🌈 a', 'ＡａЖжΩω ', '/\n\r /!a',
].map((letters) => [...letters]);

/** Real text, hostile text, and chance; always the same. */
async function corpus() {
  const sources = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.js') || name === 'package.json').sort();
  const texts = await Promise.all(sources.map((name) => readFile(path.join(import.meta.dirname, name), 'utf8')));
  for (const letters of ['a', 'A', '1', ' ', '\n', 'é', '中', '😀', '/', '_', 'ab', '=-', '\t \n', 'aªA']) {
    for (const length of [10, 63, 64, 65, 66, 100, 500]) texts.push(letters.repeat(length));
  }

  let state = 20261121;
  const random = (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const some = (most, next) => Array.from({ length: 1 + random(most) }, next).join('');
  for (let i = 0; i < 600; i++) texts.push(some(60, () => alphabets[i % alphabets.length][random(alphabets[i % alphabets.length].length)]));
  for (let i = 0; i < 300; i++) {
    texts.push(some(40, () => {
      const letters = alphabets[random(alphabets.length)];
      return letters[random(letters.length)];
    }));
  }

  // Not U+0085, which is white space for tiktoken, and not for JavaScript.
  for (let i = 0; i < 300; i++) texts.push(some(30, () => String.fromCodePoint(random(0x2fff)).replace('\u0085', 'x')));
  return texts;
}

describe('tokens', { timeout: 300_000 }, () => {
  let folder, gateway;

  before(async () => {
    if (throughGateway.skip) return;
    folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-vocabularies-'));
    // One in each form that can be read.
    await writeFile(path.join(folder, 'o200k_base.json'), JSON.stringify(o200k));
    const [, first, ...tokens] = cl100k.bpe_ranks.split(' ');
    assert.ok(!cl100k.bpe_ranks.includes('\n'));
    await writeFile(path.join(folder, 'cl100k_base.tiktoken'), tokens.map((token, i) => `${token} ${Number(first) + i}\n`).join(''));
    gateway = await startGateway({
      configuration: `
metering: { vocabularies: "${folder}" }
providers:
  local: { kind: openai-compatible, base_url: "http://127.0.0.1:9/v1" }
keys:
  - { name: dev, secret: "${keys.dev}", models: ["*"] }
`,
    });
  });

  after(async () => {
    assert.equal((await gateway?.stop()) ?? 0, 0);
    if (folder) await rm(folder, { recursive: true });
  });

  async function count(model, content) {
    const response = await fetch(`${gateway.dataUrl}/v1/messages/count_tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': keys.dev },
      body: JSON.stringify({ model: `local/${model}`, messages: [{ role: 'user', content }] }),
    });
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()).input_tokens - frame;
  }

  for (const [model, ranks] of [['gpt-4o', o200k], ['gpt-4', cl100k]]) {
    test(`${model} counts as js-tiktoken does`, throughGateway, async () => {
      const oracle = new Tiktoken(ranks);
      const wrong = [];
      const texts = await corpus();
      for (const text of texts) {
        const [expected, actual] = [oracle.encode(text, [], []).length, await count(model, text)];
        if (actual !== expected) wrong.push(`${JSON.stringify(text.slice(0, 60))}: ${actual}, not ${expected}`);
      }

      assert.ok(texts.length > 1300);
      assert.deepEqual(wrong, []);
    });
  }

  test('a megabyte of one letter is counted in no time', throughGateway, async () => {
    assert.equal(await count('gpt-4o', 'a'.repeat(2 ** 20)), 2 ** 17);
  });
});
