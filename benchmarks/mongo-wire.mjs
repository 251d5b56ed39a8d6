// The MongoDB door beside other servers of that protocol, by the official driver. Three pairs, each with the same
// durability on both sides: every write synced (SecantusDB with --sync-on-commit), writes not synced one by one
// (SecantusDB as it comes, Meridian with --durability relaxed), and memory only (mongo-java-server). Rounds are
// interleaved; ratios are Meridian's rate ÷ the peer's and the peer's CPU ÷ Meridian's, so above 1 Meridian is ahead.
//
// Peers are installed at the first run (pip, Maven; Java 17). `--build-peers` also builds SecantusDB's Rust server by
// cargo, the faster one, which takes some ten minutes once. Usage: [--size 20000] [--rounds 3] [--seconds 0.7]

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MongoClient } from 'mongodb';
import { firstTime, mongoDocumentOf, secondsApart, statuses } from './documents.mjs';
import { fixed, machine, median, root, startMeridian, stop, table } from './harness.mjs';
import { cpuMicrosOf, micros, Samples } from './measure.mjs';
import { installMongoJavaServer, installPackage, installSecantus, requirePeer } from './peers/install.mjs';

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '0.7' },
    'build-peers': { type: 'boolean', default: false },
  },
});
const size = Number(options.size);
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const scanned = 100_000;
/** One cell of one server may take so long, however slow an operation is. */
const cellMsMax = 60_000;

const directory = mkdtempSync(join(tmpdir(), 'meridian-bench-mongo-'));
let directories = 0;
const newDirectory = () => {
  const path = join(directory, String(++directories));
  mkdirSync(path);
  return path;
};

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

async function meridian(name, args) {
  const server = await startMeridian(args);
  return { name, child: server.child, pid: server.pid, url: server.mongo };
}

async function secantus(name, command, args) {
  const port = await freePort();
  const line = ['--port', String(port), '--storage-path', newDirectory(), '--log-level', 'ERROR', ...args];
  const child = spawn(command, line, { stdio: ['ignore', 'ignore', 'inherit'], cwd: directory });
  return { name, child, pid: child.pid, url: `mongodb://127.0.0.1:${port}` };
}

