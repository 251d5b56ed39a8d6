// The Table door beside Azurite, by one raw HTTP client that signs each request and is the same for both sides.
// Both sides grow together to each size, by the inserts that are measured; then reads and merges run in interleaved
// rounds. Ratios are Meridian's rate ÷ Azurite's and Azurite's CPU ÷ Meridian's, so above 1 Meridian is ahead.
// Meridian answers a write when it is synced to disk, or with `--durability relaxed` before, as that flag of the server
// has it; Azurite writes its file every 5 s, from memory. Both have answered requests of every kind, on another table,
// before anything is measured. A point get also runs beside two servers that have its answer ready: the physical limit.
//
// Usage: [--sizes 3000,18000] [--peer-max 18000] [--rounds 3] [--seconds 1] [--only meridian|azurite]
//        [--durability full|relaxed]

import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  cpuSeconds,
  fixed,
  machine,
  median,
  memoryMB,
  startMeridian,
  startPeer,
  stop,
  table,
  temporaryDirectory,
} from './harness.mjs';
import { bytesBelow, micros, Samples } from './measure.mjs';
import { startAzurite } from './peers/azurite.mjs';
import { RawConnection } from './raw-http.mjs';
import { batchSize, commonStatus, emailOf, partitionOf, partitions, rowOf, TableRequests } from './table-requests.mjs';

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: '3000,18000' },
    'peer-max': { type: 'string', default: '18000' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1' },
    durability: { type: 'string', default: 'full' },
    only: { type: 'string' },
  },
});
const sizes = options.sizes.split(',').map(Number);
const peerMax = Number(options['peer-max']);
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const rowsPerSweep = partitions * batchSize;
/** Rows of a stage too large for whole stages of single inserts that are still inserted one by one. */
const singlesAtLeast = 10_000;
const concurrencies = [1, 32];
/** A cell of one server ends then, however slow an operation is. */
const cellMsMax = 30_000;

const fromPartition = (p) => `PartitionKey eq '${partitionOf(p)}'`;

/** `rows` is how many entities an answer must hold, of `size` in all. */
const reads = [
  { name: 'point get', goal: 10, request: ({ requests }, p, r) => requests.get(p, r) },
  { name: 'merge', status: 204, request: ({ requests }, p, r, i) => requests.merge(p, r, i % 1_000) },
  {
    name: 'query by PartitionKey, ≤ 100 rows',
    goal: 10,
    rows: (size) => Math.min(100, size / partitions),
    request: ({ requests }, p) => requests.query(fromPartition(p)),
  },
  {
    name: 'RowKey range of 20',
    goal: 10,
    rows: () => 20,
    request: ({ requests, size }, p, r) => {
      const from = Math.min(r, size / partitions - 20);
      return requests.query(`${fromPartition(p)} and RowKey ge '${rowOf(from)}' and RowKey lt '${rowOf(from + 20)}'`);
    },
  },
  {
    name: 'property of a fifth, top 100',
    goal: 10,
    rows: () => 100,
    request: ({ requests }) => requests.query(`Status eq '${commonStatus}'`),
  },
  {
    name: 'property of one',
    goal: 10,
    rows: () => 1,
    request: ({ requests }, p, r) => requests.query(`Email eq '${emailOf(p, r)}'`),
  },
];

/** Whole numbers below a bound, evenly strewn and the same on both sides. */
const strewn = (i, bound) => (Math.imul(i + 1, 0x9e3779b1) >>> 0) % bound;
const placeOf = (i, size) => [strewn(i, partitions), strewn(i * 7, size / partitions)];

async function send(connection, request, status) {
  const answer = await connection.send(request);
  if (answer.status !== status)
    throw new Error(`${request.split(' HTTP')[0]}: status ${answer.status}: ${answer.body.toString('latin1', 0, 400)}`);
  return answer;
}

/** Runs `once(connection, i)` on so many connections, until `isDone(i)`; each run stands for `each` operations. */
async function measured(side, concurrency, isDone, once) {
  const connections = await Promise.all(Array.from({ length: concurrency }, () => RawConnection.open(side.url)));
  const samples = new Samples();
  // Of the process: threads that end meanwhile count.
  const before = cpuSeconds(side.pid);
  const startedMs = performance.now();
  let i = 0;
  await Promise.all(
    connections.map(async (connection) => {
      while (!isDone(i, performance.now() - startedMs)) {
        const runMs = performance.now();
        await once(connection, i++);
        samples.add(performance.now() - runMs);
      }
    }),
  );
  const elapsed = (performance.now() - startedMs) / 1_000;
  for (const connection of connections) connection.close();
  return {
    perSecond: samples.count / elapsed,
    cpu: ((cpuSeconds(side.pid) - before) * 1e6) / samples.count,
    p50: samples.at(0.5),
    p99: samples.at(0.99),
  };
}

