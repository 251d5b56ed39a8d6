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
import { printCauses, runFiles, tally } from '../pytest.mjs';
import { distantRelay, spoilingRelay } from '../relay.mjs';
import { wrongAnswers } from './wrong-answers.mjs';

const port = 8081;

/** Short names of what `--marks` takes. The vendor's other marks repeat these tests with other credentials. */
const markGroups = {
  all: 'cosmosEmulator or cosmosQuery or cosmosLong or cosmosSearchQuery or cosmosSplit',
  split: 'cosmosSplit',
  regions:
    'cosmosMultiRegion or cosmosCircuitBreaker or cosmosCircuitBreakerMultiRegion or cosmosPerPartitionAutomaticFailover',
};

/** Of what the server logged, in characters. */
const faultsShownMax = 20_000;

const here = dirname(fileURLToPath(import.meta.url));
const {
  values: options,
  positionals: [scratch],
} = parseArgs({
  allowPositionals: true,
  options: {
    partitions: { type: 'string', default: '1' },
    marks: { type: 'string', default: 'cosmosEmulator' },
    async: { type: 'boolean', default: false },
    only: { type: 'string' },
    file: { type: 'string', multiple: true, default: [] },
    wrong: { type: 'string' },
    latency: { type: 'string', default: '10' },
    verbose: { type: 'boolean', default: false },
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

async function run(label, wrong) {
  const closers = [];
  try {
    const latencyMs = Number(options.latency);
    const direct = wrong === undefined && latencyMs === 0;
    const server = await startMeridian(
      ['--sql-port', direct ? String(port) : '0', '--advertise', `https://127.0.0.1:${port}/`].concat([
        '--partitions',
        options.partitions,
      ]),
    );
    closers.push(server.stop);
    let relay;
    if (!direct) {
      const { hostname, port: behind } = new URL(server.ready.sql);
      const target = { host: hostname, port: Number(behind) };
      relay =
        wrong === undefined
          ? await distantRelay(port, target, latencyMs)
          : await spoilingRelay(port, target, server.tls, wrong);
      closers.push(relay.close);
    }
    const results = await runSuite(label);
    const faults = server.complaints().trim();
    if (faults !== '') {
      process.stdout.write(`the server said:\n${faults.slice(0, faultsShownMax)}\n`);
      if (/^(?!\{"level":"(warn|info)")/m.test(faults)) process.exitCode = 1;
    }
    return { results, spoilt: relay?.spoilt ?? 0 };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** What failures have in common: their message without what differs from run to run. */
function causeOf({ reason }) {
  return reason
    .replace(/ActivityId.*$/, '')
    .replace(/"location":\{[^}]*\},?/g, '')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]+|\d+/g, '#')
    .replace(/^azure\.cosmos\.exceptions\./, '')
    .slice(0, 160);
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
  const sound = new Set(
    results.filter(({ outcome, requests }) => outcome === 'passed' && requests > 0).map(({ name }) => name),
  );
  const chosen = options.wrong === 'all' ? Object.keys(wrongAnswers) : [options.wrong];
  for (const kind of chosen) {
    const { results: spoiltResults, spoilt } = await run(`${label}-wrong`, wrongAnswers[kind]);
    const green = spoiltResults.filter(({ outcome, name }) => outcome === 'passed' && sound.has(name)).length;
    if (green === sound.size) process.exitCode = 1;
    process.stdout.write(
      `${green === sound.size ? 'UNSEEN' : 'seen  '}  ${kind}: ${spoilt} answers spoilt, ${sound.size - green} of ${sound.size} tests turned red\n`,
    );
  }
}
