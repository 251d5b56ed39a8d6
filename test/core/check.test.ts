// The check: sound stores pass, and each kind of damage is named.

import { describe, expect, test } from 'vitest';
import type { RunningServer } from '../../bin/server.ts';
import { checkStore } from '../../core/check.ts';
import { openEmbeddedLog, recordKey } from '../../core/storage/embedded-log.ts';
import { MemoryStore } from '../../core/storage/memory-store.ts';
import type { Store } from '../../core/storage/store.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { checksumOf, decodeHeader, encodeRecord, RecordKind } from '../../model/record.ts';
import { serve } from '../serving.ts';

const log = { account: 1, group: 0 };
const context = { account: 1 };

/** A store that outlives its server, with items written, replaced and deleted. */
async function filledStore(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const close = store.close.bind(store);
  store.close = () => Promise.resolve();
  const server: RunningServer = await serve({ partitions: 3 }, { store });
  const { engine } = server.deployment.accounts[0]!;
  const place = { database: 'd', container: 'c' };
  await engine.execute({ kind: 'create-database', id: 'd' }, context);
  const partitionKey = { paths: ['/pk'], kind: 'Hash', version: 2 } as const;
  await engine.execute({ kind: 'create-container', ...place, profile: 'documents', partitionKey }, context);
  const body = (i: number, round: number): Uint8Array =>
    new BsonWriter(64)
      .beginDocument()
      .string('id', `i${i}`)
      .string('pk', `p${i % 7}`)
      .double('round', round)
      .end()
      .finish();
  const upserts = (round: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ kind: 'upsert-item', body: body(i, round), view: 'exact' }) as const);
  await engine.execute({ kind: 'write-items', ...place, writes: upserts(1, 100), ordered: true }, context);
  await engine.execute({ kind: 'write-items', ...place, writes: upserts(2, 30), ordered: true }, context);
  const deletes = [0, 50].map((i) => ({ kind: 'delete-item', id: `i${i}`, partitionKey: [`p${i % 7}`] }) as const);
  await engine.execute({ kind: 'write-items', ...place, writes: deletes, ordered: true }, context);
  await engine.execute(
    { kind: 'create-container', ...place, container: 'dropped', profile: 'documents', partitionKey },
    context,
  );
  await engine.execute({ kind: 'delete-container', ...place, container: 'dropped' }, context);
  await server.stop();
  store.close = close;
  return store;
}

/** Sequence of the nth record of that kind; from the end when negative. */
async function sequenceOf(store: Store, kind: RecordKind, at: number): Promise<number> {
  const found: number[] = [];
  for await (const chunk of store.scan({}))
    for (const [key, record] of chunk)
      if (key.length === 15 && decodeHeader(record).kind === kind) found.push(decodeHeader(record).sequence);
  return found.at(at)!;
}

function put(store: Store, sequence: number, value: Uint8Array | undefined): Promise<void> {
  return store.write([{ key: recordKey(log, sequence), value }], { sync: true });
}

function get(store: Store, sequence: number): Uint8Array {
  return store.getSync(recordKey(log, sequence))!.slice();
}

/** The same record with other contents and a right checksum: damage that only its neighbours show. */
function altered(
  record: Uint8Array,
  change: Partial<ReturnType<typeof decodeHeader>>,
  body = record.subarray(80),
): Uint8Array {
  return encodeRecord({ ...decodeHeader(record), ...change }, body);
}

describe('a sound store', () => {
  test('passes, and what it holds is counted', async () => {
    const report = await checkStore(await filledStore());
    expect(report.faults).toEqual([]);
    expect(report.logs).toMatchObject([
      { account: 1, group: 0, databases: 1, containers: 1, partitions: 3, items: 98, trimmed: 0 },
    ]);
  });

  test('passes after superseded records were trimmed', async () => {
    const store = await filledStore();
    const superseded: number[] = [];
    for await (const chunk of store.scan({}))
      for (const [, record] of chunk) {
        const { supersedes } = decodeHeader(record);
        if (supersedes > 0) superseded.push(supersedes);
      }
    const embedded = await openEmbeddedLog(store, log);
    await embedded.trim(superseded.sort((a, b) => a - b));
    await embedded.close();
    const report = await checkStore(store);
    expect(report.faults).toEqual([]);
    expect(report.logs[0]).toMatchObject({ items: 98, trimmed: superseded.length });
  });

  test('that is empty passes', async () => {
    expect(await checkStore(new MemoryStore())).toEqual({ logs: [], faultCount: 0, faults: [] });
  });
});

