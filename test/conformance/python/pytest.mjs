// Runs a vendor's suite of Python tests, file by file, and says what came of it: `counting.py` beside it writes
// the results, one line of JSON a test.

import { createWriteStream } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from '../children.mjs';

/** One that takes longer has failed: several take some 20 seconds of their own on a machine with other work. */
const testSecondsMax = 180;

/** A file that takes longer is ended; a run that takes longer starts no further file. Either fails the run. */
const fileMsMax = 30 * 60_000;
const runMsMax = 90 * 60_000;

/** Some failures of a cause that are named; the results file names all. */
const namesPerCauseMax = 4;

const plugins = fileURLToPath(new URL('.', import.meta.url));

/** Runs pytest in the suite with its output in a file; gives the exit code. */
async function pytest({ scratch, path, environment, port, verbose }, args, results, output) {
  const child = start(join(scratch, 'venv', 'bin', 'python'), ['-m', 'pytest', ...args], {
    cwd: join(scratch, 'suite'),
    env: {
      ...process.env,
      PYTHONPATH: [path, plugins, join(scratch, 'suite', 'tests')].join(delimiter),
      PYTHONDONTWRITEBYTECODE: '1',
      CONFORMANCE_PORT: String(port),
      CONFORMANCE_RESULTS: results,
      NO_PROXY: '*',
      ...environment,
    },
  });
  const log = createWriteStream(output, { flags: 'a' });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      if (verbose) process.stdout.write(chunk);
      log.write(chunk);
    });
  const timer = setTimeout(() => child.kill('SIGKILL'), fileMsMax);
  const code = await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  log.end();
  return code;
}

/**
 * Runs `files` of the suite in `scratch` against the server at `port`, one process for each file: a test that leaves
 * the client patched spoils no other file. `path` is the directory of the stand-ins that the suite imports, `args` are
 * pytest's own. Resolves with what counting.py wrote, and sets the exit code when a file did not come to its end.
 */
export async function runFiles({ label, files, args, ...run }) {
  const results = join(run.scratch, `results-${label}.jsonl`);
  const output = join(run.scratch, `output-${label}.txt`);
  for (const path of [results, output]) await rm(path, { force: true });
  const common = ['-p', 'counting', '-p', 'no:cacheprovider', '-q', '--rootdir', '.', '--tb', 'native', '-W', 'ignore']
    .concat(['--timeout', String(testSecondsMax), '--timeout-method', 'signal'])
    .concat(args);
  const deadline = Date.now() + runMsMax;
  for (const file of files) {
    const xml = join(run.scratch, `junit-${label}`, `${file.replace(/\W+/g, '-')}.xml`);
    const code =
      Date.now() > deadline
        ? 'the end of its time'
        : await pytest(run, [...common, '--junitxml', xml, file], results, output);
    // 0: all passed, 1: some failed, 5: none chosen; with anything else the run is not whole.
    if (![0, 1, 5].includes(code)) {
      process.stdout.write(`${file}: pytest ended with ${code}; its output is in ${output}\n`);
      process.exitCode = 1;
    }
  }
  const text = await readFile(results, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Parts the tests that asked the server something, or failed before they could, from those that are silent. */
export function tally(results) {
  const ran = results.filter(({ outcome }) => outcome !== 'skipped');
  const counted = ran.filter(
    ({ requests, outcome, phase }) => requests > 0 || (outcome === 'failed' && phase === 'setup'),
  );
  const silent = ran.filter((one) => !counted.includes(one));
  const having = (tests, outcome) => tests.filter((one) => one.outcome === outcome);
  return {
    counted,
    passed: having(counted, 'passed'),
    failed: having(counted, 'failed'),
    silent,
    silentPassed: having(silent, 'passed'),
    silentFailed: having(silent, 'failed'),
    skipped: results.length - ran.length,
  };
}

/** Prints failures by what they have in common, the most frequent first. */
export function printCauses(failed, causeOf) {
  const causes = groupBy(failed, causeOf);
  for (const [cause, tests] of [...causes].sort(([, a], [, b]) => b.length - a.length)) {
    process.stdout.write(`  ${String(tests.length).padStart(4)}  ${cause}\n`);
    for (const { name } of tests.slice(0, namesPerCauseMax)) process.stdout.write(`          ${name}\n`);
  }
}

function groupBy(values, keyOf) {
  const groups = new Map();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}
