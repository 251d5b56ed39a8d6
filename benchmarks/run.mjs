// `npm run bench [name …]`: every benchmark, or those named. Each prints a table; `README.md` keeps the last ones.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './harness.mjs';

const shared = new Set([
  ...['cosmos-requests.mjs', 'documents.mjs', 'embedded.mjs', 'engine-queries.mjs', 'harness.mjs', 'measure.mjs'],
  ...['mongo-cells.mjs', 'raw-http.mjs', 'run.mjs', 'table-requests.mjs', 'wire-client.mjs'],
]);
const all = readdirSync(join(root, 'benchmarks')).filter((file) => file.endsWith('.mjs') && !shared.has(file));
const wanted = process.argv.slice(2);
const chosen = wanted.length === 0 ? all : wanted.map((name) => `${name}.mjs`);
let failed = false;
for (const file of chosen) {
  if (!all.includes(file)) {
    console.error(`no benchmark ${file}; there are: ${all.map((name) => name.slice(0, -4)).join(', ')}`);
    process.exit(2);
  }
  console.log(`\n## ${file.slice(0, -4)}\n`);
  failed = spawnSync(process.execPath, [join(root, 'benchmarks', file)], { stdio: 'inherit' }).status !== 0 || failed;
}
process.exit(failed ? 1 : 0);
