// The index alone, without a store: what an item costs to add, flush and merge, what it takes on disk, what queries
// cost. CPU microseconds (user + system of the process), because the machine is shared; queries are medians of wall
// time in one thread. Build first (`tsc -p tsconfig.build.json`); usage: node benchmarks/index-micro.mjs [items …]

import { closeSync, mkdtempSync, openSync, readSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BsonWriter } from '../dist/model/bson/write.js';
import { BlockCache } from '../dist/indexer/block-cache.js';
import { DistinctCursor } from '../dist/indexer/distinct-cursor.js';
import { allOf, between, equal, exists } from '../dist/indexer/filter.js';
import { flushSteps } from '../dist/indexer/flush.js';
import { allValues, count, NumberCursor } from '../dist/indexer/lookup.js';
import { mergeSteps } from '../dist/indexer/merge.js';
import { OrderCursor } from '../dist/indexer/order-cursor.js';
import { PartitionIndex } from '../dist/indexer/partition-index.js';
import { anyElement, defaultPolicy } from '../dist/indexer/policy.js';
import { PagePool } from '../dist/indexer/pool.js';
import { Segment } from '../dist/indexer/segment-read.js';

let state = 12345;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
}
const below = (limit) => Math.floor(random() * limit);
const hex = (length) => Array.from({ length }, () => '0123456789abcdef'[below(16)]).join('');
const words = Array.from({ length: 400 }, () => hex(3 + below(6)));
const text = (length) => {
  let out = '';
  while (out.length < length) out += `${words[below(words.length)]} `;
  return out.slice(0, length);
};

/** One item of about 1,030 BSON bytes with 27 leaf values, and what queries need to know of it. */
function makeItem(i) {
  const id = hex(24);
  const email = `${hex(10)}@example.org`;
  const writer = new BsonWriter().beginDocument();
  writer
    .string('id', id)
    .string('email', email)
    .string('name', `${words[below(400)]} ${words[below(400)]}`);
  writer.int32('percent', below(100)).string('status', ['new', 'open', 'paid', 'sent', 'done'][below(5)]);
  writer.boolean('half', random() < 0.5).double('score', Math.round(random() * 1e6) / 100);
  writer
    .double('ts', 1.7e9 + i * 3 + below(3))
    .null('note')
    .int32('version', 1);
  writer
    .beginObject('address')
    .string('street', `${words[below(400)]} ${below(200)}`)
    .string('city', words[below(60)]);
  writer.string('zip', String(10000 + below(5000))).string('country', words[below(20)]);
  writer
    .double('lat', Math.round(random() * 180e4) / 1e4)
    .double('lng', Math.round(random() * 360e4) / 1e4)
    .end();
  writer.beginArray('tags');
  for (let k = 0; k < 3; k++) writer.string('', `tag-${below(1000)}`);
  writer.end().beginArray('lines');
  for (let k = 0; k < 2; k++)
    writer
      .beginObject('')
      .string('sku', `sku-${below(2000)}`)
      .int32('quantity', 1 + below(9))
      .double('price', below(9999) / 100)
      .end();
  writer
    .end()
    .beginObject('meta')
    .string('source', words[below(8)])
    .string('batch', `batch-${i >> 10}`)
    .end();
  return { id, email, item: writer.string('text', text(480)).end().finish() };
}

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

function timed(totals, name, run) {
  const start = cpu();
  const result = run();
  totals[name] = (totals[name] ?? 0) + cpu() - start;
  return result;
}

function drive(steps) {
  let longest = 0;
  let peak = 0;
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; ; i++) {
    const start = cpu();
    const step = steps.next();
    longest = Math.max(longest, (cpu() - start) / 1000);
    if (i % 16 === 0 || step.done) peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    if (step.done) return { longest, peak };
  }
}

class Host {
  directory = mkdtempSync(join(tmpdir(), 'meridian-index-'));
  cache = new BlockCache();
  pool = new PagePool();
  files = new Map();
  index = new PartitionIndex({ policy: defaultPolicy, pool: this.pool, identityField: 'id' });
  totals = {};
  longestMs = { flush: 0, merge: 0 };
  mergedItems = 0;
  flushedItems = 0;
  flushedBytes = 0;
  /** Most array buffer memory that one merge took, uncollected garbage included. */
  scratch = 0;

  open(name) {
    const { file, bytes } = this.files.get(name);
    const read = (offset, length, into) => {
      const buffer = into ?? new Uint8Array(length);
      return buffer.subarray(0, readSync(file, buffer, 0, length, offset));
    };
    return new Segment(name, read, bytes, this.cache);
  }

  write(stepsOf, kind) {
    const name = `${this.files.size}-${Math.random()}`;
    const path = join(this.directory, name);
    const file = openSync(path, 'w+');
    let bytes = 0;
    const { longest, peak } = drive(
      stepsOf({
        write: (piece) => {
          writeSync(file, piece);
          bytes += piece.length;
        },
      }),
    );
    this.longestMs[kind] = Math.max(this.longestMs[kind], longest);
    if (kind === 'merge') this.scratch = Math.max(this.scratch, peak);
    this.files.set(name, { file, bytes, path });
    return name;
  }

