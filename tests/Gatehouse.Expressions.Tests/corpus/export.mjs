// Writes the test cases of @bufbuild/cel-spec as one JSON file: an array of cases, each with its section ("macros/exists") and what the
// package has of it. The first argument is the file.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const target = process.argv[2];
const files = ['conformance', 'parsing', 'checking', 'comprehension'];
const cases = [];

function collect(file, suite, path) {
  for (const test of suite.tests ?? []) {
    cases.push({ file, section: path.join('/'), ...test });
  }

  for (const inner of suite.suites ?? []) {
    collect(file, inner, [...path, inner.name]);
  }
}

for (const file of files) {
  // The data stands beside what the package exports, before it is turned into protobuf messages.
  const url = new URL(`${file}.js`, import.meta.resolve('@bufbuild/cel-spec/testdata/conformance.js'));
  const { tests } = await import(url);
  collect(file, tests, []);
}

mkdirSync(dirname(target), { recursive: true });
writeFileSync(target, JSON.stringify(cases));
console.log(`${cases.length} cases`);
