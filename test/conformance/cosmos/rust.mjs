// Runs the programs that `rust.sh` built, one test to a process, through a relay that counts connections: a test that
// never connected is not counted.
//
//   --partitions N   physical partitions of each container
//   --text           bodies in JSON text only: without it the clients send items in binary JSON
//   --only REGEXP    only the tests whose name it matches
//
// Exit code: 0 when every failure is listed in known-failures/cosmos-rust.txt (with several partitions, also in
// cosmos-rust-partitions.txt) and every listed test fails.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { start } from '../children.mjs';
import { judge, readKnownFailures } from '../known-failures.mjs';
import { isFree, startMeridian } from '../meridian.mjs';
import { countingRelay } from '../relay.mjs';

/** Fixed in the suites' sources. */
const emulatorPort = 8081;

const crates = ['azure_data_cosmos', 'azure_data_cosmos_driver'];

/** One that takes longer has failed; the suite's own bound is 80 s. */
const testMsMax = 120_000;

/** Output of one test that is kept. */
const outputBytesMax = 1024 * 1024;

const {
  values: options,
  positionals: [scratch],
} = parseArgs({
  allowPositionals: true,
  options: {
    partitions: { type: 'string', default: '1' },
    text: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});

function run(program, args, environment, directory) {
  return new Promise((resolve) => {
    const child = start(program, args, { cwd: directory, env: { ...process.env, ...environment } });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        if (output.length < outputBytesMax) output += chunk;
      });
    const timer = setTimeout(() => child.kill('SIGKILL'), testMsMax);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

/** Every test of every program: the crate, the program, and the name that it knows the test by. */
async function allTests() {
  const only = new RegExp(options.only);
  const tests = [];
  for (const crate of crates)
    for (const line of (await readFile(join(scratch, `${crate}.programs`), 'utf8')).trim().split('\n')) {
      const [target, program] = line.split(' ');
      const { output } = await run(program, ['--list'], {}, join(scratch, crate));
      for (const [, name] of output.matchAll(/^(\S+): test$/gm)) {
        const shown = `${crate}::${target === 'emulator' ? '' : `${target}::`}${name}`;
        if (only.test(shown)) tests.push({ crate, program, name, shown });
      }
    }
  return tests;
}

if (!(await isFree(emulatorPort))) {
  process.stderr.write(
    `port ${emulatorPort} is in use, and the suite has it fixed: stop what holds it and try again\n`,
  );
  process.exit(2);
}
const server = await startMeridian(['--sql-port', '0', '--partitions', options.partitions]);
const { hostname, port: behind } = new URL(server.ready.sql);
const relay = await countingRelay(emulatorPort, { host: hostname, port: Number(behind) });
const results = [];
try {
  const environment = {
    // The suites' own word for the emulator's address and key.
    AZURE_COSMOS_CONNECTION_STRING: 'emulator',
    AZURE_COSMOS_ALLOW_INVALID_CERT: 'true',
    // Some tests make clients that do look at it.
    SSL_CERT_FILE: join(server.tls, 'authority.pem'),
    AZURE_COSMOS_TEST_MODE: 'required',
    NO_PROXY: '*',
    ...(options.text ? { AZURE_COSMOS_BINARY_ENCODING_ENABLED: 'false' } : {}),
  };
  for (const { crate, program, name, shown } of await allTests()) {
    const before = relay.connections;
    const { code, output } = await run(program, ['--exact', name], environment, join(scratch, crate));
    const ignored = / 1 ignored;/.test(output);
    results.push({ name: shown, passed: code === 0, ignored, connected: relay.connections > before, output });
  }
} finally {
  await relay.close();
  await server.stop();
}

const failures = [];
const passes = [];
for (const crate of crates) {
  const own = results.filter(({ name }) => name.startsWith(`${crate}::`));
  const counted = own.filter(({ connected, ignored }) => connected && !ignored);
  const failed = counted.filter(({ passed }) => !passed);
  const silent = own.filter(({ connected, ignored }) => !connected && !ignored);
  const brokenSilently = silent.filter(({ passed }) => !passed);
  process.stdout.write(
    `${crate} (Rust): ${counted.length - failed.length} / ${counted.length} passed; ` +
      `${silent.length} never connected to the server, ${own.filter(({ ignored }) => ignored).length} ignored\n`,
  );
  for (const { name, output } of [...failed, ...brokenSilently]) {
    const reason = /^(?:Error: .*|.*panicked at .*\n.*)$/m.exec(output)?.[0] ?? '';
    process.stdout.write(`  failed  ${name}  ${reason.replace(/\s+/g, ' ').slice(0, 200)}\n`);
  }
  failures.push(...failed, ...brokenSilently);
  passes.push(...counted.filter(({ passed }) => passed));
}
const known = await readKnownFailures('cosmos-rust', options);
process.exitCode = judge({
  known,
  passed: passes.map(({ name }) => name),
  failed: failures.map(({ name }) => name),
});
