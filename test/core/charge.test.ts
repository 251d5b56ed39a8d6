// The table of charges: its anchors, and that charges follow from items and policy alone.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { failureCharge, insertCharge, pageCharge, rates, readCharge, scriptCharge } from '../../core/charge.ts';
import { itemCharge, writeCharge } from '../../core/charged-terms.ts';
import { bsonOfJson } from '../../model/bson/json-read.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import type { HybridTime } from '../../model/hybrid-time.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import { randomOf, seedOf, testScale } from '../random.ts';

function bson(value: unknown): Uint8Array {
  return bsonOfJson(Buffer.from(JSON.stringify(value)));
}

function containerWith(indexingPolicy?: object): ContainerRecord {
  const settings = new BsonWriter().beginDocument();
  if (indexingPolicy !== undefined) settings.document('indexingPolicy', bson(indexingPolicy));
  return {
    id: 'c',
    database: 'd',
    databaseNumber: 1,
    number: 1,
    profile: 'documents',
    partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 },
    partitions: [],
    settings: settings.end().finish(),
    time: 1 as HybridTime,
  };
}

const plain = containerWith();
/** What the base of a write costs for items below 1 KB. */
const terms = (charge: number, versions = 1): number => Math.round((charge - versions * rates.write) / rates.writeTerm);

/** An item of `properties` strings and exactly `bytes` bytes. */
function itemOf(properties: number, bytes: number): Uint8Array {
  const item: Record<string, string> = { id: 'i' };
  for (let i = 1; i < properties; i++) item[`p${String(i).padStart(2, '0')}`] = '';
  const short = bytes - bson(item).length;
  item[`p${String(properties - 1).padStart(2, '0')}`] = 'x'.repeat(short);
  const body = bson(item);
  expect(body.length).toBe(bytes);
  return body;
}

describe('anchors', () => {
  test('reading 1 KB costs 1 RU and 64 KB 4.76', () => {
    expect(readCharge(1024)).toBe(1);
    expect(readCharge(100)).toBe(1);
    expect(readCharge(64 * 1024)).toBe(4.76);
  });

  test('inserting 1 KB of 20 values with default indexing costs 4.95 RU and 64 KB 22.67', () => {
    expect(itemCharge(plain, itemOf(20, 1024))).toBe(4.95);
    expect(itemCharge(plain, itemOf(20, 64 * 1024))).toBe(22.67);
  });

  test('replacing all of 1 KB costs what a delete and an insert do', () => {
    const before = itemOf(20, 1024);
    const after = bson({
      id: 'j',
      ...Object.fromEntries(Array.from({ length: 19 }, (_, i) => [`q${i}`, 'y'.repeat(35)])),
    });
    expect(terms(writeCharge(plain, before, after), 2)).toBe(40);
    expect(insertCharge(1024, 20) * 2).toBeCloseTo(9.9);
  });
});

