import { expect, test } from 'vitest';
import { run } from '../../../query/harness.ts';

const items = [
  { id: 'a', name: 'Ann', age: 30, address: { city: 'Rome' }, order: 1 },
  { id: 'b', name: 'Bob', address: { city: 'Oslo' } },
];

test.each([
  ['SELECT * FROM c', items],
  ['SELECT c FROM c', items.map((c) => ({ c }))],
  ['SELECT VALUE c FROM c', items],
  ['SELECT c.id, c.age FROM c', [{ id: 'a', age: 30 }, { id: 'b' }]],
  ['SELECT c.address.city FROM c', [{ city: 'Rome' }, { city: 'Oslo' }]],
  ['SELECT c["address"]["city"] AS town FROM c', [{ town: 'Rome' }, { town: 'Oslo' }]],
  ['SELECT c.id alias FROM c', [{ alias: 'a' }, { alias: 'b' }]],
  [
    'SELECT c.age + 1, c.id, 2 FROM c',
    [
      { $1: 31, id: 'a', $2: 2 },
      { id: 'b', $2: 2 },
    ],
  ],
  ['SELECT VALUE c.age FROM c', [30]],
  ['SELECT c.age FROM c', [{ age: 30 }, {}]],
  [
    'SELECT VALUE {"n": c.name, "none": c.none, "list": [c.age, c.none, 1]} FROM c',
    [
      { n: 'Ann', list: [30, 1] },
      { n: 'Bob', list: [1] },
    ],
  ],
  ['SELECT VALUE {n: c.name} FROM c', [{ n: 'Ann' }, { n: 'Bob' }]],
  ['SELECT TOP 1 VALUE c.id FROM c', ['a']],
  ['SELECT TOP 0 * FROM c', []],
  ['select value C.id from C', ['a', 'b']],
  ['SELECT c.order FROM c', [{ order: 1 }, {}]],
  ['SELECT 1', [{ $1: 1 }]],
  ["SELECT VALUE 'text'", ['text']],
  ['SELECT VALUE undefined', []],
  ['SELECT -- a comment\n VALUE 1', [1]],
])('%s', (text, expected) => {
  expect(run(text, items)).toEqual(expected);
});

test.each([
  ['SELECT DISTINCT VALUE c.x FROM c', [1, '1', null, [1], { a: 1, b: 2 }]],
  ['SELECT DISTINCT c.x FROM c', [{ x: 1 }, { x: '1' }, { x: null }, { x: [1] }, { x: { a: 1, b: 2 } }, {}]],
])('%s takes equal results once, whatever the order of their fields', (text, expected) => {
  const values = [1, 1, '1', null, [1], { a: 1, b: 2 }, { b: 2, a: 1 }, [1], null, undefined];
  expect(
    run(
      text,
      values.map((x, i) => ({ id: `${i}`, x })),
    ),
  ).toEqual(expected);
});

test('a field given twice in a constructor has the last value that is defined', () => {
  expect(run("SELECT VALUE {'a': 1, 'b': 2, 'a': 3, 'b': undefined}")).toEqual([{ a: 3, b: 2 }]);
});

test('names of prototypes are names like others', () => {
  const item = JSON.parse('{"id": "p", "__proto__": {"x": 1}, "constructor": 2}') as unknown;
  expect(run('SELECT VALUE c.__proto__.x + c["constructor"] FROM c', [item])).toEqual([3]);
  expect(run('SELECT VALUE c.toString FROM c', [item])).toEqual([]);
});
