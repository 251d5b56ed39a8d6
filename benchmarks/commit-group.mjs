// Durable inserts in process: the engine on LevelDB, 64 writers at once, 1 KB items. Prints CPU µs per item, items
// and fdatasync calls per commit group, and bytes written per byte ingested. With strace on the machine the number
// of fdatasync calls is the kernel's; otherwise it is the store's own counter.

import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fixed, machine, root, table } from './harness.mjs';
import { itemOf } from './cosmos-requests.mjs';

const { Engine } = await import(join(root, 'dist/core/engine.js'));
const { openLevelStore } = await import(join(root, 'dist/core/storage/level-store.js'));
const { openEmbeddedLog } = await import(join(root, 'dist/core/storage/embedded-log.js'));
const { HybridClock } = await import(join(root, 'dist/model/hybrid-time.js'));
const { bsonOfJson } = await import(join(root, 'dist/model/bson/json-read.js'));

const context = { account: 1 };
const name = { database: 'bench', container: 'items' };

function bytesWritten() {
  return Number(/write_bytes: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))[1]);
}

/** Counts the fdatasync calls of this process by strace, when it is installed. */
async function traceSyncs() {
  try {
    execFileSync('strace', ['-V'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  const file = join(tmpdir(), `meridian-strace-${process.pid}`);
  const tracer = spawn('strace', ['-f', '-c', '-e', 'trace=fdatasync,fsync', '-o', file, '-p', String(process.pid)], { stdio: 'ignore' });
  await delay(500);
  return async () => {
    tracer.kill('SIGINT');
    await delay(500);
    const line = readFileSync(file, 'utf8').split('\n').find((text) => text.includes('fdatasync'));
    rmSync(file);
    return line === undefined ? undefined : Number(line.trim().split(/\s+/)[3]);
  };
}

const rows = [];
for (const { writers, items, traced } of [
  { writers: 1, items: 1_000, traced: false },
  { writers: 64, items: 20_000, traced: false },
  { writers: 64, items: 6_400, traced: true },
]) {
  const directory = mkdtempSync(join(tmpdir(), 'meridian-bench-commit-'));
  const store = await openLevelStore(directory);
  const engine = await Engine.open({
    log: await openEmbeddedLog(store, { account: 1, group: 0 }),
    clock: new HybridClock(() => Date.now()),
    region: { id: 0, name: 'South Central US' },
    partitionsDefault: 1,
    pause: delay,
  });
  await engine.execute({ kind: 'create-database', id: name.database }, context);
  await engine.execute({ kind: 'create-container', ...name, profile: 'documents', partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 } }, context);
  const bodies = Array.from({ length: items }, (_, i) => bsonOfJson(Buffer.from(JSON.stringify(itemOf(i)))));
  const ingested = bodies.reduce((sum, body) => sum + body.length, 0);
  const finish = traced ? await traceSyncs() : undefined;
  if (traced && finish === undefined) {
    console.log('strace is not installed: the kernel was not asked\n');
    continue;
  }
  const before = { ...engine.counters, syncs: store.syncs, cpu: process.cpuUsage(), bytes: bytesWritten(), ms: performance.now() };
  let next = 0;
  await Promise.all(
    Array.from({ length: writers }, async () => {
      while (next < items) await engine.execute({ kind: 'write-item', ...name, write: { kind: 'create-item', body: bodies[next++], view: 'exact' } }, context);
    }),
  );
  const elapsed = (performance.now() - before.ms) / 1000;
  const cpu = process.cpuUsage(before.cpu);
  const groups = engine.counters.groups - before.groups;
  const kernelSyncs = await finish?.();
  const syncs = kernelSyncs ?? store.syncs - before.syncs;
  await engine.close();
  await store.close();
  rows.push([
    writers,
    items,
    traced ? 'strace' : 'counter',
    fixed((cpu.user + cpu.system) / items),
    fixed(items / elapsed, 0),
    fixed(items / groups),
    fixed(syncs / groups, 2),
    fixed((bytesWritten() - before.bytes) / ingested, 2),
  ]);
  rmSync(directory, { recursive: true, force: true });
}
console.log(`durable inserts in process; ${machine()}\n`);
table(['writers', 'items', 'syncs by', 'CPU µs/item', 'items/s', 'items/group', 'fdatasync/group', 'bytes written/byte'], rows);
