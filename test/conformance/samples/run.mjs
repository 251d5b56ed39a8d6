// `npm run conformance:samples`: the samples of examples/cosmos and examples/table as a person would run them, and
// the classes of examples/users/python, each in a copy that is thrown away, against a server of this tree. A language
// whose tools are missing is said to be left out.
//
//   --only NAME      javascript, python, java, go, table-javascript, table-python, table-java or users-python
//
// Exit code: 0 when every sample that could run printed what it should, twice: the second run finds its items there.

import { copyFile, cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { start } from '../children.mjs';
import { defaultKey, startMeridian } from '../meridian.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Installing what a sample needs takes most of it. */
const stepMsMax = 10 * 60_000;

/** Stores of certificates want one; what is in this one is public. */
const trustPassword = 'certificates';

const expected = [/^large orders: 2: 70, 1: 35$/m, /^batch: 20[01], 204$/m];
const changes = /^changes: .*4/m;

const tableLines = [
  /^tables: orders(javascript|python|java)$/m,
  /^types: 9007199254740993 .*6ba7b810-9dad-11d1-80b4-00c04fd430c8/m,
  /^too late: 412 UpdateConditionNotSatisfied$/m,
  /^large orders: 1: 35, 2: 70$/m,
  /^pages: 2, 1$/m,
  /^transaction: (3|204, 204, 204)$/m,
  /^undone: .*ResourceNotFound.* 404$/m,
  /^signature: 4 403 AuthorizationPermissionMismatch$/m,
  /^properties: https:\/\/shop\.example 7$/m,
];

const linkModules = (directory) => symlink(join(root, 'node_modules'), join(directory, 'node_modules'));

const install =
  (...packages) =>
  async (_directory, run) => {
    await run('python3', ['-m', 'venv', 'environment']);
    await run('environment/bin/pip', ['install', '--quiet', ...packages]);
  };

const samples = {
  javascript: {
    tool: ['node', '--version'],
    prepare: linkModules,
    run: ['node', 'quickstart.mjs'],
    expected: [...expected, changes],
  },
  python: {
    tool: ['python3', '--version'],
    prepare: install('azure-cosmos==4.17.1'),
    run: ['environment/bin/python', 'quickstart.py'],
    expected: [...expected, changes],
  },
  java: {
    tool: ['mvn', '--version'],
    secure: true,
    prepare: async (_directory, run, { authority }) => {
      await run(
        'keytool',
        ['-importcert', '-noprompt', '-alias', 'meridian', '-file', authority].concat([
          '-keystore',
          'trust.p12',
          '-storetype',
          'PKCS12',
          '-storepass',
          trustPassword,
        ]),
      );
      await run('mvn', ['-q', '-B', 'compile']);
    },
    run: ['mvn', '-q', '-B', 'exec:exec'],
    expected: [...expected, changes],
  },
  go: {
    tool: ['go', 'version'],
    prepare: (_directory, run) => run('go', ['mod', 'tidy']),
    run: ['go', 'run', '.'],
    expected,
  },
  'table-javascript': {
    folder: ['table', 'javascript'],
    tool: ['node', '--version'],
    prepare: linkModules,
    run: ['node', 'quickstart.mjs'],
    expected: tableLines,
  },
  'table-python': {
    folder: ['table', 'python'],
    tool: ['python3', '--version'],
    prepare: install('azure-data-tables==12.7.0'),
    run: ['environment/bin/python', 'quickstart.py'],
    expected: tableLines,
  },
  'table-java': {
    folder: ['table', 'java'],
    tool: ['mvn', '--version'],
    prepare: (_directory, run) => run('mvn', ['-q', '-B', 'compile']),
    run: ['mvn', '-q', '-B', 'exec:exec'],
    expected: tableLines,
  },
  'users-python': {
    folder: ['users', 'python'],
    tool: ['python3', '--version'],
    prepare: async (directory, run) => {
      await copyFile(new URL('users.py', import.meta.url), join(directory, 'check_users.py'));
      await install('-r', 'requirements.txt')(directory, run);
    },
    run: ['environment/bin/python', 'check_users.py'],
    expected: [/^users: one behind every door$/m],
  },
};

const { values: options } = parseArgs({ options: { only: { type: 'string' } } });

function run(command, args, directory, environment) {
  return new Promise((resolve) => {
    const child = start(command.includes('/') ? join(directory, command) : command, args, {
      cwd: directory,
      env: { ...process.env, ...environment },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const timer = setTimeout(() => child.kill('SIGKILL'), stepMsMax);
    child.once('error', (error) => resolve({ code: 127, output: String(error) }));
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? 1, output });
    });
  });
}

async function judge(name, sample, server) {
  const directory = await mkdtemp(join(tmpdir(), `meridian-sample-${name}-`));
  try {
    await cp(join(root, 'examples', ...(sample.folder ?? ['cosmos', name])), directory, { recursive: true });
    const must = async (command, args) => {
      const { code, output } = await run(command, args, directory, {});
      if (code !== 0) throw new Error(`${command} ${args.join(' ')}\n${output}`);
    };
    await sample.prepare(directory, must, { authority: join(server.tls, 'authority.pem') });
    const { port } = new URL(server.ready.sql);
    const environment = {
      COSMOS_ENDPOINT: `${sample.secure === true ? 'https' : 'http'}://localhost:${port}/`,
      COSMOS_KEY: server.key,
      ...connectionStrings(server),
    };
    for (let round = 0; round < 2; round++) {
      const { code, output: coloured } = await run(sample.run[0], sample.run.slice(1), directory, environment);
      const output = coloured.replaceAll(/\u001b\[[\d;]*m/g, '');
      const missing = sample.expected.filter((line) => !line.test(output));
      if (code !== 0 || missing.length > 0)
        return `exit code ${code}, without ${missing.map(String).join(' and ')}:\n${output}`;
    }
    return undefined;
  } catch (error) {
    return error.message;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function connectionStrings({ ready, key }) {
  const account = `AccountName=devstoreaccount1;AccountKey=${key}`;
  return {
    TABLES_CONNECTION_STRING: `DefaultEndpointsProtocol=http;${account};TableEndpoint=${ready.table}/devstoreaccount1;`,
    COSMOS_CONNECTION_STRING: `AccountEndpoint=${ready.sql}/;AccountKey=${key};`,
    MONGO_CONNECTION_STRING: ready.mongo,
  };
}

const server = { ...(await startMeridian(['--sql-port', '0', '--table-port', '0'])), key: await defaultKey() };
try {
  for (const [name, sample] of Object.entries(samples)) {
    if (options.only !== undefined && options.only !== name) continue;
    if ((await run(sample.tool[0], sample.tool.slice(1), root, {})).code !== 0) {
      process.stdout.write(`left out  ${name}: ${sample.tool[0]} is not here\n`);
      continue;
    }
    const fault = await judge(name, sample, server);
    process.stdout.write(fault === undefined ? `green     ${name}\n` : `RED       ${name}: ${fault}\n`);
    if (fault !== undefined) process.exitCode = 1;
  }
} finally {
  await server.stop();
}
