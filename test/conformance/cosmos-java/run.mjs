// `npm run conformance:cosmos-java`: the suite beside this file, by Maven, against a server of this tree over HTTPS
// with the door's own certificate. Maven works in a temporary directory; nothing of it is kept here.
//
//   --partitions N   physical partitions of each container; without it the suite runs with one and with five
//   --only NAME      one class of tests, or CLASS#METHOD, as Surefire's `-Dtest` takes it
//
// Exit code: 0 when every test passed in every round.

import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { start } from '../children.mjs';
import { defaultKey, startMeridian } from '../meridian.mjs';

/** A round that takes longer hangs. */
const roundMsMax = 15 * 60_000;

/** Stores of certificates want one; what is in this one is public. */
const trustPassword = 'certificates';

const { values: options } = parseArgs({
  options: { partitions: { type: 'string' }, only: { type: 'string' } },
});

const scratch = await mkdtemp(join(tmpdir(), 'meridian-java-'));
let failed = false;
const summary = [];
try {
  const here = fileURLToPath(new URL('.', import.meta.url));
  await cp(join(here, 'pom.xml'), join(scratch, 'pom.xml'));
  await cp(join(here, 'src'), join(scratch, 'src'), { recursive: true });
  for (const partitions of options.partitions === undefined ? ['1', '5'] : [options.partitions]) {
    const counts = await round(partitions);
    const green = counts.code === 0 && counts.tests > 0;
    failed ||= !green;
    summary.push(
      `${green ? 'green' : 'RED  '}  partitions ${partitions}  azure-cosmos (Java): ` +
        `${counts.tests - counts.failures - counts.skipped} / ${counts.tests} passed`,
    );
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}
process.stdout.write(`${summary.join('\n')}\n`);
process.exitCode = failed ? 1 : 0;

async function round(partitions) {
  const server = await startMeridian(['--sql-port', '0', '--partitions', partitions]);
  try {
    const trust = join(scratch, `trust-${partitions}.p12`);
    await done(
      'keytool',
      ['-importcert', '-noprompt', '-alias', 'meridian', '-file', join(server.tls, 'authority.pem')].concat([
        '-keystore',
        trust,
        '-storetype',
        'PKCS12',
        '-storepass',
        trustPassword,
      ]),
    );
    const { port } = new URL(server.ready.sql);
    const code = await run(
      'mvn',
      [
        '-q',
        '-B',
        '-f',
        join(scratch, 'pom.xml'),
        'test',
        `-Dtrust.store=${trust}`,
        `-Dtrust.password=${trustPassword}`,
      ]
        .concat(['-Dsurefire.failIfNoSpecifiedTests=true'])
        .concat(options.only === undefined ? [] : [`-Dtest=${options.only}`]),
      {
        COSMOS_ENDPOINT: `https://localhost:${port}/`,
        COSMOS_KEY: await defaultKey(),
        // For the worker in JavaScript that shares leases with those in Java.
        NODE_WORKER: fileURLToPath(new URL('worker.mjs', import.meta.url)),
        NODE_EXTRA_CA_CERTS: join(server.tls, 'authority.pem'),
      },
    );
    const complaints = server.complaints();
    if (complaints !== '') process.stdout.write(`the server said:\n${complaints}`);
    return { code, ...(await countsOf()) };
  } finally {
    await server.stop();
  }
}

/** From Surefire's reports, which every class of tests has one of; they go with the round. */
async function countsOf() {
  const reports = join(scratch, 'target', 'surefire-reports');
  const sums = { tests: 0, failures: 0, skipped: 0 };
  for (const name of await readdir(reports).catch(() => [])) {
    if (!name.endsWith('.xml')) continue;
    const head = /<testsuite [^>]*>/s.exec(await readFile(join(reports, name), 'utf8'))?.[0] ?? '';
    const count = (word) => Number(new RegExp(`\\s${word}="(\\d+)"`).exec(head)?.[1] ?? 0);
    sums.tests += count('tests');
    sums.failures += count('failures') + count('errors');
    sums.skipped += count('skipped');
  }
  await rm(reports, { recursive: true, force: true });
  return sums;
}

/** Shows what the command says, and resolves with its exit code. */
function run(command, args, environment) {
  return new Promise((resolve, reject) => {
    const child = start(command, args, { env: { ...process.env, ...environment } });
    const timer = setTimeout(() => child.kill('SIGKILL'), roundMsMax);
    for (const stream of [child.stdout, child.stderr]) stream.pipe(process.stdout, { end: false });
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve(code ?? 1);
    });
  });
}

/** Standard output of a command that must succeed. */
function done(command, args) {
  return new Promise((resolve, reject) => {
    const child = start(command, args);
    let output = '';
    let complaints = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (complaints += chunk));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${command}: ${complaints}${output}`)),
    );
  });
}