  flush() {
    this.index.freeze();
    for (let job = this.index.nextFlush(); job !== undefined; job = this.index.nextFlush()) {
      const name = timed(this.totals, 'flush', () => this.write((sink) => flushSteps(job.input, sink), 'flush'));
      this.flushedItems += job.input.image.count;
      this.flushedBytes += this.files.get(name).bytes;
      timed(this.totals, 'install', () => this.index.installFlush(job, this.open(name)));
    }
  }

  merge(idle) {
    for (let job = this.index.nextMerge(idle); job !== undefined; job = this.index.nextMerge(idle)) {
      const inputs = job.inputs.map(({ name, purge }) => ({ segment: this.open(name), purge }));
      for (const { segment } of inputs) this.mergedItems += segment.count;
      const older = job.older.map((name) => this.open(name));
      const name = timed(this.totals, 'merge', () => this.write((sink) => mergeSteps(inputs, older, sink), 'merge'));
      for (const segment of [...inputs.map((input) => input.segment), ...older]) segment.close();
      for (const retired of timed(this.totals, 'install', () => this.index.installMerge(job, this.open(name)))) {
        retired.close();
        const { file, path } = this.files.get(retired.name);
        closeSync(file);
        unlinkSync(path);
        this.files.delete(retired.name);
      }
    }
  }

  close() {
    this.index.close();
    for (const { file } of this.files.values()) closeSync(file);
    rmSync(this.directory, { recursive: true });
  }
}

function median(samples) {
  samples.sort((a, b) => a - b);
  return samples[samples.length >> 1];
}

function p50(rounds, run) {
  const samples = [];
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    run(i);
    samples.push((performance.now() - start) * 1000);
  }
  return median(samples);
}

function pathOf(index, ...steps) {
  const resolved = index.paths.resolve(steps, 'nested');
  return resolved.path;
}

function numbers(view, filter) {
  const cursor = new NumberCursor(view, filter);
  let found = 0;
  while (cursor.next() !== 0) found++;
  return found;
}

function queries(index, known, label, items) {
  const path = (...steps) => pathOf(index, ...steps);
  const emails = known.map(({ email }) => equal(path('email'), email));
  const status = equal(path('status'), 'paid');
  const half = equal(path('half'), true);
  const view = () => index.now();
  const rows = {
    'equality, unique': p50(2000, (i) => new NumberCursor(view(), emails[i % emails.length]).next()),
    'equality, absent': p50(2000, (i) => new NumberCursor(view(), equal(path('email'), `no-${i}`)).next()),
    'id, present': p50(2000, (i) => index.find(known[i % known.length].id, '')),
    'id, absent': p50(2000, (i) => index.find(`no-${i}`, '')),
    'COUNT 20 %': p50(400, () => count(view(), status)),
    'AND 20 % x 1 %, count': p50(200, (i) => count(view(), allOf(status, equal(path('percent'), i % 100)))),
    'AND 20 % x 50 %, count': p50(200, () => count(view(), allOf(status, half))),
    'array-any, all numbers': p50(200, (i) => numbers(view(), equal(path('tags', anyElement), `tag-${i}`))),
    'existence, count': p50(400, () => count(view(), exists(path('address', 'city')))),
    'ORDER BY ts > x LIMIT 100': p50(100, () => {
      const range = between(path('ts'), { value: 1.7e9 + below(items * 3), inclusive: false }, undefined).range;
      const cursor = new OrderCursor(view(), { path: path('ts'), range });
      for (let i = 0; i < 100 && cursor.next() === 'item'; i++);
    }),
    'the same, backwards': p50(100, () => {
      const range = between(path('ts'), undefined, { value: 1.7e9 + below(items * 3), inclusive: false }).range;
      const cursor = new OrderCursor(view(), { path: path('ts'), range, backwards: true });
      for (let i = 0; i < 100 && cursor.next() === 'item'; i++);
    }),
    'ORDER BY email LIMIT 100, status filter': p50(50, () => {
      const cursor = new OrderCursor(view(), { path: path('email'), filter: status });
      for (let i = 0; i < 100 && cursor.next() === 'item'; i++);
    }),
    'DISTINCT city with counts': p50(20, () => {
      const cursor = new DistinctCursor(view(), { path: path('address', 'city'), range: allValues });
      while (cursor.next() === 'term');
    }),
  };
  console.log(`\n${label}: ${index.segments.length} segments (${index.segments.map((s) => s.count).join(', ')})`);
  for (const [name, us] of Object.entries(rows)) console.log(`  ${name.padEnd(42)} ${us.toFixed(1)} µs`);
}

