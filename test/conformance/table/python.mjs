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
import { printCauses, runFiles, tally } from '../python/pytest.mjs';
import { commonPartOf, runAgainst, runWrong, suiteOptions } from '../python/suite.mjs';
import { accountName, admit, makeIdentity } from './identity.mjs';
import { startAzurite } from './azurite.mjs';
import { runSamples } from './vendor-samples.mjs';
import { wrongAnswers } from './wrong-answers.mjs';

/** Tests of bearer tokens, which clients send over https alone. */
const bearerFiles = /^test_(table_aad|challenge_auth)(_async)?\.py$/;

const here = dirname(fileURLToPath(import.meta.url));
const {
  values: options,
  positionals: [scratch],
} = parseArgs({
  allowPositionals: true,
  options: {
    ...suiteOptions,
    style: { type: 'string', default: 'path' },
    plain: { type: 'boolean', default: false },
    azurite: { type: 'string' },
    samples: { type: 'boolean', default: false },
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

async function startServer() {
  const identity = await makeIdentity();
  try {
    const server =
      options.azurite === undefined
        ? await startOurs(identity)
        : await startAzurite(options.azurite, identity, options);
    const stop = () => server.stop().finally(identity.remove);
    return { ...server, identity, host: '127.0.0.1', tls: identity.directory, stop };
  } catch (error) {
    await identity.remove();
    throw error;
  }
}

async function startOurs(identity) {
  const server = await startMeridian(['--sql-port', '0', ...identity.flags]);
  await admit(server.ready.admin, await defaultKey());
  return { ...server, port: Number(new URL(server.ready.table).port) };
}

function run(label, wrong) {
  const runTests = ({ identity }, port) => {
    const environment = environmentOf(identity, port);
    return options.samples
      ? runSamples({ scratch, environment, only: options.only })
      : runSuite(label, environment, port);
  };
  return runAgainst({ latencyMs: Number(options.latency), wrong, startServer, runTests });
}

function causeOf({ reason }) {
  return commonPartOf(reason.replace(/RequestId:.*$/, ''));
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
  const runSpoilt = (wrong) => run(`${label}-wrong`, wrong);
  await runWrong({ chosen: options.wrong, wrongAnswers, results, runSpoilt });
}