const results = new Map();
function record(size, name, concurrency, goal, side, run) {
  const key = `${size}|${name}|${concurrency}`;
  if (!results.has(key)) results.set(key, { size, name, concurrency, goal, runs: new Map() });
  const { runs } = results.get(key);
  runs.set(side.kind, [...(runs.get(side.kind) ?? []), run]);
}

/** Row `i` of single inserts, which fill the partitions in turn above what they have. */
async function insertSingles(side, size, concurrency, count) {
  const first = side.singles;
  side.singles += count;
  const run = await measured(
    side,
    concurrency,
    (i) => i >= count,
    (connection, i) => {
      const p = (first + i) % partitions;
      return send(connection, side.requests.insert(p, side.rowsOf[p]++), 204);
    },
  );
  record(size, 'insert', concurrency, options.durability === 'full' ? 3 : 5, side, run);
}

async function insertBatches(side, size, concurrency, count) {
  const first = side.batches;
  side.batches += count;
  const run = await measured(
    side,
    concurrency,
    (i) => i >= count,
    async (connection, i) => {
      const p = (first + i) % partitions;
      const row = side.rowsOf[p];
      side.rowsOf[p] += batchSize;
      const { body } = await send(connection, side.requests.batch(p, row), 202);
      if (body.toString('latin1').split('HTTP/1.1 204').length !== batchSize + 1) throw new Error('the batch failed');
    },
  );
  record(size, `batch of ${batchSize} inserts`, concurrency, 1, side, run);
}

/** Grows every side by as many rows, a share of them in each round. */
async function grow(sides, size, rows) {
  let batches = Math.floor(rows / rowsPerSweep) * partitions;
  if (rows > 10 * rowsPerSweep && rows - batches * batchSize < singlesAtLeast) batches -= partitions;
  const singles = rows - batches * batchSize;
  const alone = [Math.min(batches / 5, 200), Math.min(singles / 6, 1_000)].map(Math.floor);
  for (let round = 0; round < rounds; round++) {
    const share = (count) => Math.floor(((round + 1) * count) / rounds) - Math.floor((round * count) / rounds);
    for (const [c, count] of [
      [1, share(alone[0])],
      [32, share(batches - alone[0])],
    ])
      if (count > 0) for (const side of sides) await insertBatches(side, size, c, count);
    for (const [c, count] of [
      [1, share(alone[1])],
      [32, share(singles - alone[1])],
    ])
      if (count > 0) for (const side of sides) await insertSingles(side, size, c, count);
  }
  for (const side of sides) side.size = size;
}

/** Every read is answered by both sides, and with the rows it should be, before any is timed. */
async function verify(side, size) {
  const connection = await RawConnection.open(side.url);
  for (const { name, rows, request, status = 200 } of reads)
    for (let i = 0; i < 3; i++) {
      const { body } = await send(connection, request(side, ...placeOf(i, size), i), status);
      const found = body.toString('latin1').split('"RowKey"').length - 1;
      const wanted = rows?.(size) ?? (status === 204 ? 0 : 1);
      if (found !== wanted) throw new Error(`${name} on ${side.name}: ${found} rows instead of ${wanted}`);
    }
  connection.close();
}

/** A side with an empty table. */
async function withTable(side, requests) {
  const connection = await RawConnection.open(side.url);
  await send(connection, requests.createTable(), 204);
  connection.close();
  return { ...side, requests, rowsOf: Array.from({ length: partitions }, () => 0), singles: 0, batches: 0, size: 0 };
}

/** Of the table on which a server warms up, which stays: to remove it would be work at the wrong time. */
const warmRows = 3_000;
const warmBatches = 30;

async function warmUp(side) {
  const warm = await withTable(side, new TableRequests(side.url, 'warm'));
  await insertSingles(warm, warmRows, 32, warmRows);
  await insertBatches(warm, warmRows, 32, warmBatches);
  for (const { request, status = 200 } of reads)
    await measured(
      warm,
      32,
      (_, ms) => ms > seconds * 1_000,
      (connection, i) => send(connection, request({ ...warm, size: warmRows }, ...placeOf(i, warmRows), i), status),
    );
  results.clear();
}

async function open(kind, server, directory) {
  const side = { kind, ...server, directory };
  await warmUp(side);
  return withTable(side, new TableRequests(server.url));
}

async function openSides() {
  const sides = [];
  if (options.only !== 'azurite') {
    const directory = temporaryDirectory('table');
    const server = await startMeridian(['--data', directory, '--durability', options.durability]);
    const name = `Meridian, ${options.durability === 'full' ? 'every write synced' : 'synced within 50 ms'}`;
    sides.push(await open('ours', { name, ...server, url: server.table }, directory));
  }
  const directory = temporaryDirectory('azurite');
  const peer = options.only === 'meridian' ? undefined : await startAzurite(directory);
  if (peer !== undefined)
    sides.push(await open('peer', { ...peer, name: `${peer.name}, written to disk every 5 s` }, directory));
  return sides;
}

