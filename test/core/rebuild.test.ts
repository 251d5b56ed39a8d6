// A partition's index made anew after a change of the policy: it ends up with exactly the live versions, while the
// partition is written to and read.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { everything } from '../../indexer/filter.ts';
import { NumberCursor } from '../../indexer/lookup.ts';
import { openReading } from '../../core/reading.ts';
import { rebuildIndex } from '../../core/rebuild.ts';
import type { Engine } from '../../core/engine.ts';
import type { Partition } from '../../core/partition.ts';
import type { RunningServer } from '../../bin/server.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { randomOf, seedOf } from '../random.ts';
import { serve } from '../serving.ts';

const context = { account: 1 };
const place = { database: 'd', container: 'c' };
const never = new AbortController().signal;

let server: RunningServer;
let engine: Engine;
let partition: Partition;

function bodyOf(i: number, round: number): Uint8Array {
  return new BsonWriter(64)
    .beginDocument()
    .string('id', `i${i}`)
    .double('a', i % 10)
    .double('b', round)
    .end()
    .finish();
}

function settingsWithout(path: string): Uint8Array {
  const writer = new BsonWriter().beginDocument().beginObject('indexingPolicy').string('indexingMode', 'consistent');
  writer.beginArray('includedPaths').beginObject('').string('path', '/*').end().end();
  writer.beginArray('excludedPaths').beginObject('').string('path', path).end().end();
  return writer.end().end().finish();
}

async function upsert(first: number, count: number, round: number): Promise<void> {
  const writes = Array.from(
    { length: count },
    (_, i) => ({ kind: 'upsert-item', body: bodyOf(first + i, round), view: 'exact' }) as const,
  );
  await engine.execute({ kind: 'write-items', ...place, writes, ordered: true }, context);
}

function numbersOf(): number[] {
  const numbers: number[] = [];
  const cursor = new NumberCursor(partition.index.now(), everything);
  for (let number = cursor.next(); number !== 0; number = cursor.next()) numbers.push(number);
  return numbers;
}

beforeEach(async () => {
  server = await serve({ memory: true });
  engine = server.deployment.accounts[0]!.engine;
  await engine.execute({ kind: 'create-database', id: 'd' }, context);
  const { partitions } = await engine.execute({ kind: 'create-container', ...place, profile: 'documents' }, context);
  partition = engine.state.partition(partitions[0]!.partition)!;
  await upsert(0, 400, 1);
});
afterEach(() => server.stop());

describe('a new policy', () => {
  test('makes the index outdated, which goes on answering until it is built anew', async () => {
    expect(partition.isIndexOutdated).toBe(false);
    await engine.execute({ kind: 'replace-container', ...place, settings: settingsWithout('/b/?') }, context);
    expect(partition.isIndexOutdated).toBe(true);
    expect(partition.index.paths.resolve(['b']).kind).toBe('path');
    expect(await rebuildIndex(partition, { state: engine.state, signal: never })).toBe(true);
    expect(partition.isIndexOutdated).toBe(false);
    expect(partition.index.paths.resolve(['b']).kind).toBe('excluded');
    expect(partition.index.items).toBe(400);
  });

  test('is refused when it is none', async () => {
    const settings = settingsWithout('no slash');
    await expect(engine.execute({ kind: 'replace-container', ...place, settings }, context)).rejects.toMatchObject({
      code: 'BadRequest',
    });
  });

  test('takes in what is written while the index is built, and leaves readings as they were', async () => {
    const seed = seedOf();
    const random = randomOf(seed);
    await engine.execute({ kind: 'replace-container', ...place, settings: settingsWithout('/b/?') }, context);
    const reading = openReading(engine.state, engine.catalog.container('d', 'c'), {}, 0);
    const before = numbersOf();
    const built = rebuildIndex(partition, { state: engine.state, signal: never });
    for (let round = 2; partition.rebuilding !== undefined; round++) {
      await upsert(Math.floor(random() * 400), 1 + Math.floor(random() * 40), round);
      const id = `i${Math.floor(random() * 400)}`;
      const write = { kind: 'delete-item', id, partitionKey: [] } as const;
      await engine.execute({ kind: 'write-items', ...place, writes: [write], ordered: true }, context);
    }
    expect(await built, `seed ${seed}`).toBe(true);
    const seen: number[] = [];
    const cursor = new NumberCursor(reading.partitions[0]!.view, everything);
    for (let number = cursor.next(); number !== 0; number = cursor.next()) seen.push(number);
    expect(seen, `seed ${seed}`).toEqual(before);
    reading.release();
    const items = await engine.execute({ kind: 'read-feed', ...place, scope: {}, itemsMax: 1_000 }, context);
    expect(items.items.map(({ lsn }) => lsn).sort((a, b) => a - b)).toEqual(
      numbersOf().map((number) => partition.read(number).lsn),
    );
    expect(partition.index.lsn).toBe(partition.lsn);
    for (const { id } of items.items) expect(partition.index.find(id, '[]')).toBeGreaterThan(0);
  });

  test('of a container that is dropped meanwhile is given up', async () => {
    await engine.execute({ kind: 'replace-container', ...place, settings: settingsWithout('/b/?') }, context);
    const built = rebuildIndex(partition, { state: engine.state, signal: never }).catch(() => false);
    await engine.execute({ kind: 'delete-container', ...place }, context);
    expect(await built).toBe(false);
  });
});