async function mongoJavaServer({ name, jars }) {
  const source = join(root, 'benchmarks/peers/MemoryMongo.java');
  const child = spawn('java', ['-Xmx2g', '-cp', join(jars, '*'), source], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  const port = /ready (\d+)/.exec(String(line))?.[1];
  if (port === undefined) throw new Error(`${name} did not start`);
  return { name, child, pid: child.pid, url: `mongodb://127.0.0.1:${port}` };
}

async function connect(server, Client) {
  const url = new URL(server.url);
  url.searchParams.set('directConnection', 'true');
  server.client = new Client(url.href, { maxPoolSize: 32, serverSelectionTimeoutMS: 20_000 });
  await server.client.connect();
  server.database = server.client.db('bench');
  server.inserted = 0;
}

/** An operation that a server does not offer is no failure of the run. */
async function offered(run) {
  try {
    await run();
    return true;
  } catch (error) {
    if (error.code === 59 || error.code === 115 || error.code === 238 || error.code === 40324) return false;
    if (/not (supported|implemented|offered)|unrecognized|unsupported/i.test(error.message)) return false;
    throw error;
  }
}

/** The documents of the read cells; and on peers the indexes that their fields need. */
async function fill(server) {
  const items = server.database.collection('items');
  for (let at = 0; at < size; at += 1_000)
    await items.insertMany(
      Array.from({ length: Math.min(1_000, size - at) }, (_, k) => mongoDocumentOf(at + k)),
      { ordered: false },
    );
  const small = server.database.collection('small');
  for (let at = 0; at < scanned; at += 5_000)
    await small.insertMany(
      Array.from({ length: 5_000 }, (_, k) => ({
        _id: at + k,
        n: (at + k) * 7,
        name: `name ${at + k}`,
        text: 'a short text that brings the document to about two hundred bytes '.repeat(2),
      })),
    );
  for (const field of ['email', 'ts', 'status']) await offered(() => items.createIndex({ [field]: 1 }));
}

const known = Array.from({ length: 1_000 }, (_, k) => mongoDocumentOf(Math.floor((k * size) / 1_000)));
const knownOf = (i) => known[(i * 7_919) % known.length];
const timeOf = (i) => firstTime + Math.floor(size * 0.9 * (((i * 7_919) % 1_000) / 1_000)) * secondsApart;

function checked(found) {
  if (found === null || found.length === 0) throw new Error('a document was not found');
}

const collection = (server, name) => server.database.collection(name);
const insertCells = [1, 32]
  .map((c) => ({
    name: 'insertOne',
    c,
    goal: 2,
    once: (server) => collection(server, 'inserts').insertOne(mongoDocumentOf(10_000_000 + server.inserted++)),
  }))
  .concat({
    name: 'insertMany of 1,000',
    c: 1,
    goal: 2,
    each: 1_000,
    once: (server) => {
      const from = 20_000_000 + server.inserted;
      server.inserted += 1_000;
      return collection(server, 'inserts').insertMany(
        Array.from({ length: 1_000 }, (_, k) => mongoDocumentOf(from + k)),
      );
    },
  });
const readCells = [
  ...[1, 32].map((c) => ({
    name: 'findOne by _id',
    c,
    goal: 3,
    once: async (server, i) => checked(await collection(server, 'items').findOne({ _id: knownOf(i)._id })),
  })),
  ...[1, 32].map((c) => ({
    name: 'find by email, index declared on the peer',
    c,
    goal: 3,
    once: async (server, i) =>
      checked(
        await collection(server, 'items')
          .find({ email: knownOf(i).email })
          .toArray(),
      ),
  })),
  {
    name: 'find by score, nothing declared',
    c: 1,
    goal: 3,
    once: async (server, i) =>
      checked(
        await collection(server, 'items')
          .find({ score: knownOf(i).score })
          .toArray(),
      ),
  },
  {
    name: 'range of ts, sort, limit 100, index declared on the peer',
    c: 1,
    goal: 3,
    once: async (server, i) =>
      checked(
        await collection(server, 'items')
          .find({ ts: { $gt: timeOf(i) } })
          .sort({ ts: 1 })
          .limit(100)
          .toArray(),
      ),
  },
  {
    name: 'countDocuments of 20 %, index declared on the peer',
    c: 1,
    goal: 2,
    once: (server, i) => collection(server, 'items').countDocuments({ status: statuses[i % 5] }),
  },
  {
    name: 'aggregate $match, $group by city',
    c: 1,
    goal: 2,
    once: (server, i) =>
      collection(server, 'items')
        .aggregate([
          { $match: { status: statuses[i % 5] } },
          { $group: { _id: '$address.city', n: { $sum: 1 }, mean: { $avg: '$score' } } },
        ])
        .toArray(),
  },
  {
    name: `scan of ${scanned.toLocaleString('en-US')} ($mod, no match; ≤ 60 ms)`,
    c: 1,
    goal: 3,
    once: (server) =>
      collection(server, 'small')
        .find({ n: { $mod: [1_000_003, 1_000_002] } })
        .toArray(),
  },
];

/** Runs a cell on a server for its seconds, or until the bound. */
async function runCell(server, { c, once, each = 1 }) {
  const samples = new Samples();
  const startedMs = performance.now();
  const before = cpuMicrosOf([server.pid]);
  let i = 0;
  await Promise.all(
    Array.from({ length: c }, async () => {
      do {
        const runMs = performance.now();
        await once(server, i++);
        samples.add(performance.now() - runMs);
      } while (performance.now() - startedMs < seconds * 1_000);
    }),
  );
  const elapsed = (performance.now() - startedMs) / 1_000;
  return {
    perSecond: (samples.count * each) / elapsed,
    cpu: (cpuMicrosOf([server.pid]) - before) / (samples.count * each),
    p50: samples.at(0.5),
    p99: samples.at(0.99),
    elapsedMs: elapsed * 1_000,
  };
}

async function comparePair(title, servers, cells, goalOf) {
  console.log(`\n### ${title}: ${servers.map(({ name }) => name).join(' beside ')}\n`);
  const runs = new Map();
  for (const cell of cells)
    for (const server of servers) {
      const isOffered = await offered(() => cell.once(server, 0));
      runs.set(`${cell.name} ${cell.c} ${server.name}`, isOffered ? [] : undefined);
    }
  for (let round = 0; round < rounds; round++)
    for (const cell of cells)
      for (const server of servers) {
        const list = runs.get(`${cell.name} ${cell.c} ${server.name}`);
        const spent = list?.reduce((sum, run) => sum + run.elapsedMs, 0);
        if (list !== undefined && spent < cellMsMax / rounds) list.push(await runCell(server, cell));
      }
  const rows = cells.map((cell) => {
    const [ours, theirs] = servers.map((server) => {
      const list = runs.get(`${cell.name} ${cell.c} ${server.name}`);
      if (list === undefined) return undefined;
      return Object.fromEntries(
        ['perSecond', 'cpu', 'p50', 'p99'].map((field) => [field, median(list.map((run) => run[field]))]),
      );
    });
    const both = ours !== undefined && theirs !== undefined;
    return [
      cell.name,
      cell.c,
      ...[ours, theirs].flatMap((one) =>
        one === undefined
          ? ['not offered', '–', '–']
          : [micros(one.perSecond), micros(one.cpu), `${fixed(one.p50, 2)} / ${fixed(one.p99, 2)}`],
      ),
      both ? fixed(ours.perSecond / theirs.perSecond, 2) : '–',
      both ? fixed(theirs.cpu / ours.cpu, 2) : '–',
      `≥ ${goalOf(cell)}`,
    ];
  });
  table(
    [
      'operation',
      'c',
      'Meridian per s',
      'CPU µs',
      'p50 / p99 ms',
      'peer per s',
      'CPU µs',
      'p50 / p99 ms',
      'rate ratio',
      'CPU ratio',
      'goal',
    ],
    rows,
  );
}

/** Starts both, compares them, and ends both, whatever happened. */
async function pair(title, starts, cells, goalOf, Client = MongoClient) {
  const servers = [];
  try {
    for (const start of starts) {
      const server = await start();
      servers.push(server);
      await connect(server, Client);
      if (cells.some((cell) => readCells.includes(cell))) await fill(server);
    }
    await comparePair(title, servers, cells, goalOf);
  } catch (error) {
    console.log(`\n${title}: given up, ${error.message}\n`);
  } finally {
    for (const server of servers) {
      await server.client?.close().catch(() => undefined);
      await stop(server);
    }
  }
}

console.log(`the MongoDB door, by the driver; ${size.toLocaleString('en-US')} documents of 1 KB; ${machine()}`);
const bySecantus = (cell) => cell.goal;
try {
  const peer = installSecantus(options['build-peers']);
  if (peer !== undefined) {
    await pair(
      'every write synced before it is answered',
      [
        () => meridian('Meridian', ['--data', newDirectory()]),
        () => secantus(peer.name, peer.command, ['--sync-on-commit']),
      ],
      [...insertCells, ...readCells],
      bySecantus,
    );
    await pair(
      'writes not synced one by one',
      [
        () => meridian('Meridian --durability relaxed', ['--data', newDirectory(), '--durability', 'relaxed']),
        () => secantus(peer.name, peer.command, []),
      ],
      insertCells,
      bySecantus,
    );
  }
  const java = installMongoJavaServer();
  // It speaks wire version 8, which the driver has dropped: both sides are asked by an older one.
  if (java !== undefined && installPackage('mongodb'))
    await pair(
      'in memory only',
      [() => meridian('Meridian --memory', ['--memory']), () => mongoJavaServer(java)],
      [...insertCells, ...readCells],
      () => 1,
      requirePeer('mongodb').MongoClient,
    );
} finally {
  rmSync(directory, { recursive: true, force: true });
}
