// Pages of a table against a look at every item: random keys (long ones, ones that begin alike, of every plane of
// Unicode), replaced and deleted meanwhile, random conditions on keys, properties and the time of versions.

import { afterEach, describe, expect, test } from 'vitest';
import type { Engine } from '../../core/engine.ts';
import { compilePredicate } from '../../core/query/predicate/compile.ts';
import { timestamped } from '../../core/query/predicate/timestamped.ts';
import { fieldOf, textOfRaw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { epochMs } from '../../model/hybrid-time.ts';
import { rawOfInstant } from '../../model/instant.ts';
import type { Item, KeyPlace } from '../../model/operation.ts';
import { compareText } from '../../model/order.ts';
import { always, conjunction, type ComparisonOperator, type Predicate } from '../../model/predicate.ts';
import { writeValue } from '../../model/value.ts';
import { openEngine } from '../frontends/mongo/door/start.ts';
import { randomOf, seedOf, testScale } from '../random.ts';

const context = { account: 1 };
const name = { database: 'tables', container: 'people' };

let engine: Engine | undefined;
afterEach(() => engine?.close());

async function open(partitions: number): Promise<Engine> {
  engine = await openEngine(1);
  const partitionKey = { paths: ['/PartitionKey'], kind: 'Hash', version: 2 } as const;
  await engine.execute(
    { kind: 'create-container', ...name, profile: 'table', partitionKey, partitions, createDatabase: true },
    context,
  );
  return engine;
}

function entity(partitionKey: string, id: string, number: number): Uint8Array {
  const writer = new BsonWriter().beginDocument().string('PartitionKey', partitionKey).string('RowKey', id);
  return writer
    .int32('number', number)
    .string('odd', number % 2 === 0 ? 'no' : 'yes')
    .end()
    .finish();
}

async function put(on: Engine, partitionKey: string, id: string, number: number): Promise<void> {
  const write = { kind: 'upsert-item', body: entity(partitionKey, id, number), view: 'exact' } as const;
  await on.execute({ kind: 'write-item', ...name, write }, context);
}

function textOf(item: Item, field: string): string {
  return textOfRaw(fieldOf(item.body, field)!);
}

async function pages(on: Engine, predicate: Predicate, itemsMax: number, from?: KeyPlace): Promise<Item[]> {
  const found: Item[] = [];
  for (let next = from, more = true; more;) {
    const page = await on.execute(
      { kind: 'read-by-key', ...name, predicate, from: next, itemsMax, bytesMax: 1 << 20 },
      context,
    );
    expect(page.items.length).toBeLessThanOrEqual(itemsMax);
    found.push(...page.items);
    more = page.next !== undefined;
    next = page.next;
  }
  return found;
}

function condition(path: string, operator: ComparisonOperator, value: string | number): Predicate {
  const writer = new BsonWriter().beginDocument();
  writeValue(writer, '', value);
  return {
    kind: 'path',
    path: [path],
    test: { kind: 'compare', operator, value: fieldOf(writer.end().finish(), '')! },
  };
}

function oneOf(path: string, texts: readonly string[]): Predicate {
  const values = texts.map((text) => fieldOf(new BsonWriter().beginDocument().string('', text).end().finish(), '')!);
  return { kind: 'path', path: [path], test: { kind: 'in', values, patterns: [] } };
}

const operators = ['eq', 'lt', 'lte', 'gt', 'gte'] as const;

describe('A page of a table', () => {
  for (const partitions of [1, 3])
    test(`shows what a look at every item shows, in the order of keys, over ${partitions} partitions`, async () => {
      const on = await open(partitions);
      const seed = seedOf();
      const chance = randomOf(seed);
      const integer = (from: number, to: number): number => from + Math.floor(chance() * (to - from + 1));
      const pick = <Value>(of: readonly Value[]): Value => of[integer(0, of.length - 1)]!;
      const head = 'h'.repeat(700);
      const keys = [
        '',
        'a',
        'a\u0000b',
        'ab',
        '"',
        'b',
        'é',
        '\uffee',
        '😀',
        head,
        `${head}${head}${head}`,
        `${head}x`,
      ];
      const rows = [
        '',
        '!',
        'a',
        'ab',
        'é',
        '\uffee',
        '😀',
        'z',
        `${head}${head}${head}`,
        `${head}${head}${head}a`,
        '"\\',
      ];
      const numberOf = (): number => integer(0, 40);
      for (let i = 0; i < 300 * testScale; i++) {
        const key = pick(keys);
        const row = `${pick(rows)}${integer(0, 3)}`;
        if (integer(0, 9) > 0) await put(on, key, row, numberOf());
        else
          await on
            .execute(
              { kind: 'write-item', ...name, write: { kind: 'delete-item', id: row, partitionKey: [key] } },
              context,
            )
            .catch(() => undefined);
      }
      const everything = await pages(on, always, 1000);
      const sorted = [...everything].sort(
        (a, b) =>
          compareText(textOf(a, 'PartitionKey'), textOf(b, 'PartitionKey')) ||
          compareText(textOf(a, 'RowKey'), textOf(b, 'RowKey')),
      );
      expect(everything.map(({ lsn, partition }) => [partition.partition, lsn])).toEqual(
        sorted.map(({ lsn, partition }) => [partition.partition, lsn]),
      );
      const times = sorted.map(({ time }) => time);
      for (let round = 0; round < 150 * testScale; round++) {
        const clause = (): Predicate => {
          const operator = pick(operators);
          switch (integer(0, 6)) {
            case 0:
              return condition('PartitionKey', integer(0, 1) === 0 ? 'eq' : operator, pick(keys));
            case 1:
              return condition('RowKey', operator, `${pick(rows)}${integer(0, 3)}`);
            case 2:
              return condition('odd', 'eq', 'yes');
            case 3: {
              const time = pick(times);
              const instant = {
                seconds: Math.floor(time / 1_000_000) + epochMs / 1000,
                nanos: (time % 1_000_000) * 1000,
                offsetSeconds: 0,
              };
              return {
                kind: 'path',
                path: ['Timestamp'],
                test: { kind: 'compare', operator, value: rawOfInstant(instant) },
              };
            }
            case 4:
              return oneOf('PartitionKey', [pick(keys), pick(keys)]);
            case 5:
              return oneOf('RowKey', [`${pick(rows)}1`, `${pick(rows)}2`, `${pick(rows)}3`]);
            default:
              return condition('number', operator, numberOf());
          }
        };
        const some = (): Predicate[] => Array.from({ length: integer(1, 3) }, clause);
        const predicate = pick<Predicate>([
          conjunction(some()),
          { kind: 'or', of: [conjunction(some()), conjunction(some())] },
          { kind: 'and', of: [clause(), { kind: 'not', of: clause() }] },
          { kind: 'and', of: [clause(), { kind: 'or', of: some() }] },
        ]);
        const from = pick<KeyPlace | undefined>([
          undefined,
          { partitionKey: pick(keys), id: undefined },
          { partitionKey: pick(keys), id: `${pick(rows)}${integer(0, 3)}` },
        ]);
        const matches = compilePredicate(predicate);
        const wanted = sorted.filter(
          (item) =>
            matches(timestamped(item.body, item.time)) &&
            (from === undefined ||
              compareText(textOf(item, 'PartitionKey'), from.partitionKey) > 0 ||
              (textOf(item, 'PartitionKey') === from.partitionKey &&
                compareText(textOf(item, 'RowKey'), from.id ?? '') >= 0)),
        );
        const found = await pages(on, predicate, integer(1, 60), from);
        expect(
          found.map(({ lsn }) => lsn),
          `seed ${seed}, ${JSON.stringify({ from, predicate })}`,
        ).toEqual(wanted.map(({ lsn }) => lsn));
      }
    });

  test('ends at its bytes, but for one item that is larger alone', async () => {
    const on = await open(1);
    for (let i = 0; i < 10; i++) await put(on, 'p', `r${i}`, i);
    const bytes = entity('p', 'r0', 0).length;
    const read = (bytesMax: number) =>
      on.execute({ kind: 'read-by-key', ...name, predicate: always, itemsMax: 100, bytesMax }, context);
    expect((await read(1)).items).toHaveLength(1);
    const page = await read(3 * bytes + 3);
    expect(page.items).toHaveLength(3);
    expect(page.next).toEqual({ partitionKey: 'p', id: 'r3' });
  });

  test('is refused for what is no table', async () => {
    const on = await open(1);
    await on.execute({ kind: 'create-container', database: 'tables', container: 'c', profile: 'collection' }, context);
    const asked = { kind: 'read-by-key', database: 'tables', container: 'c', predicate: always } as const;
    await expect(on.execute({ ...asked, itemsMax: 1, bytesMax: 1 }, context)).rejects.toThrow('only tables');
  });
});
