// All test files in one process, so that they share one gateway. Each also runs alone: node --test chat.test.js

import { readdirSync } from 'node:fs';

for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.js')).sort()) {
  await import(`./${file}`);
}
