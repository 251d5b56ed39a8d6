// The engine with its index, in process, on disk, every write durable: what ingest costs as a container grows, what
// queries cost at each size, after deletes and after half of it was replaced twice, how a directory opens, and what
// a scan does to point reads. Prints each phase when it is done, the goal of the design beside it.
//
// Usage: node benchmarks/index-engine.mjs [--size 100000]. A million takes some minutes and 3 GB in the temporary
// directory. CPU µs are user and system time of all threads, without what making the documents took.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bsonOf, documentOf, jsonBytesMean } from './documents.mjs';
import { Embedded, matchesNone } from './embedded.mjs';
import { queryRows, queryTable } from './engine-queries.mjs';
import { fixed, machine, memoryMB, ownProcess, table, temporaryDirectory } from './harness.mjs';
import {
  bytesBelow,
  mainThreadMicros,
  micros,
  ownBytesWritten,
  ownCpuMicros,
  quiet,
  runConcurrently,
  Samples,
} from './measure.mjs';

const { values: options } = parseArgs({
  options: { size: { type: 'string', default: '100000' }, reopen: { type: 'string' }, leave: { type: 'string' } },
});
const size = Number(options.size);
const main = 'items';
const batch = 100;
/** Containers that are too small to be flushed, and items in each: what a start has to replay. */
const smallContainers = 20;
const smallItems = 1_000;
/** Documents made ahead of the writes that are measured. */
const madeAhead = 2_000;

/** Documents made so far with the status that is counted. */
let paid = 0;

/** Makes documents and says which CPU time and written bytes are not theirs. */
function makeDocuments(from, count, version) {
  const before = mainThreadMicros();
  const bodies = Array.from({ length: count }, (_, k) => {
    const document = documentOf(from + k, version);
    if (document.status === 'paid') paid++;
    return bsonOf(document);
  });
  return { bodies, made: mainThreadMicros() - before };
}

const notIndexFiles = /(\.ldb|\.log|MANIFEST-\d+|CURRENT|LOCK|LOG|LOG\.old|meridian\.json|lock|\.pem|\.key)$/;

/** Bytes of the segments, on disk or as the index counts them; undefined when there are none. */
function indexBytes(embedded, directory) {
  const statistics = embedded.index(main)?.statistics();
  const bytes = statistics?.segmentBytes ?? bytesBelow(directory, (path) => !notIndexFiles.test(path));
  return bytes === 0 ? undefined : bytes;
}

/** Writes documents [from, to) by `write(bodies)` and gives the figures of this interval. */
async function ingest(from, to, write) {
  const before = { cpu: ownCpuMicros(), main: mainThreadMicros(), bytes: ownBytesWritten() };
  let making = 0;
  let bytes = 0;
  let wallMs = 0;
  for (let at = from; at < to; at += madeAhead) {
    const { bodies, made } = makeDocuments(at, Math.min(madeAhead, to - at));
    making += made;
    for (const body of bodies) bytes += body.length;
    const startedMs = performance.now();
    await write(bodies);
    wallMs += performance.now() - startedMs;
  }
  const items = to - from;
  return {
    cpu: (ownCpuMicros() - before.cpu - making) / items,
    main: (mainThreadMicros() - before.main - making) / items,
    wall: (wallMs * 1_000) / items,
    written: ownBytesWritten() - before.bytes,
    bytes,
  };
}

const inBatches = (embedded, container) => async (bodies) => {
  for (let at = 0; at < bodies.length; at += batch) await embedded.writeMany(container, bodies.slice(at, at + batch));
};
const by64 = (embedded, container) => (bodies) =>
  runConcurrently(64, bodies.length, (i) => embedded.write(container, bodies[i]));

/** A fast wrong answer is none. */
async function checkCount(embedded) {
  const { rows } = await embedded.sql(main, "SELECT VALUE COUNT(1) FROM c WHERE c.status = 'paid'");
  if (rows[0].value !== paid) throw new Error(`COUNT gave ${rows[0].value} of ${paid} items`);
}

/** p99 of point reads from the moment they are due, alone and while all items are scanned. */
async function readsUnderScan(embedded) {
  const probe = async (samples, k) => {
    const startedMs = performance.now();
    await nextTurn();
    const i = (k * 7_919) % size;
    await embedded.read(main, documentOf(i % 10 === 5 ? i - 1 : i));
    samples.add((performance.now() - startedMs) * 1_000);
  };
  const alone = new Samples();
  for (let k = 0; k < 3_000; k++) await probe(alone, k);
  const during = new Samples();
  let scans = 0;
  const startedMs = performance.now();
  while (during.count < 3_000 && performance.now() - startedMs < 10_000) {
    let running = true;
    const scan = embedded.find(main, matchesNone).finally(() => {
      running = false;
    });
    while (running) await probe(during, during.count);
    await scan;
    scans++;
  }
  return { alone, during, scans, scanMs: (performance.now() - startedMs) / scans };
}

