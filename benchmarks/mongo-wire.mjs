// The MongoDB door beside other servers of that protocol, by the official driver. Three pairs, each with the same
// durability on both sides: every write synced (SecantusDB with --sync-on-commit), writes not synced one by one
// (SecantusDB as it comes, Meridian with --durability relaxed), and memory only (mongo-java-server). Rounds are
// interleaved; ratios are Meridian's rate ÷ the peer's and the peer's CPU ÷ Meridian's, so above 1 Meridian is ahead.
//
// Peers are installed at the first run (pip, Maven; Java 17). `--build-peers` also builds SecantusDB's Rust server by
// cargo, the faster one, which takes some ten minutes once. Usage: [--size 20000] [--rounds 3] [--seconds 0.7]

import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MongoClient } from 'mongodb';
import {
  fixed,
  machine,
  median,
  root,
  ownProcess,
  startMeridian,
  stop,
  table,
  temporaryDirectory,
} from './harness.mjs';
import { cpuMicrosOf, micros, Samples } from './measure.mjs';
import { fill, insertCells, offered, readCellsOf } from './mongo-cells.mjs';
import { WireConnection } from './wire-client.mjs';
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
const readCells = readCellsOf(size);
/** On a slow machine, rounds after the first begin only this soon after the start. */
const furtherRoundsMs = 5 * 60_000;
/** One cell of one server may take so long, however slow an operation is. */
const cellMsMax = 60_000;

const directory = temporaryDirectory('mongo');
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
  const child = ownProcess(spawn(command, line, { stdio: ['ignore', 'ignore', 'inherit'], cwd: directory }));
  return { name, child, pid: child.pid, url: `mongodb://127.0.0.1:${port}` };
}

async function mongoJavaServer({ name, jars }) {
  const source = join(root, 'benchmarks/peers/MemoryMongo.java');
  const child = spawn('java', ['-Xmx2g', '-cp', join(jars, '*'), source], { stdio: ['ignore', 'pipe', 'ignore'] });
  ownProcess(child);
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
  server.wires = await Promise.all(Array.from({ length: 32 }, () => WireConnection.open(server.url)));
}

/** Runs a cell on a server for its seconds, or until the bound. */
async function runCell(server, { c, once, each = 1 }) {
  const samples = new Samples();
  const startedMs = performance.now();
  const before = cpuMicrosOf([server.pid]);
  let i = 0;
  await Promise.all(
    Array.from({ length: c }, async (_, lane) => {
      do {
        const runMs = performance.now();
        await once(server, i++, lane);
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
      const isOffered = await offered(() => cell.once(server, 0, 0));
      runs.set(`${cell.name} ${cell.c} ${server.name}`, isOffered ? [] : undefined);
    }
  for (let round = 0; round < rounds && (round === 0 || performance.now() < furtherRoundsMs); round++)
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
      if (cells.some((cell) => readCells.includes(cell))) await fill(server, size);
    }
    await comparePair(title, servers, cells, goalOf);
  } catch (error) {
    console.log(`\n${title}: given up, ${error.message}\n`);
  } finally {
    for (const server of servers) {
      for (const wire of server.wires ?? []) wire.close();
      await server.client?.close().catch(() => undefined);
      await stop(server);
    }
  }
}

console.log(`the MongoDB door, by the driver; ${size.toLocaleString('en-US')} documents of 1 KB; ${machine()}`);
const bySecantus = (cell) => cell.goal;
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
