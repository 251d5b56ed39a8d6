// Runs the suite that `python.sh` obtained. It takes a server for the emulator only at https://localhost:8081/, so
// that is where a relay passes bytes to ours, untouched, TLS included; like that emulator, it tells clients to use
// 127.0.0.1. A test that sent no request while it ran is not counted.
//
//   --partitions N   physical partitions of each container
//   --marks EXPR     pytest marks instead of cosmosEmulator; `all` adds Query, Long, SearchQuery and Split; `split` and
//                    `regions` are the tests of splits and of several regions
//   --async          the asynchronous twins instead of the synchronous tests
//   --only EXPR      pytest's -k
//   --file PATH      only that file of tests/; may be repeated
//   --wrong NAME     answers spoilt that way (or `all`): each must turn a test red that was green
//   --latency MS     how far away the server seems: 10 if not said, 0 for no relay
//   --verbose        print pytest's output
//
// Exit code: 0 when every failure is listed in known-failures/cosmos-python*.txt, every listed test that ran fails, and
// the server had no fault of its own.

import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { judge, readKnownFailures } from '../known-failures.mjs';
import { isFree, startMeridian } from '../meridian.mjs';
import { printCauses, runFiles, tally } from '../python/pytest.mjs';
import { commonPartOf, runAgainst, runWrong, suiteOptions } from '../python/suite.mjs';
import { wrongAnswers } from './wrong-answers.mjs';

const port = 8081;

/** Short names of what `--marks` takes. The vendor's other marks repeat these tests with other credentials. */
const markGroups = {
  all: 'cosmosEmulator or cosmosQuery or cosmosLong or cosmosSearchQuery or cosmosSplit',
  split: 'cosmosSplit',
  regions:
    'cosmosMultiRegion or cosmosCircuitBreaker or cosmosCircuitBreakerMultiRegion or cosmosPerPartitionAutomaticFailover',
};

const here = dirname(fileURLToPath(import.meta.url));
const {
  values: options,
  positionals: [scratch],
} = parseArgs({
  allowPositionals: true,
  options: {
    ...suiteOptions,
    partitions: { type: 'string', default: '1' },
    marks: { type: 'string', default: 'cosmosEmulator' },
    async: { type: 'boolean', default: false },
  },
});

if (!(await isFree(port))) {
  process.stderr.write(`port ${port} is in use, and the suite has it fixed: stop what holds it and try again\n`);
  process.exit(2);
}

/** Files of the half that is wanted: asynchronous tests have files of their own. */
async function testFiles() {
  if (options.file.length > 0) return options.file.map((name) => join('tests', name));
  const names = (await readdir(join(scratch, 'suite', 'tests'), { recursive: true })).filter((name) =>
    /(^|\/)test_(?!config\.py)[^/]*\.py$/.test(name),
  );
  return names
    .filter((name) => name.includes('_async') === options.async)
    .sort()
    .map((name) => join('tests', name));
}

async function runSuite(label) {
  const files = [];
  for (const file of await testFiles()) if (await mentions(file)) files.push(file);
  const args = ['-m', marks].concat(options.only === undefined ? [] : ['-k', options.only]);
  return runFiles({ scratch, label, files, args, path: here, environment: {}, port, verbose: options.verbose });
}

/** False when a file can hold no test with any of the marks, so that it need not be loaded. */
async function mentions(file) {
  const text = await readFile(join(scratch, 'suite', file), 'utf8');
  const words = marks.match(/\bcosmos\w+/g) ?? [''];
  return words.some((word) => new RegExp(`${word}\\b`).test(text)) || /^(from|import) test_(?!config)/m.test(text);
}

async function startServer(ownPort) {
  const server = await startMeridian(
    ['--sql-port', String(ownPort), '--advertise', `https://127.0.0.1:${port}/`].concat([
      '--partitions',
      options.partitions,
    ]),
  );
  const { hostname: host, port: behind } = new URL(server.ready.sql);
  return { ...server, host, port: Number(behind) };
}

function run(label, wrong) {
  const runTests = () => runSuite(label);
  return runAgainst({ port, latencyMs: Number(options.latency), wrong, startServer, runTests });
}

function causeOf({ reason }) {
  return commonPartOf(reason.replace(/ActivityId.*$/, '').replace(/"location":\{[^}]*\},?/g, ''));
}

function report(results) {
  const { counted, passed, failed, silent, silentPassed, skipped } = tally(results);
  const title = `azure-cosmos${options.async ? '-async' : ''} (Python)`;
  process.stdout.write(
    `${title}: ${passed.length} / ${counted.length} passed; ` +
      `${silentPassed.length} / ${silent.length} more sent no request; ${skipped} skipped\n`,
  );
  for (const mark of marks.match(/\bcosmos\w+/g) ?? []) {
    const have = (tests) => tests.filter((one) => one.marks.includes(mark)).length;
    process.stdout.write(`  ${mark}: ${have(passed)} / ${have(counted)} passed\n`);
  }
  printCauses(failed, causeOf);
  return { passed: passed.map(({ name }) => name), failed: failed.map(({ name }) => name) };
}

const marks = markGroups[options.marks] ?? options.marks;
const label = [options.async ? 'async' : 'sync', options.partitions, options.marks.replace(/\W+/g, '-')].join('-');
const { results } = await run(label);
if (results.length === 0) process.exitCode = 1;
if (options.wrong === undefined) {
  const { passed, failed } = report(results);
  const known = await readKnownFailures(options.async ? 'cosmos-python-async' : 'cosmos-python', options);
  if (judge({ known, passed, failed }) !== 0) process.exitCode = 1;
} else {
  const runSpoilt = (wrong) => run(`${label}-wrong`, wrong);
  await runWrong({ chosen: options.wrong, wrongAnswers, results, runSpoilt });
}
