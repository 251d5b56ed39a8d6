// Typed values of other doors, and system properties, as Cosmos SQL sees them.

import { expect, test } from 'vitest';
import { Decimal128, Double, Int32, Long, ObjectId, Binary, Timestamp, serialize } from 'bson';
import { cosmosSemantics } from '../../../frontends/cosmos/semantics.ts';
import type { Value } from '../../../model/value.ts';
import { plainOf, prepare, run, runPage, sourceOf } from '../../query/harness.ts';
import { executeQuery } from '../../../core/query/execute.ts';
import { testPorts } from '../../query/harness.ts';

const oid = '656565656565656565656565';
const document = serialize({
  id: 'm',
  when: new Date(Date.UTC(2024, 1, 3, 4, 5, 6, 7)),
  oid: new ObjectId(oid),
  bin: new Binary(new Uint8Array([1, 2, 3]), 0),
  stamp: new Timestamp({ t: 5, i: 6 }),
  int: new Int32(7),
  long: Long.fromString('9007199254740993'),
  double: new Double(1.5),
  decimal: Decimal128.fromString('1.50'),
  exact: Decimal128.fromString('0.1'),
  nan: Number.NaN,
  inner: { when: new Date(0) },
});

function value(expression: string): unknown {
  return runPage(prepare(`SELECT VALUE ${expression} FROM c`), { source: sourceOf([document]) }).rows[0];
}

test.each([
  ['c.when["$date"]', '2024-02-03T04:05:06.007Z'],
  ['c.when["$date"] > "2024"', true],
  ['c.inner.when["$date"]', '1970-01-01T00:00:00Z'],
  ['c.oid["$oid"]', oid],
  [`c.oid = {"$oid": "${oid}"}`, true],
  ['c.bin["$binary"].subType', '00'],
  ['c.stamp["$timestamp"].t + 1', 6],
  ['IS_OBJECT(c.when)', true],
  ['IS_OBJECT(c.nan)', true],
  ['IS_NUMBER(c.nan)', false],
  ['c.nan["$numberDouble"]', 'NaN'],
  ['c.int + c.double', 8.5],
  ['c.int = 7', true],
  ['IS_NUMBER(c.decimal)', true],
  ['c.decimal = c.double', true],
  ['c.decimal * 2', 3],
  ['c.exact = 0.1', false],
  ['c.exact > 0.1 OR c.exact < 0.1', true],
  ['c.long = 9007199254740992', false],
  ['c.long > 9007199254740992', true],
  ['ToString(c.long)', '9007199254740993'],
  ['c.decimal IN (1, 2, 3, 4, 5, 1.5)', true],
  ['ARRAY_LENGTH(ObjectToArray(c.when))', 1],
  ['ToString(c.when)', '{"$date":"2024-02-03T04:05:06.007Z"}'],
  ['c.when.none', undefined],
  ['c.int.none', undefined],
])('%s is %j', (expression, expected) => {
  expect(value(expression)).toEqual(expected);
});

test('numbers of all types are one group when they are equal', () => {
  const documents = [new Int32(1), new Double(1), Long.fromNumber(1), Decimal128.fromString('1.0')].map((n, i) =>
    serialize({ id: `${i}`, n }),
  );
  const source = sourceOf(documents);
  expect(runPage(prepare('SELECT c.n, COUNT(1) AS count FROM c GROUP BY c.n'), { source }).rows).toEqual([
    { n: 1, count: 4 },
  ]);
  expect(runPage(prepare('SELECT DISTINCT VALUE c.n FROM c'), { source }).rows).toEqual([1]);
});