/** In a process of its own: opens a directory and asks one question. Prints figures as JSON. */
async function reopen(directory) {
  const startedMs = performance.now();
  const embedded = await Embedded.open(directory);
  const openMs = performance.now() - startedMs;
  const queryStartedMs = performance.now();
  const { rows } = await embedded.sql(main, `SELECT VALUE c.id FROM c WHERE c.email = '${documentOf(7).email}'`);
  const firstQueryMs = performance.now() - queryStartedMs;
  const figures = { openMs, firstQueryMs, found: rows.length, anonymous: memoryMB(process.pid).anonymous };
  await embedded.close();
  console.log(JSON.stringify(figures));
}

/** In a process of its own: many containers too small to be flushed, then waits to be killed. */
async function leaveToReplay(directory) {
  const embedded = await Embedded.open(directory);
  for (let k = 0; k < smallContainers; k++) {
    const container = `small-${k}`;
    await embedded.createContainer(container);
    await inBatches(embedded, container)(makeDocuments(size + k * smallItems, smallItems).bodies);
  }
  console.log('written');
  await delay(60_000);
}

/** Writes what has to be replayed, ends the writer with SIGKILL, and opens what it left. */
async function openAfterCrash(directory) {
  const run = (option) => [fileURLToPath(import.meta.url), '--size', String(size), option, directory];
  const writer = ownProcess(spawn(process.execPath, run('--leave'), { stdio: ['ignore', 'pipe', 'inherit'] }));
  const ended = once(writer, 'exit');
  await Promise.race([once(writer.stdout, 'data'), ended]);
  writer.kill('SIGKILL');
  await ended;
  const reader = spawnSync(process.execPath, run('--reopen'), {
    encoding: 'utf8',
    timeout: 300_000,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (reader.status !== 0) throw new Error(`the directory did not open: ${reader.signal ?? reader.status}`);
  return JSON.parse(reader.stdout.trim().split('\n').at(-1));
}

/** Runs a measurement on a directory of its own, and another on what it left there. */
async function onDirectory(measure, afterwards = () => undefined) {
  const directory = temporaryDirectory('index');
  try {
    const embedded = await Embedded.open(directory);
    try {
      await measure(embedded, directory);
    } finally {
      await embedded.close();
    }
    await afterwards(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

if (options.leave !== undefined) {
  await leaveToReplay(options.leave);
  process.exit(1);
}
if (options.reopen !== undefined) {
  await reopen(options.reopen);
  process.exit(0);
}

const stages = [10_000, 100_000, 1_000_000].filter((stage) => stage < size).concat(size);
const jsonBytes = jsonBytesMean();
console.log(`the engine with its index, in process, durable; ${machine()}`);
console.log(`documents of ${fixed(jsonBytes, 0)} B of JSON, ${bsonOf(documentOf(0)).length} B of BSON\n`);

const ingestHead = [
  'items',
  'writers',
  'CPU µs/item (≤ 100)',
  'of it main thread',
  'wall µs/item',
  'written ÷ ingested, interval',
  'so far (≤ 4)',
  'index ÷ JSON (≤ 0.30)',
  'anonymous MB (< 300)',
  'segments (≤ 4 settled)',
];
function ingestRow(stage, writers, figures, sums, embedded, directory) {
  sums.written += figures.written;
  sums.bytes += figures.bytes;
  const index = indexBytes(embedded, directory);
  return [
    stage.toLocaleString('en-US'),
    writers,
    fixed(figures.cpu),
    fixed(figures.main),
    fixed(figures.wall),
    fixed(figures.written / figures.bytes, 2),
    fixed(sums.written / sums.bytes, 2),
    fixed(index && index / (stage * jsonBytes), 3),
    fixed(memoryMB(process.pid).anonymous, 0),
    embedded.index(main)?.statistics().segments ?? '–',
  ];
}

const costs = new Map();
async function life(embedded, directory) {
  await embedded.createContainer(main);
  const sums = { written: 0, bytes: 0 };
  let done = 0;
  for (const stage of stages) {
    const figures = await ingest(done, stage, inBatches(embedded, main));
    costs.set(stage, figures.cpu);
    console.log(`### ${stage.toLocaleString('en-US')} items, ingested in batches of ${batch}\n`);
    table(ingestHead, [ingestRow(stage, `batch ${batch}`, figures, sums, embedded, directory)]);
    done = stage;
    console.log('');
    await quiet();
    await checkCount(embedded);
    queryTable(await queryRows(embedded, main, stage));
    console.log(`\nanonymous memory after the queries: ${fixed(memoryMB(process.pid).anonymous, 0)} MB`);
    console.log('');
  }
  if (costs.has(100_000) && costs.has(1_000_000))
    console.log(`CPU at 1 M ÷ at 100 k: ${fixed(costs.get(1_000_000) / costs.get(100_000), 2)} (goal ≤ 1.2)\n`);

  console.log(`### a tenth deleted\n`);
  const beforeDelete = ownCpuMicros();
  let making = 0;
  const victims = [];
  for (let i = 5; i < size; i += 10) {
    const before = mainThreadMicros();
    const { id, address } = documentOf(i);
    victims.push({ id, address: { city: address.city } });
    making += mainThreadMicros() - before;
  }
  await runConcurrently(64, victims.length, (k) => embedded.delete(main, victims[k]));
  console.log(`delete: ${fixed((ownCpuMicros() - beforeDelete - making) / victims.length)} CPU µs each\n`);
  await quiet();
  queryTable(await queryRows(embedded, main, size, { deleted: true }));

  console.log(`\n### half replaced twice\n`);
  for (const version of [2, 3]) {
    const start = { cpu: ownCpuMicros(), bytes: ownBytesWritten() };
    let cost = 0;
    let bytes = 0;
    for (let at = 0; at < size; at += 2 * madeAhead) {
      const before = mainThreadMicros();
      const bodies = [];
      for (let i = at; i < Math.min(size, at + 2 * madeAhead); i += 2) bodies.push(bsonOf(documentOf(i, version)));
      for (const body of bodies) bytes += body.length;
      cost += mainThreadMicros() - before;
      for (let from = 0; from < bodies.length; from += batch)
        await embedded.writeMany(main, bodies.slice(from, from + batch), 'upsert-item');
    }
    const replaced = size / 2;
    console.log(
      `pass ${version - 1}: ${fixed((ownCpuMicros() - start.cpu - cost) / replaced)} CPU µs per replace, ` +
        `${fixed((ownBytesWritten() - start.bytes) / bytes, 2)} bytes written per byte, ` +
        `${fixed(memoryMB(process.pid).anonymous, 0)} MB anonymous`,
    );
  }
  console.log('');
  await quiet();
  queryTable(await queryRows(embedded, main, size, { deleted: true, version: 3 }));

  console.log('\n### point reads while all items are scanned\n');
  const { alone, during, scans, scanMs } = await readsUnderScan(embedded);
  table(
    ['p50 alone µs', 'p99', `p50 during ${scans} scans of ${fixed(scanMs, 0)} ms, µs`, 'p99', 'factor of p99 (≤ 5)'],
    [
      [
        ...[alone, during].flatMap((one) => [micros(one.at(0.5)), micros(one.at(0.99))]),
        fixed(during.at(0.99) / alone.at(0.99)),
      ],
    ],
  );
}

async function opening(directory) {
  console.log('\n### opening the directory after a crash\n');
  const { openMs, firstQueryMs, found, anonymous } = await openAfterCrash(directory);
  if (found !== 1) throw new Error(`the reopened directory found ${found} items`);
  table(
    ['items', 'to replay, at least', 'ready ms (< 1000)', 'first query ms', 'anonymous MB then'],
    [
      [
        size.toLocaleString('en-US'),
        (smallContainers * smallItems).toLocaleString('en-US'),
        fixed(openMs, 0),
        fixed(firstQueryMs, 1),
        fixed(anonymous, 0),
      ],
    ],
  );
}

await onDirectory(life, opening);

console.log('\n### ingest by 64 writers at once\n');
await onDirectory(async (embedded, directory) => {
  await embedded.createContainer(main);
  const rows = [];
  const sums = { written: 0, bytes: 0 };
  let done = 0;
  for (const stage of stages.filter((one) => one <= 100_000)) {
    const figures = await ingest(done, stage, by64(embedded, main));
    rows.push(ingestRow(stage, 64, figures, sums, embedded, directory));
    done = stage;
  }
  table(ingestHead, rows);
});