describe('damage', () => {
  test('of a single bit anywhere in a record is found', async () => {
    const store = await filledStore();
    const sequence = await sequenceOf(store, RecordKind.replace, 5);
    const good = get(store, sequence);
    for (let byte = 0; byte < good.length; byte += 7) {
      const bad = good.slice();
      bad[byte] = bad[byte]! ^ (1 << (byte % 8));
      await put(store, sequence, bad);
      const report = await checkStore(store);
      expect(
        report.faults.some((fault) => fault.includes(`record ${sequence}`)),
        `byte ${byte}`,
      ).toBe(true);
    }
    await put(store, sequence, good);
    expect((await checkStore(store)).faultCount).toBe(0);
  });

  test('by a missing record is found', async () => {
    const store = await filledStore();
    const sequence = await sequenceOf(store, RecordKind.insert, 40);
    await put(store, sequence, undefined);
    const report = await checkStore(store);
    expect(report.faults[0]).toBe(`account 1, log 0: record ${sequence} is missing`);
  });

  test('by a missing first record is found', async () => {
    const store = await filledStore();
    await put(store, 1, undefined);
    expect((await checkStore(store)).faults[0]).toContain('record 1 is missing');
  });

  test('by a record exchanged for another is found', async () => {
    const store = await filledStore();
    const sequence = await sequenceOf(store, RecordKind.insert, 40);
    await put(store, sequence, get(store, sequence + 1));
    expect((await checkStore(store)).faults.join('\n')).toContain(`record ${sequence} says that it is ${sequence + 1}`);
  });

  test('by forged contents breaks the chain after it', async () => {
    const store = await filledStore();
    const sequence = await sequenceOf(store, RecordKind.replace, 5);
    const record = get(store, sequence);
    const forged = altered(record, { ttlSeconds: 1 });
    expect(checksumOf(forged)).not.toBe(checksumOf(record));
    await put(store, sequence, forged);
    expect((await checkStore(store)).faults).toEqual([
      `account 1, log 0: record ${sequence + 1} does not follow record ${sequence}: the chain is broken`,
    ]);
  });

  test.each([
    ['an LSN that skips', { lsn: 10_000 }, /too few records are missing/],
    ['an LSN that falls', { lsn: 0 }, /do not rise/],
    ['a version that ends another than the last', { supersedes: 1 }, /supersedes record 1, not/],
    ['an older epoch', { epoch: 0 }, /earlier epoch/],
    ['an older time', { hybridTime: 1 as never }, /is older than/],
    ['a wrong place in its entry', { index: 3_000 }, /wrong place in its entry/],
  ])('by %s is found', async (_name, change, words) => {
    const store = await filledStore();
    const sequence = await sequenceOf(store, RecordKind.replace, 5);
    await put(store, sequence, altered(get(store, sequence), change));
    expect((await checkStore(store)).faults.join('\n')).toMatch(words);
  });

  test('of a body that is no BSON is found', async () => {
    const store = await filledStore();
    const sequence = await sequenceOf(store, RecordKind.insert, 40);
    await put(store, sequence, altered(get(store, sequence), {}, new Uint8Array([9, 0, 0, 0, 1, 2, 3, 4, 0])));
    expect((await checkStore(store)).faults.join('\n')).toContain(`record ${sequence}: its body is not BSON`);
  });

  test('by a cut at the end within an entry is found', async () => {
    const store = await filledStore();
    const embedded = await openEmbeddedLog(store, log);
    const { sequence } = await embedded.tail();
    await embedded.close();
    const record = get(store, sequence);
    await put(store, sequence, altered(record, { flags: 0 }));
    expect((await checkStore(store)).faults.join('\n')).toContain('the log ends within an entry');
  });

  test('that is everywhere is counted, and listed up to a bound', async () => {
    const store = await filledStore();
    for (let sequence = 2; sequence < 130; sequence++) {
      const record = get(store, sequence);
      record[20] = record[20]! ^ 1;
      await put(store, sequence, record);
    }
    const report = await checkStore(store);
    expect(report.faultCount).toBeGreaterThan(100);
    expect(report.faults).toHaveLength(100);
  });
});