test('equal values have equal keys, and different ones different keys', () => {
  const values: Value[] = [
    undefined,
    null,
    true,
    false,
    0,
    1,
    1.5,
    '',
    '0',
    'null',
    'u',
    's',
    '[',
    '1',
    9007199254740993n,
    1e300,
  ];
  for (const a of values) {
    for (const b of values) {
      const same = cosmosSemantics.key(a) === cosmosSemantics.key(b);
      expect(same, `${String(a)} and ${String(b)}`).toBe(a === b);
      if (a !== undefined && b !== undefined) expect(cosmosSemantics.equal(a, b)).toBe(a === b);
    }
  }
  expect(cosmosSemantics.key(-0)).toBe(cosmosSemantics.key(0));
});

const properties: Readonly<Record<string, Value>> = {
  _rid: 'AAAA',
  _ts: 1700000000,
  _etag: '"e"',
  _self: 's',
  _attachments: 'attachments/',
};
const system = { field: (name: string): Value => (Object.hasOwn(properties, name) ? properties[name] : undefined) };
const shown = { ...properties };

test('system properties can be read, compared, sorted by, and come with the whole item', () => {
  const source = sourceOf([serialize({ id: 'a', _ts: 'hidden' }), serialize({ id: 'b' })], system);
  const rows = (text: string): readonly unknown[] => runPage(prepare(text), { source }).rows;
  expect(rows("SELECT VALUE c._ts FROM c WHERE c._ts > 1600000000 AND c['_rid'] = 'AAAA'")).toEqual([
    1700000000, 1700000000,
  ]);
  expect(rows('SELECT c.id, c._etag FROM c ORDER BY c._ts')).toEqual([
    { id: 'a', _etag: '"e"' },
    { id: 'b', _etag: '"e"' },
  ]);
  expect(rows('SELECT * FROM c')).toEqual([
    { id: 'a', ...shown },
    { id: 'b', ...shown },
  ]);
  expect(rows('SELECT c FROM c')).toEqual([{ c: { id: 'a', ...shown } }, { c: { id: 'b', ...shown } }]);
  expect(rows('SELECT VALUE [c] FROM c')).toEqual([[{ id: 'a', ...shown }], [{ id: 'b', ...shown }]]);
  expect(rows('SELECT VALUE c[@name] FROM c')).toEqual([]);
  expect(runPage(prepare('SELECT VALUE c[@name] FROM c'), { source, parameters: { '@name': '_ts' } }).rows).toEqual([
    1700000000, 1700000000,
  ]);
});

test('an id that the body does not hold comes from the system view', () => {
  const source = sourceOf([serialize({ _id: new ObjectId(oid) })], {
    field: (name) => (name === 'id' ? oid : undefined),
  });
  const rows = (text: string): readonly unknown[] => runPage(prepare(text), { source }).rows;
  expect(rows(`SELECT VALUE c.id FROM c WHERE c.id = '${oid}'`)).toEqual([oid]);
  expect(rows('SELECT * FROM c')).toEqual([{ id: oid, _id: { $oid: oid } }]);
});

test('a whole item is handed on uncopied for the door to encode, any other result as a value', () => {
  const source = sourceOf([document], system);
  for (const text of ['SELECT * FROM c', 'SELECT VALUE c FROM c', 'SELECT * FROM c ORDER BY c.int']) {
    const execution = executeQuery(prepare(text), { source: () => source, ports: testPorts });
    const [row] = execution.next().value as readonly { item: { document: Uint8Array } | undefined; value: Value }[];
    expect(row?.item?.document).toBe(document);
    expect(row?.value).toBeUndefined();
  }
});

test('the number of a document is read from its resource id', () => {
  const rid = btoa(String.fromCharCode(...[1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 0, 0, 0, 0]));
  const source = sourceOf([serialize({ id: 'a' })], { field: (name) => (name === '_rid' ? rid : undefined) });
  expect(runPage(prepare('SELECT VALUE DOCUMENTID(c) FROM c'), { source }).rows).toEqual([9]);
  expect(run('SELECT VALUE DOCUMENTID(c) FROM c', [{ id: 'a' }])).toEqual([]);
});

test('plain rows of the harness are what they say', () => {
  expect(plainOf({ item: undefined, value: 'x' })).toBe('x');
});
