// `npm run check`: everything that is found without running the program, in the order of how quickly it is mended.
// Every step runs, also after one failed; a summary ends it. `--fix` mends what the tools can mend themselves.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const fix = process.argv.includes('--fix');

const steps = [
  { name: 'format', tool: 'prettier', args: [fix ? '--write' : '--check', '--log-level', 'warn', '.'] },
  { name: 'lint', tool: 'eslint', args: ['--max-warnings', '0', ...(fix ? ['--fix'] : []), '.'] },
  { name: 'types', tool: 'typescript', command: 'tsc', args: ['-p', 'tsconfig.json', '--noEmit'] },
  { name: 'dead code', tool: 'knip', args: [] },
];

/** The script of a tool, as its package names it. */
function scriptOf(tool, command = tool) {
  const manifest = packageFile(tool);
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8'));
  return join(dirname(manifest), typeof bin === 'string' ? bin : bin[command]);
}

/** A package need not export its package.json, so it is looked for where packages lie. */
function packageFile(tool) {
  for (const directory of createRequire(import.meta.url).resolve.paths(tool)) {
    const path = join(directory, tool, 'package.json');
    try {
      readFileSync(path);
      return path;
    } catch {
      // Further up.
    }
  }
  throw new Error(`${tool} is not installed: run npm ci`);
}

const results = steps.map(({ name, tool, command, args }) => {
  process.stdout.write(`── ${name}\n`);
  const startedMs = performance.now();
  const { status } = spawnSync(process.execPath, [scriptOf(tool, command), ...args], { cwd: root, stdio: 'inherit' });
  return { name, good: status === 0, seconds: (performance.now() - startedMs) / 1000 };
});

process.stdout.write('\n');
for (const { name, good, seconds } of results)
  process.stdout.write(`${good ? 'ok    ' : 'FAILED'}  ${name.padEnd(10)} ${seconds.toFixed(1)} s\n`);
process.exitCode = results.every(({ good }) => good) ? 0 : 1;
