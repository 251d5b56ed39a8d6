// Runs the compiled suite that `go.sh` made, one test to a process, through a relay that counts connections: a test
// that never connected is not counted. The suite's addresses are fixed: https://localhost:8081 is the service's
// routing gateway (`--addresses gateway`), https://localhost:8903 its compute gateway, which answers the opposite
// for some ids; so there are two servers.
//
//   --partitions N   physical partitions of each container
//   --wrong NAME     answers spoilt that way (or `all`, one after another): each must turn the run red
//   --only REGEXP    only the tests whose name it matches
//   --against PORT   another server, already listening with TLS on that port of 127.0.0.1, stands in for both
//
// Exit code: 0 when every failure is listed in known-failures/cosmos-go.txt (with several partitions, also in
// cosmos-go-partitions.txt) and every listed test fails.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { start } from '../children.mjs';
import { judge, readKnownFailures } from '../known-failures.mjs';
import { isFree, startMeridian } from '../meridian.mjs';
import { countingRelay, spoilingRelay } from '../relay.mjs';
import { wrongAnswers } from './wrong-answers.mjs';

const routingPort = 8081;
const computePort = 8903;

/** What this suite never looks at: it reads no etag back and makes no condition fail. */
const unread = new Set(['no etag', 'conditions hold always']);

/** One that takes longer has failed. */
const testMsMax = 60_000;

/** Output of one test that is kept. */
const outputBytesMax = 1024 * 1024;

const {
  values: options,
  positionals: [scratch],
} = parseArgs({
  allowPositionals: true,
  options: {
    partitions: { type: 'string', default: '1' },
    wrong: { type: 'string' },
    only: { type: 'string', default: '' },
    against: { type: 'string' },
  },
});

for (const port of [routingPort, computePort])
  if (!(await isFree(port))) {
    process.stderr.write(`port ${port} is in use, and the suite has it fixed: stop what holds it and try again\n`);
    process.exit(2);
  }

/** The emulator's tests, by the vendor's own file names. */
async function testNames() {
  const files = (await readdir(join(scratch, 'suite'))).filter((name) => /^emulator_.*_test\.go$/.test(name));
  const texts = await Promise.all(files.sort().map((name) => readFile(join(scratch, 'suite', name), 'utf8')));
  const only = new RegExp(options.only);
  return texts
    .flatMap((text) => [...text.matchAll(/^func (Test\w+)\(/gm)].map(([, name]) => name))
    .filter((name) => only.test(name));
}

function runOne(name, authority) {
  return new Promise((resolve) => {
    const child = start(join(scratch, 'suite.test'), ['-test.run', `^${name}$`, '-test.v'], {
      cwd: join(scratch, 'suite'),
      env: { ...process.env, EMULATOR: 'true', SSL_CERT_FILE: authority, NO_PROXY: '*' },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        if (output.length < outputBytesMax) output += chunk;
      });
    const timer = setTimeout(() => child.kill('SIGKILL'), testMsMax);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ passed: code === 0, skipped: output.includes(`--- SKIP: ${name}`), output });
    });
  });
}

/** What clients are told to trust, from where they are told to fetch it. */
function download(path) {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: routingPort, path, rejectUnauthorized: false }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => resolve(Buffer.concat(chunks).toString()));
    });
    sent.on('error', reject).end();
  });
}

async function run(names, wrong) {
  const closers = [];
  try {
    const relays = [];
    for (const [port, addresses] of [
      [routingPort, 'gateway'],
      [computePort, 'exact'],
    ]) {
      if (options.against !== undefined) {
        relays.push(await countingRelay(port, { host: '127.0.0.1', port: Number(options.against) }));
      } else {
        const server = await startMeridian(
          ['--sql-port', '0', '--advertise', `https://127.0.0.1:${port}/`, '--consistency', 'strong']
            .concat(['--addresses', addresses])
            .concat(['--partitions', options.partitions]),
        );
        closers.push(server.stop);
        const { hostname, port: behind } = new URL(server.ready.sql);
        const target = { host: hostname, port: Number(behind) };
        relays.push(
          wrong === undefined
            ? await countingRelay(port, target)
            : await spoilingRelay(port, target, server.tls, wrong),
        );
      }
      closers.push(relays.at(-1).close);
    }
    const authority = join(scratch, 'authority.pem');
    const pem = await download('/_explorer/emulator.pem');
    if (pem.includes('BEGIN CERTIFICATE')) await writeFile(authority, pem);
    const connections = () => relays.reduce((sum, relay) => sum + relay.connections, 0);
    const results = [];
    for (const name of names) {
      const before = connections();
      const result = await runOne(name, authority);
      results.push({ name, ...result, connected: connections() > before });
    }
    return { results, spoilt: relays.reduce((sum, relay) => sum + (relay.spoilt ?? 0), 0) };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

function report(results) {
  const counted = results.filter(({ connected, skipped }) => connected && !skipped);
  const failed = counted.filter(({ passed }) => !passed);
  process.stdout.write(`azcosmos (Go): ${counted.length - failed.length} / ${counted.length} passed`);
  const silent = results.length - counted.length;
  process.stdout.write(silent === 0 ? '\n' : `; ${silent} never connected to the server\n`);
  for (const { name, output } of failed) {
    const reason = /^\s*(?:Error:\s+.*|\w+_test\.go:\d+: .+|panic: .*)$/m.exec(output)?.[0].trim() ?? '';
    process.stdout.write(`  failed  ${name}  ${reason.replace(/\s+/g, ' ').slice(0, 160)}\n`);
  }
  return { passed: counted.filter(({ passed }) => passed), failed };
}

const names = await testNames();
if (options.wrong === undefined) {
  const { results } = await run(names);
  const { passed, failed } = report(results);
  if (options.against === undefined) {
    const known = await readKnownFailures('cosmos-go', options);
    process.exitCode = judge({ known, passed: passed.map(({ name }) => name), failed: failed.map(({ name }) => name) });
  }
} else {
  const { results } = await run(names);
  const sound = new Set(results.filter(({ passed, connected }) => passed && connected).map(({ name }) => name));
  if (options.wrong !== 'all' && !(options.wrong in wrongAnswers))
    throw new Error(`--wrong: one of ${Object.keys(wrongAnswers).join(', ')}`);
  const chosen =
    options.wrong === 'all' ? Object.keys(wrongAnswers).filter((kind) => !unread.has(kind)) : [options.wrong];
  let unseen = 0;
  for (const kind of chosen) {
    const { results: spoiltResults, spoilt } = await run([...sound], wrongAnswers[kind]);
    const caught = spoiltResults.filter(({ passed }) => !passed);
    if (caught.length === 0) unseen++;
    process.stdout.write(
      `${caught.length === 0 ? 'UNSEEN' : 'seen  '}  ${kind}: ${spoilt} answers spoilt, ${caught.length} of ${sound.size} tests turned red\n`,
    );
  }
  process.exitCode = unseen === 0 ? 0 : 1;
}
