// The samples that Python's client is published with, unchanged, each in a process of its own: they need no more than
// the environment that their heads ask for. Those that also need a blob service are left out, and said to be.

import { readdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from '../children.mjs';
import { accountName } from './identity.mjs';

const sampleMsMax = 3 * 60_000;

const here = fileURLToPath(new URL('.', import.meta.url));

/** Prints what failed, and resolves with the counts. */
export async function runSamples({ scratch, environment, only }) {
  const folder = join(scratch, 'suite', 'samples');
  const names = (await readdir(folder, { recursive: true })).filter((name) => /sample_\w+\.py$/.test(name)).sort();
  const counts = { passed: 0, failed: 0, leftOut: 0 };
  for (const name of names) {
    if (only !== undefined && !name.includes(only)) continue;
    if ((await readFile(join(folder, name), 'utf8')).includes('azure.storage.blob')) {
      counts.leftOut++;
      process.stdout.write(`  left out  ${name}: needs a blob service\n`);
      continue;
    }
    const fault = await faultOf(join(folder, name), scratch, environment);
    if (fault === undefined) counts.passed++;
    else {
      counts.failed++;
      process.stdout.write(`  RED       ${name}: ${fault}\n`);
    }
  }
  return counts;
}

/** A sample that catches an error of the service prints it. */
async function faultOf(file, scratch, environment) {
  const child = start(join(scratch, 'venv', 'bin', 'python'), [file], {
    cwd: scratch,
    env: {
      ...process.env,
      ...environment,
      PYTHONPATH: [join(here, 'vendor_samples'), here].join(delimiter),
      PYTHONDONTWRITEBYTECODE: '1',
      TABLES_STORAGE_ENDPOINT_SUFFIX: 'core.windows.net',
      TABLES_STORAGE_ACCOUNT_NAME: accountName,
      TABLES_PRIMARY_STORAGE_ACCOUNT_KEY: environment.CONFORMANCE_KEY,
      NO_PROXY: '*',
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), sampleMsMax);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  return code === 0 && !/Traceback|ErrorCode/.test(output) ? undefined : `exit code ${code}\n${output}`;
}
