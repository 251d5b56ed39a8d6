// The engine in process beside PostgreSQL (jsonb with a GIN index over every path, and expression indexes for what GIN
// cannot do) and SQLite (an expression index for every scalar path, each declared): the same documents, every
// write synced, the same questions. CPU is the server's and the client's together, because Meridian has both in
// one process. Everyone goes as far as it comes in 60 s of each size; rounds are interleaved.
//
// Set-up on Debian: apt-get install postgresql-15 sqlite3. The driver `pg` is installed by itself at the first run. A
// peer that is not there is said and left out. Usage: node benchmarks/peers-engine.mjs [--size 100000]

import { parseArgs } from 'node:util';
import { documentOf, firstTime, jsonBytesMean, secondsApart } from './documents.mjs';
import { fixed, machine, table, temporaryDirectory } from './harness.mjs';
import { micros, runConcurrently, timeRuns } from './measure.mjs';
import { meridianSide, postgresSide, sqliteSide } from './peers/sides.mjs';

const { values: options } = parseArgs({ options: { size: { type: 'string', default: '100000' } } });
const size = Number(options.size);
const ingestMsMax = 60_000;
const chunk = 5_000;
const rounds = 3;
const secondsPerRound = 0.6;

const stages = [10_000, 100_000, 1_000_000].filter((stage) => stage < size).concat(size);
const directory = temporaryDirectory('peers');
const sides = [];

/**
 * Adds documents up to `stage` in interleaved chunks, until a side's time is up. What a side's threads still do when
 * its writes are answered belongs to its CPU time, so its turn lasts until they rest; to its wall time it does not.
 */
async function ingest(stage) {
  const spent = new Map(sides.map((side) => [side, { cpu: 0, ms: 0, items: 0 }]));
  for (let at = sides[0].items; at < stage; at += chunk) {
    const documents = Array.from({ length: Math.min(chunk, stage - at) }, (_, k) => documentOf(at + k));
    for (const side of sides) {
      const total = spent.get(side);
      if (side.items !== at || total.ms > ingestMsMax) continue;
      const encoded = side.encode(documents);
      const cpu = side.cpu();
      const startedMs = performance.now();
      await side.insertBatches(encoded);
      total.ms += performance.now() - startedMs;
      await side.rest();
      total.cpu += side.cpu() - cpu;
      total.items += documents.length;
      side.items += documents.length;
    }
  }
  return spent;
}

/** Single documents, durable each, by so many writers: into the loaded table, ids that are not used again. */
async function singles(concurrency, count) {
  const results = new Map();
  for (let round = 0; round < rounds; round++)
    for (const side of sides) {
      if (concurrency > side.writersMax) continue;
      const from = 5_000_000 + side.extra;
      side.extra += count;
      const encoded = side.encode(Array.from({ length: count }, (_, k) => documentOf(from + k)));
      const cpu = side.cpu();
      const ms = await runConcurrently(concurrency, count, (i) => side.insertOne(encoded[i]));
      const list = results.get(side) ?? [];
      list.push({ cpu: (side.cpu() - cpu) / count, wall: (ms * 1_000) / count });
      results.set(side, list);
    }
  return results;
}

const best = (runs, field) => Math.min(...runs.map((run) => run[field]));

function ratioRows(label, results, goal) {
  const ours = results.get(sides[0]);
  return sides
    .filter((side) => results.has(side))
    .map((side) => {
      const runs = results.get(side);
      const isOurs = side === sides[0];
      return [
        label,
        side.name,
        micros(best(runs, 'cpu')),
        micros(best(runs, 'wall')),
        isOurs || ours === undefined ? '' : fixed(best(ours, 'cpu') / best(runs, 'cpu'), 3),
        isOurs || ours === undefined ? '' : fixed(best(ours, 'wall') / best(runs, 'wall'), 3),
        isOurs ? '' : goal,
      ];
    });
}

const head = ['what', 'who', 'CPU µs', 'wall µs', 'our CPU ÷ theirs', 'our wall ÷ theirs', 'goal, CPU ratio'];

async function compare(stage) {
  console.log(`\n### ${stage.toLocaleString('en-US')} documents\n`);
  const spent = await ingest(stage);
  const rows = ratioRows(
    'insert, batches of 100',
    new Map(
      [...spent]
        .filter(([, total]) => total.items > 0)
        .map(([side, { cpu, ms, items }]) => [side, [{ cpu: cpu / items, wall: (ms * 1_000) / items }]]),
    ),
    '≤ 0.75',
  );
  for (const side of sides)
    if (side.items < stage) console.log(`${side.name} came to ${side.items.toLocaleString('en-US')} in its 60 s\n`);
  rows.push(...ratioRows('insert, one at a time', await singles(1, 300), '≤ 0.75'));
  rows.push(...ratioRows('insert, 64 at once', await singles(64, 3_200), '≤ 0.75'));
  for (const side of sides) await side.settle(stage);

  const known = Array.from({ length: 500 }, (_, k) =>
    documentOf(Math.floor((k * Math.min(...sides.map((s) => s.items))) / 500)),
  );
  const emailOf = (i) => known[(i * 7_919) % known.length].email;
  const timeOf = (i) => firstTime + Math.floor(stage * 0.9 * (((i * 7_919) % 1_000) / 1_000)) * secondsApart;
  const questions = [
    ['equality, unique, with its document', '≤ 1', (side, i) => side.equality(emailOf(i))],
    ['range, order, limit 100, with documents', '≤ 1', (side, i) => side.ordered(timeOf(i))],
    ['count of two equalities, 20 % x 1 %', '≤ 1', (side, i) => side.countBoth('paid', i % 100)],
    ['count of 20 %', '≤ 1', (side) => side.countStatus('paid')],
  ];
  for (const [label, goal, ask] of questions) {
    const results = new Map(sides.map((side) => [side, []]));
    for (let round = 0; round < rounds; round++)
      for (const side of sides) {
        const { cpu, p50 } = await timeRuns((i) => ask(side, round * 1_000 + i), {
          cpu: side.cpu,
          secondsMax: secondsPerRound,
        });
        results.get(side).push({ cpu, wall: p50 });
      }
    rows.push(...ratioRows(label, results, goal));
  }
  table(head, rows);
  console.log('');
  const json = jsonBytesMean();
  table(
    ['who', 'index bytes ÷ JSON bytes', 'indexes'],
    await Promise.all(
      sides.map(async (side) => {
        const bytes = await side.indexBytes();
        return [side.name, fixed(bytes && bytes / ((side.items + side.extra) * json), 2), side.indexes];
      }),
    ),
  );
}

console.log(`inserts and queries beside PostgreSQL and SQLite, all durable; ${machine()}`);
try {
  for (const start of [() => meridianSide(directory), postgresSide, sqliteSide]) {
    const side = await start();
    if (side !== undefined) sides.push(Object.assign(side, { items: 0, extra: 0 }));
  }
  for (const stage of stages) await compare(stage);
} finally {
  for (const side of sides) await side.stop();
}
