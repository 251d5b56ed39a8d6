// Runs the suite that `python.sh` obtained. A client of the service goes by its host name, so the names are the
// service's own up to the moment when they are looked up (devtools_testutils/network.py), and the server shows a
// certificate for them.
//
//   --style NAME     path: https://127.0.0.1:PORT/ACCOUNT; host: https://ACCOUNT.table.core.windows.net; cosmos:
//                    https://ACCOUNT.table.cosmos.azure.com, which is another half of the suite
//   --plain          http instead of https, in the styles path and host; tests of bearer tokens then fail
//   --only EXPR      pytest's -k
//   --file PATH      only that file of tests/; may be repeated
//   --wrong NAME     answers spoilt that way (or `all`): each must turn a test red that was green
//   --samples        instead of the tests the samples that the client is published with, in the style host
//   --latency MS     how far away the server seems: 10 if not said, 0 for no relay
//   --azurite DIR    another server: the Azurite that was installed in DIR by npm; no list is kept of its failures
//   --verbose        print pytest's output
//
// Exit code: 0 when every failure is listed in known-failures/table-python-STYLE.txt, every listed test that ran fails,
// and the server had no fault of its own.

import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { judge, readKnownFailures } from '../known-failures.mjs';
import { defaultKey, startMeridian } from '../meridian.mjs';
import { printCauses, runFiles, tally } from '../pytest.mjs';
import { distantRelay, spoilingRelay } from '../relay.mjs';
import { accountName, admit, makeIdentity } from './identity.mjs';
import { startAzurite } from './azurite.mjs';
import { runSamples } from './vendor-samples.mjs';
import { wrongAnswers } from './wrong-answers.mjs';

/** Tests of bearer tokens, which clients send over https alone. */
const bearerFiles = /^test_(table_aad|challenge_auth)(_async)?\.py$/;

/** Of what the server logged, in characters. */
const faultsShownMax = 20_000;

const here = dirname(fileURLToPath(import.meta.url));
const {
  values: options,
  positionals: [scratch],
} = parseArgs({
  allowPositionals: true,
  options: {
    style: { type: 'string', default: 'path' },
    plain: { type: 'boolean', default: false },
    only: { type: 'string' },
    file: { type: 'string', multiple: true, default: [] },
    wrong: { type: 'string' },
    latency: { type: 'string', default: '10' },
    azurite: { type: 'string' },
    samples: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

/** Storage and Cosmos have files of their own. */
async function testFiles() {
  const names = options.file.length > 0 ? options.file : await readdir(join(scratch, 'suite', 'tests'));
  return names
    .filter((name) => /^test_.*\.py$/.test(name) && name.includes('_cosmos') === (options.style === 'cosmos'))
    .filter((name) => !options.plain || !bearerFiles.test(name))
    .sort()
    .map((name) => join('tests', name));
}

/** Undefined: the service's own address. */
function endpointOf(port) {
  const scheme = options.plain ? 'http' : 'https';
  if (options.style === 'path') return `${scheme}://127.0.0.1:${port}/${accountName}`;
  return options.plain ? `${scheme}://${accountName}.table.core.windows.net` : undefined;
}

function environmentOf(identity, port) {
  const endpoint = endpointOf(port);
  return {
    CONFORMANCE_PORT: String(port),
    CONFORMANCE_ACCOUNT: accountName,
    CONFORMANCE_KEY: identity.key,
    CONFORMANCE_TOKEN: identity.token,
    REQUESTS_CA_BUNDLE: identity.authorityFile,
    SSL_CERT_FILE: identity.authorityFile,
    ...(endpoint === undefined ? {} : { CONFORMANCE_ENDPOINT: endpoint }),
  };
}

async function runSuite(label, environment, port) {
  const args = ['-o', 'asyncio_mode=auto'].concat(options.only === undefined ? [] : ['-k', options.only]);
  const files = await testFiles();
  return runFiles({ scratch, label, files, args, path: here, environment, port, verbose: options.verbose });
}

async function startServer(identity) {
  if (options.azurite !== undefined) return startAzurite(options.azurite, identity, options);
  const server = await startMeridian(['--sql-port', '0', ...identity.flags]);
  await admit(server.ready.admin, await defaultKey());
  return { ...server, port: Number(new URL(server.ready.table).port) };
}

async function run(label, wrong) {
  const closers = [];
  try {
    const identity = await makeIdentity();
    closers.push(identity.remove);
    const server = await startServer(identity);
    closers.push(server.stop);
    let { port } = server;
    let relay;
    const latencyMs = Number(options.latency);
    if (wrong !== undefined || latencyMs > 0) {
      const target = { host: '127.0.0.1', port };
      relay =
        wrong === undefined
          ? await distantRelay(0, target, latencyMs)
          : await spoilingRelay(0, target, identity.directory, wrong);
      closers.push(relay.close);
      port = relay.port;
    }
    const environment = environmentOf(identity, port);
    const results = options.samples
      ? await runSamples({ scratch, environment, only: options.only })
      : await runSuite(label, environment, port);
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
    .replace(/RequestId:.*$/, '')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]+|\d+/g, '#')
    .replace(/^azure\.(core|data\.tables)\.[\w.]*exceptions\./, '')
    .slice(0, 160);
}

function report(results) {
  const { counted, passed, failed, silent, silentPassed, silentFailed, skipped } = tally(results);
  const bearer = results.filter(({ name }) => bearerFiles.test(/([^/:]+\.py)::/.exec(name)?.[1] ?? ''));
  const green = results.filter(({ outcome }) => outcome === 'passed').length;
  process.stdout.write(
    `azure-data-tables (Python), ${options.style}: ${green} / ${results.length} passed, ` +
      `of which ${passed.length} / ${counted.length} asked the server; ` +
      `${silentPassed.length} / ${silent.length} sent no request; ${skipped} skipped\n`,
  );
  if (bearer.length > 0) {
    const others = results.length - bearer.length;
    const bearerGreen = bearer.filter(({ outcome }) => outcome === 'passed').length;
    process.stdout.write(`  without those of bearer tokens: ${green - bearerGreen} / ${others} passed\n`);
  }
  printCauses([...failed, ...silentFailed], causeOf);
  const nameOf = ({ name }) => name;
  return { passed: [...passed, ...silentPassed].map(nameOf), failed: [...failed, ...silentFailed].map(nameOf) };
}

const label = [options.style, ...(options.plain ? ['plain'] : []), ...(options.azurite ? ['azurite'] : [])].join('-');
const { results } = await run(label);
if (options.samples) {
  const { passed, failed } = results;
  process.stdout.write(`azure-data-tables (Python), its samples: ${passed} / ${passed + failed} passed\n`);
  if (failed > 0 || passed === 0) process.exitCode = 1;
} else if (results.length === 0) process.exitCode = 1;
else if (options.wrong === undefined) {
  const { passed, failed } = report(results);
  if (options.azurite === undefined) {
    const known = await readKnownFailures(`table-python-${options.style}`);
    if (judge({ known, passed, failed }) !== 0) process.exitCode = 1;
  }
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