/** Servers that answer a point get without a database, with Meridian's bytes. */
async function openLimits({ url, requests }) {
  const connection = await RawConnection.open(url);
  const { head, body } = await send(connection, requests.get(0, 0), 200);
  connection.close();
  const file = join(temporaryDirectory('answer'), 'get');
  writeFileSync(file, Buffer.concat([head, body]));
  return Promise.all(
    ['net', 'http'].map(async (kind) => {
      const peer = await startPeer('bare-get.mjs', [kind, file]);
      const limit = { kind, ...peer, requests: new TableRequests(peer.url) };
      await measured(
        limit,
        32,
        (_, ms) => ms > seconds * 1_000,
        (to) => send(to, limit.requests.get(0, 0), 200),
      );
      return limit;
    }),
  );
}

const summary = (runs) =>
  runs && Object.fromEntries(['perSecond', 'cpu', 'p50', 'p99'].map((f) => [f, median(runs.map((run) => run[f]))]));

function reportLimits() {
  const rows = [...results.values()]
    .filter(({ runs }) => runs.has('net'))
    .flatMap(({ size, concurrency, runs }) =>
      ['ours', 'http', 'net'].map((kind) => {
        const one = summary(runs.get(kind));
        const ours = summary(runs.get('ours'));
        return [
          size.toLocaleString('en-US'),
          concurrency,
          { ours: 'Meridian', http: 'bare node:http', net: 'bare node:net' }[kind],
          micros(one.perSecond),
          micros(one.cpu),
          fixed(ours.perSecond / one.perSecond, 2),
          fixed(one.cpu / ours.cpu, 2),
        ];
      }),
    );
  table(['entities', 'c', 'point get of', 'per s', 'CPU µs', 'rate, Meridian ÷ this', 'CPU, this ÷ Meridian'], rows);
}

function report() {
  const rows = [...results.values()].map(({ size, name, concurrency, goal, runs }) => {
    const [ours, theirs] = [summary(runs.get('ours')), summary(runs.get('peer'))];
    const both = ours !== undefined && theirs !== undefined;
    return [
      size.toLocaleString('en-US'),
      name,
      concurrency,
      ...[ours, theirs].flatMap((one) =>
        one === undefined
          ? ['–', '–', '–']
          : [micros(one.perSecond), micros(one.cpu), `${fixed(one.p50, 2)} / ${fixed(one.p99, 2)}`],
      ),
      both ? fixed(ours.perSecond / theirs.perSecond, 1) : '–',
      both ? fixed(theirs.cpu / ours.cpu, 1) : '–',
      // They are about load (docs/decisions/0009-goals-for-tables.md).
      concurrency === 1 || goal === undefined ? '–' : `≥ ${goal}`,
    ];
  });
  const columns = ['per s', 'CPU µs', 'p50 / p99 ms'];
  table(
    [
      ...['entities', 'operation', 'c'],
      ...[...columns.map((column) => `Meridian ${column}`), ...columns.map((column) => `Azurite ${column}`)],
      ...['rate ratio', 'CPU ratio', 'goal'],
    ],
    rows,
  );
}

const sides = await openSides();
const ours = sides.find(({ kind }) => kind === 'ours');
console.log(`the Table door; ${sides.map(({ name }) => name).join(' beside ')}; ${machine()}`);
console.log(`medians of ${rounds} rounds of ${seconds} s; load average at the start ${fixed(loadavg()[0])}\n`);
const usage = sides.map((side) => [side.name, 'start to first answer', `${fixed(side.readyMs, 0)} ms`]);
let before = 0;
for (const size of sizes) {
  const some = sides.filter(({ kind }) => kind === 'ours' || size <= peerMax);
  await grow(some, size, size - before);
  before = size;
  for (const side of some) await verify(side, size);
  const limits = ours === undefined || size > peerMax ? [] : await openLimits(ours);
  for (let round = 0; round < rounds; round++)
    for (const { name, goal, request, status = 200 } of reads)
      for (const c of concurrencies)
        for (const side of name === 'point get' ? [...some, ...limits] : some) {
          const isDone = (_, ms) => ms > Math.min(seconds * 1_000, cellMsMax);
          const once = (connection, i) => send(connection, request(side, ...placeOf(i, size), i), status);
          record(size, name, c, goal, side, await measured(side, c, isDone, once));
        }
  for (const limit of limits) await stop(limit);
  for (const side of some) {
    const { rss, anonymous } = memoryMB(side.pid);
    const mb = bytesBelow(side.directory) / 2 ** 20;
    const text = `${fixed(rss, 0)} MB resident (${fixed(anonymous, 0)} anonymous), ${fixed(mb, 0)} MB on disk`;
    usage.push([side.name, `at ${size.toLocaleString('en-US')}`, text]);
  }
}
report();
if (ours !== undefined) {
  console.log('');
  reportLimits();
}
console.log('');
table(['server', 'what', 'figure'], usage);
console.log(`\nload average at the end ${fixed(loadavg()[0])}`);
for (const side of sides) await stop(side);
