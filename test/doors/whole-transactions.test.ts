// Nobody sees half a transaction: while transactions of a table rewrite, add and take away whole sets of rows, readers of
// every door and of core look at them in one piece. Each row says which transaction wrote it and how many rows that one
// left, so that one look tells. More rounds with MERIDIAN_TEST_SCALE.

import { setImmediate as turn } from 'node:timers/promises';
import { CosmosClient, type Container } from '@azure/cosmos';
import { MongoClient, type Collection } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningServer } from '../../bin/server.ts';
import { fieldOf, type Raw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import type { Item, ItemWrite, Operation, OperationKind, Result } from '../../model/operation.ts';
import { always, type Predicate } from '../../model/predicate.ts';
import { valueOf } from '../../model/value.ts';
import { wellKnownKey } from '../clients/cosmos-http.ts';
import { randomOf, seedOf, testScale } from '../random.ts';
import { serve } from '../serving.ts';

const rounds = 40 * testScale;
/** On a machine that is slow to let every reader look. */
const roundsMax = 50 * rounds;
const partitions = ['even', 'odd', 'third'];
const rowsMax = 40;
const name = { database: 'tables', container: 'Rows' };

let server: RunningServer;
let cosmos: CosmosClient;
let container: Container;
let mongo: MongoClient;
let collection: Collection;

beforeAll(async () => {
  server = await serve({ memory: true, partitions: 2 });
  await execute({
    kind: 'create-container',
    ...name,
    profile: 'table',
    partitionKey: { paths: ['/PartitionKey'], kind: 'Hash', version: 2 },
    createDatabase: true,
  });
  cosmos = new CosmosClient({ endpoint: server.endpoints.sql!, key: wellKnownKey });
  container = cosmos.database(name.database).container(name.container);
  mongo = await MongoClient.connect(server.endpoints.mongo!);
  collection = mongo.db(name.database).collection(name.container);
}, 60_000);

afterAll(async () => {
  await mongo.close();
  cosmos.dispose();
  await server.stop();
}, 60_000);

function execute<Kind extends OperationKind>(operation: Operation<Kind>): Promise<Result<Kind>> {
  const { engine, number } = server.deployment.accounts[0]!;
  return engine.execute(operation, { account: number });
}

/** What one look shows of a row: the transaction that wrote it, and the number of rows that one left. */
interface Seen {
  readonly round: number;
  readonly rows: number;
}

const rowKeyOf = (row: number): string => String(row).padStart(3, '0');

function bodyOf(partitionKey: string, row: number, { round, rows }: Seen): Uint8Array {
  return new BsonWriter()
    .beginDocument()
    .string('PartitionKey', partitionKey)
    .string('RowKey', rowKeyOf(row))
    .int32('round', round)
    .int32('rows', rows)
    .string('pad', 'x'.repeat(200))
    .end()
    .finish();
}

const seenOf = ({ body }: Item): Seen => ({
  round: valueOf(fieldOf(body, 'round')) as number,
  rows: valueOf(fieldOf(body, 'rows')) as number,
});

/** All rows of one transaction, and nothing else; returns which. */
function expectWhole(reader: string, seen: readonly Seen[]): number {
  const [first] = seen;
  expect([reader, seen.length]).toEqual([reader, first?.rows ?? 0]);
  for (const row of seen) expect([reader, row]).toEqual([reader, first]);
  return first?.round ?? 0;
}

async function write(partitionKey: string, before: number, seen: Seen): Promise<void> {
  const writes: ItemWrite[] = [];
  for (let row = 0; row < seen.rows; row++)
    writes.push({ kind: 'upsert-item', body: bodyOf(partitionKey, row, seen), view: 'exact' });
  for (let row = seen.rows; row < before; row++)
    writes.push({ kind: 'delete-item', id: rowKeyOf(row), partitionKey: [partitionKey] });
  const outcome = await execute({ kind: 'batch-items', ...name, partitionKey: [partitionKey], writes });
  expect(outcome.kind).toBe('committed');
}

/** Moves partitions while they are written and read. */
async function split(): Promise<void> {
  for (let times = 0; times < 2; times++) {
    await turn();
    const { partitions: now } = await execute({ kind: 'read-container', ...name });
    await execute({ kind: 'split-partition', ...name, range: now[times]!.range, parts: 2 });
  }
}

const ofPartition = (partitionKey: string): Predicate => ({
  kind: 'path',
  path: ['PartitionKey'],
  test: { kind: 'compare', operator: 'eq', value: stringRaw(partitionKey) },
});

function stringRaw(text: string): Raw {
  return fieldOf(new BsonWriter().beginDocument().string('x', text).end().finish(), 'x')!;
}

async function search(partitionKey: string, predicate: Predicate, itemsMax: number): Promise<Seen[]> {
  const found = await execute({
    kind: 'open-search',
    ...name,
    scope: predicate === always ? { partitionKey: [partitionKey] } : {},
    predicate,
    view: 'stored',
  });
  const seen: Seen[] = [];
  for (;;) {
    const page = await found.next(itemsMax, 1 << 20, undefined);
    seen.push(...page.items.map(seenOf));
    if (page.done) break;
    await turn();
  }
  found.close();
  return seen;
}

/** Ways to look at all rows of a partition at once. */
const readers: Readonly<Record<string, (partitionKey: string) => Promise<readonly Seen[]>>> = {
  'a search, row by row': (partitionKey) => search(partitionKey, always, 1),
  'a search by the index': (partitionKey) => search(partitionKey, ofPartition(partitionKey), 7),
  'a feed': async (partitionKey) => {
    const page = await execute({ kind: 'read-feed', ...name, scope: { partitionKey: [partitionKey] }, itemsMax: 1000 });
    return page.items.map(seenOf);
  },
  'a page by key': async (partitionKey) => {
    const page = await execute({
      kind: 'read-by-key',
      ...name,
      predicate: ofPartition(partitionKey),
      itemsMax: 1000,
      bytesMax: 1 << 22,
    });
    return page.items.map(seenOf);
  },
  'a tally': async (partitionKey) => {
    const { values } = await execute({
      kind: 'tally-values',
      ...name,
      scope: { partitionKey: [partitionKey] },
      predicate: always,
      view: 'stored',
      path: ['rows'],
    });
    return (values ?? []).flatMap(({ value, count }) =>
      Array.from({ length: count }, () => ({ round: 0, rows: valueOf(value) as number })),
    );
  },
  'a query in SQL': async (partitionKey) => {
    const query = {
      query: 'SELECT c.round, c.rows FROM c WHERE c.PartitionKey = @key',
      parameters: [{ name: '@key', value: partitionKey }],
    };
    return (await container.items.query<Seen>(query, { partitionKey, maxItemCount: 1000 }).fetchAll()).resources;
  },
  'an aggregate in SQL': async (partitionKey) => {
    const query = 'SELECT COUNT(1) AS count, MIN(c.round) AS low, MAX(c.round) AS high, MAX(c.rows) AS rows FROM c';
    const { resources } = await container.items
      .query<{ count: number; low?: number; high?: number; rows?: number }>(query, { partitionKey })
      .fetchAll();
    const { count, low, high, rows } = resources[0]!;
    return Array.from({ length: count }, (_, i) => ({ round: (i === 0 ? low : high) ?? 0, rows: rows ?? 0 }));
  },
  'a cursor of MongoDB, batch by batch': async (partitionKey) => {
    const documents = await collection.find({ PartitionKey: partitionKey }, { batchSize: 5 }).toArray();
    return documents.map(({ round, rows }) => ({ round: Number(round), rows: Number(rows) }));
  },
};

test('readers of every door see transactions whole', async () => {
  const random = randomOf(seedOf());
  let writing = partitions.length;
  const looks = new Map<string, number>();
  // The test says something when each looked while things changed.
  const haveAllLooked = (): boolean => Object.keys(readers).every((reader) => (looks.get(reader) ?? 0) > 3);
  await Promise.all([
    ...partitions.map(async (partitionKey) => {
      let before = 0;
      for (let round = 1; round <= (haveAllLooked() ? rounds : roundsMax); round++) {
        const rows = Math.floor(random() * rowsMax);
        await write(partitionKey, before, { round, rows });
        before = rows;
        if (random() < 0.5) await turn();
      }
      writing--;
    }),
    split(),
    ...Object.entries(readers).map(async ([reader, read]) => {
      const last = new Map<string, number>();
      while (writing > 0) {
        // Some looks never wait for anything.
        await turn();
        const partitionKey = partitions[Math.floor(random() * partitions.length)]!;
        const round = expectWhole(reader, await read(partitionKey));
        looks.set(reader, (looks.get(reader) ?? 0) + 1);
        // Time does not run backwards, either.
        if (round > 0) {
          expect([reader, round]).toEqual([reader, Math.max(round, last.get(partitionKey) ?? 0)]);
          last.set(partitionKey, round);
        }
      }
    }),
  ]);
  expect(haveAllLooked()).toBe(true);
}, 60_000);