for (const items of process.argv
  .slice(2)
  .map(Number)
  .concat(process.argv.length > 2 ? [] : [100_000])) {
  const host = new Host();
  const { index, totals } = host;
  const known = [];
  let bytes = 0;
  let longestAddMs = 0;
  let firstOrderMs = 0;
  const batch = 500;
  for (let at = 0; at < items; at += batch) {
    const made = Array.from({ length: batch }, (_, i) => makeItem(at + i));
    if (at % 5000 === 0) known.push(made[0]);
    for (const { item } of made) bytes += item.length;
    timed(totals, 'add', () => {
      const start = cpu();
      for (let i = 0; i < batch; i++)
        index.add(at + i + 1, at + i + 1, made[i].item, {
          id: made[i].id,
          key: '',
          created: at + i + 1,
          seconds: 0,
          ttlSeconds: 0,
        });
      longestAddMs = Math.max(longestAddMs, (cpu() - start) / 1000);
    });
    if (index.flushDue) {
      if (firstOrderMs === 0) {
        const start = cpu();
        const cursor = new OrderCursor(index.now(), { path: pathOf(index, 'email') });
        cursor.next();
        firstOrderMs = (cpu() - start) / 1000;
      }
      host.flush();
      host.merge(false);
    }
  }
  console.log(`\n# ${items} items, ${(bytes / items).toFixed(0)} B of BSON each, Node ${process.version}`);
  const onDisk = () => index.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  console.log(
    `  add     ${(totals.add / items).toFixed(1)} CPU µs/item (longest batch of ${batch}: ${longestAddMs.toFixed(1)} CPU ms)`,
  );
  console.log(
    `  flush   ${(totals.flush / host.flushedItems).toFixed(1)} CPU µs/item flushed, longest slice ${host.longestMs.flush.toFixed(1)} CPU ms`,
  );
  console.log(
    `  merge   ${(totals.merge / items).toFixed(1)} CPU µs/item, ${(totals.merge / host.mergedItems).toFixed(1)} per item and pass, ` +
      `${(host.mergedItems / items).toFixed(2)} passes, longest slice ${host.longestMs.merge.toFixed(1)} CPU ms`,
  );
  console.log(`  install ${(totals.install / items).toFixed(2)} CPU µs/item`);
  console.log(`  first ORDER BY on a full memtable ${firstOrderMs.toFixed(1)} CPU ms`);
  console.log(
    `  flushed segments ${(host.flushedBytes / host.flushedItems).toFixed(0)} B/item; memtable ${(index.memtableBytes / 1e6).toFixed(1)} MB left`,
  );
  queries(index, known, 'as loaded', items);
  host.flush();
  const beforeSettle = totals.merge ?? 0;
  host.merge(true);
  console.log(`\n  settling: ${((totals.merge - beforeSettle) / items).toFixed(1)} CPU µs/item`);
  console.log(
    `  index ${(onDisk() / items).toFixed(0)} B/item, resident ${(index.segments.reduce((s, g) => s + g.residentBytes, 0) / items).toFixed(2)} B/item`,
  );
  console.log(`  largest merge took ${(host.scratch / 1e6).toFixed(1)} MB of buffers at its peak`);
  const opening = performance.now();
  const reopened = new PartitionIndex({
    policy: defaultPolicy,
    pool: host.pool,
    identityField: 'id',
    segments: index.segments.map(({ name }) => host.open(name)),
  });
  console.log(`  reopening ${reopened.segments.length} segments ${(performance.now() - opening).toFixed(1)} ms`);
  reopened.close();
  queries(index, known, 'settled', items);
  const start = cpu();
  let lsn = items;
  for (let i = 5; i < items; i += 10) index.kill(i, ++lsn);
  console.log(`\n  delete ${((cpu() - start) / (items / 10)).toFixed(2)} CPU µs each`);
  host.flush();
  queries(index, known, 'a tenth deleted, not merged', items);
  const started = cpu();
  const madeBefore = totals.merge ?? 0;
  const flushedBefore = totals.flush;
  let generating = 0;
  const current = new Map();
  let number = items;
  for (let round = 0; round < 2; round++)
    for (let i = 2; i <= items; i += 2) {
      const before = cpu();
      const made = makeItem(i);
      generating += cpu() - before;
      number++;
      lsn++;
      index.kill(current.get(i) ?? i, lsn);
      index.add(number, lsn, made.item, { id: made.id, key: '', created: lsn, seconds: 0, ttlSeconds: 0 });
      current.set(i, number);
      if (index.flushDue) {
        host.flush();
        host.merge(false);
      }
    }
  const other = generating + totals.merge - madeBefore + totals.flush - flushedBefore;
  console.log(
    `\n  half replaced twice: ${((cpu() - started - other) / items).toFixed(1)} CPU µs each, flush ${((totals.flush - flushedBefore) / items).toFixed(1)}, merge ${((totals.merge - madeBefore) / items).toFixed(1)}`,
  );
  host.flush();
  host.merge(true);
  console.log(`  index ${(onDisk() / index.items).toFixed(0)} B per live item`);
  queries(
    index,
    known.filter((_, i) => i % 2 === 1),
    'half replaced twice, settled',
    items,
  );
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  console.log(
    `  rss ${(rss / 1e6).toFixed(0)} MB, heap ${(heapUsed / 1e6).toFixed(0)}, buffers ${(arrayBuffers / 1e6).toFixed(0)}, cache ${(host.cache.bytes / 1e6).toFixed(0)}`,
  );
  host.close();
}
