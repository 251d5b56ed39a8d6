import { expect, test } from 'vitest';
import { run } from '../../../query/harness.ts';

const items = [
  {
    id: 'a',
    kids: [
      { n: 'x', pets: ['p', 'q'] },
      { n: 'y', pets: [] },
    ],
    home: { city: 'Rome' },
  },
  { id: 'b', kids: [{ n: 'z', pets: ['r'] }] },
  { id: 'c', kids: 'none' },
];

test.each([
  ['SELECT VALUE f.id FROM families f', ['a', 'b', 'c']],
  ['SELECT VALUE f.id FROM families AS f', ['a', 'b', 'c']],
  ['SELECT VALUE home.city FROM c.home', ['Rome']],
  ['SELECT * FROM c.home', [{ city: 'Rome' }]],
  ['SELECT VALUE k FROM c.kids[0].n AS k', ['x', 'z']],
  ["SELECT VALUE k FROM c['home']['city'] k", ['Rome']],
  ['SELECT VALUE k.n FROM k IN c.kids', ['x', 'y', 'z']],
  [
    'SELECT * FROM k IN c.kids',
    [
      { n: 'x', pets: ['p', 'q'] },
      { n: 'y', pets: [] },
      { n: 'z', pets: ['r'] },
    ],
  ],
  [
    'SELECT c.id, k.n FROM c JOIN k IN c.kids',
    [
      { id: 'a', n: 'x' },
      { id: 'a', n: 'y' },
      { id: 'b', n: 'z' },
    ],
  ],
  [
    'SELECT VALUE [k.n, p] FROM c JOIN k IN c.kids JOIN p IN k.pets',
    [
      ['x', 'p'],
      ['x', 'q'],
      ['z', 'r'],
    ],
  ],
  ["SELECT VALUE c.id FROM c JOIN (SELECT VALUE k FROM k IN c.kids WHERE k.n = 'y') AS y", ['a']],
  [
    'SELECT c.id, s.total FROM c JOIN (SELECT COUNT(1) AS total FROM k IN c.kids) AS s',
    [
      { id: 'a', total: 2 },
      { id: 'b', total: 1 },
      { id: 'c', total: 0 },
    ],
  ],
  ['SELECT VALUE p FROM c JOIN p IN (SELECT VALUE c.kids[0].pets)', ['p', 'q', 'r']],
  ['SELECT VALUE x.id FROM (SELECT c.id FROM c WHERE IS_ARRAY(c.kids)) AS x', ['a', 'b']],
])('%s', (text, expected) => {
  expect(run(text, items)).toEqual(expected);
});

test.each([
  ['SELECT VALUE d.id FROM c', 'd', 13, 14],
  ['SELECT VALUE f.id FROM families f WHERE families.id = 1', 'families', 40, 48],
  ['SELECT VALUE 1 FROM c JOIN k IN d.kids', 'd', 32, 33],
  ['SELECT VALUE (SELECT VALUE x FROM x) FROM c', 'x', 34, 35],
  ['SELECT VALUE c', 'c', 13, 14],
])('%s names what nothing binds', (text, name, start, end) => {
  const message = `"location":{"start":${start},"end":${end}},"code":"SC2001","message":"Identifier '${name}' could not be resolved."`;
  expect(() => run(text, items)).toThrowError(message);
});

test('an alias stands once in a FROM', () => {
  expect(() => run('SELECT VALUE 1 FROM c JOIN c IN c.kids', items)).toThrowError(/specified multiple times/);
});