describe('terms of a write', () => {
  test('every scalar is one, in objects and arrays too', () => {
    expect(terms(itemCharge(plain, bson({ id: 'a', n: 1, o: { b: true, c: null }, list: [1, 'x', { d: 2 }] })))).toBe(
      7,
    );
  });

  test('what the policy leaves out is none', () => {
    const item = bson({ id: 'a', keep: { x: 1, y: 2 }, drop: { x: 1, y: [1, 2, 3] }, scalar: 5 });
    const container = containerWith({
      includedPaths: [{ path: '/*' }],
      excludedPaths: [{ path: '/drop/*' }, { path: '/scalar/?' }, { path: '/keep/y/?' }],
    });
    expect(terms(itemCharge(container, item))).toBe(2);
    const opposite = containerWith({ includedPaths: [{ path: '/drop/y/[]/?' }], excludedPaths: [{ path: '/*' }] });
    expect(terms(itemCharge(opposite, item))).toBe(3);
    expect(itemCharge(containerWith({ indexingMode: 'none' }), item)).toBe(rates.write);
  });

  test('every composite index is one, and two when a replace changes something', () => {
    const compositeIndexes = [[{ path: '/a' }, { path: '/b', order: 'descending' }]];
    const container = containerWith({ includedPaths: [{ path: '/*' }], compositeIndexes });
    const before = bson({ id: 'a', a: 1, b: 2 });
    expect(terms(itemCharge(container, before))).toBe(4);
    expect(terms(writeCharge(container, before, bson({ id: 'a', a: 1, b: 3 })), 2)).toBe(4);
    expect(terms(writeCharge(container, before, before), 2)).toBe(0);
  });

  test.each([
    ['nothing', {}, 0],
    ['one value', { n: 2 }, 2],
    ['a value within an object', { o: { b: 1, c: 3 } }, 2],
    ['a longer array', { list: [1, 2, 3] }, 5],
    ['a new field at the end', { z: 1 }, 1],
    ['another type', { o: 5 }, 3],
  ])('a replace that changes %s counts only what comes or goes', (_what, change, expected) => {
    const before = { id: 'a', n: 1, o: { b: 1, c: 2 }, list: [1, 2], last: 'x' };
    expect(terms(writeCharge(plain, bson(before), bson({ ...before, ...change })), 2)).toBe(expected);
  });

  test('fields that come or go in the middle do not make their neighbours count', () => {
    const with4 = bson({ id: 'a', b: 1, c: 2, d: 3, e: 4 });
    const with2 = bson({ id: 'a', b: 1, e: 4 });
    expect(terms(writeCharge(plain, with4, with2), 2)).toBe(2);
    expect(terms(writeCharge(plain, with2, with4), 2)).toBe(2);
  });

  test('random replaces count exactly the values that differ', () => {
    const random = randomOf(seedOf());
    const below = (n: number): number => Math.floor(random() * n);
    const name = (): string => `f${below(1_000)}`;
    const value = (): unknown => (below(4) === 0 ? [below(3), 'x', below(3)] : below(5));
    const count = (one: unknown): number => (Array.isArray(one) ? one.length : 1);
    for (let round = 0; round < 2_000 * testScale; round++) {
      const fields: [string, unknown][] = [['id', 'a']];
      for (let i = below(10); i > 0; i--) fields.push([name(), value()]);
      const before = new Map(fields);
      const changed = [...before];
      for (let i = below(5); i > 0 && changed.length > 1; i--) changed.splice(1 + below(changed.length - 1), 1);
      for (let i = below(5); i > 0; i--) {
        const added = name();
        if (!before.has(added) && changed.every(([known]) => known !== added))
          changed.splice(1 + below(changed.length), 0, [added, value()]);
      }
      const after = new Map(changed.map(([key, old]) => [key, key !== 'id' && below(3) === 0 ? value() : old]));
      let expected = 0;
      for (const key of new Set([...before.keys(), ...after.keys()])) {
        if (JSON.stringify(before.get(key)) === JSON.stringify(after.get(key))) continue;
        if (before.has(key)) expected += count(before.get(key));
        if (after.has(key)) expected += count(after.get(key));
      }
      const charge = writeCharge(plain, bson(Object.fromEntries(before)), bson(Object.fromEntries(after)));
      expect(terms(charge, 2)).toBe(expected);
    }
  });

  test('names of prototypes are names like others', () => {
    const item = bsonOfJson(Buffer.from('{"id":"a","__proto__":{"constructor":1},"toString":2}'));
    expect(terms(itemCharge(plain, item))).toBe(3);
  });
});

test('failures cost what was looked up, and a refusal nothing', () => {
  expect(failureCharge('ItemNotFound')).toBe(1.24);
  expect(failureCharge('ItemExists')).toBe(1.24);
  expect(failureCharge('PreconditionFailed')).toBe(1.24);
  expect(failureCharge('TooManyRequests')).toBe(0);
  expect(failureCharge('BadRequest')).toBe(0);
});

test('pages and scripts cost more the more they touch', () => {
  const empty = { lookups: 0, itemsLoaded: 0, bytesLoaded: 0, bytesReturned: 0 };
  expect(pageCharge(empty)).toBe(2.28);
  expect(pageCharge({ lookups: 1, itemsLoaded: 100, bytesLoaded: 102_400, bytesReturned: 102_400 })).toBe(13.33);
  expect(scriptCharge(0, 0)).toBe(1);
  expect(scriptCharge(2048, 9.9)).toBe(11.02);
});

test('the documentation tells these figures', () => {
  const page = readFileSync(new URL('../../docs/request-charges.md', import.meta.url), 'utf8');
  const told = new Map(
    [...page.matchAll(/^\| `(\w+)` \|[^|]*\| ([\d.]+) \|$/gm)].map(([, name, figure]) => [name!, Number(figure)]),
  );
  const figures = Object.entries(rates).map(([name, figure]) => [name, Math.round(figure * 10_000) / 10_000] as const);
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(figures));
});
