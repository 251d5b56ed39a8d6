import { expect, test } from 'vitest';
import { run } from '../../../query/harness.ts';

const values = [
  ['object', { a: 1 }],
  ['text', 'b'],
  ['true', true],
  ['absent', undefined],
  ['two', 2],
  ['array', [1]],
  ['null', null],
  ['false', false],
  ['minus', -1.5],
  ['upper', 'B'],
  ['emoji', '😀'],
  ['high', '\uffff'],
] as const;
const items = values.map(([id, v]) => ({ id, v }));
const ascending = [
  'absent',
  'null',
  'false',
  'true',
  'minus',
  'two',
  'upper',
  'text',
  'high',
  'emoji',
  'array',
  'object',
];

test('values of all types come in the order of types', () => {
  expect(run('SELECT VALUE c.id FROM c ORDER BY c.v', items)).toEqual(ascending);
  expect(run('SELECT VALUE c.id FROM c ORDER BY c.v ASC', items)).toEqual(ascending);
  expect(run('SELECT VALUE c.id FROM c ORDER BY c.v DESC', items)).toEqual([...ascending].reverse());
});

test('several keys count one after the other, and ties keep the order of the scan', () => {
  const rows = [
    { id: '1', a: 1, b: 'x' },
    { id: '2', a: 2, b: 'x' },
    { id: '3', a: 1, b: 'y' },
    { id: '4', a: 1, b: 'x' },
  ];
  expect(run('SELECT VALUE c.id FROM c ORDER BY c.a, c.b DESC', rows)).toEqual(['3', '1', '4', '2']);
  expect(run('SELECT VALUE c.id FROM c ORDER BY c.b DESC, c.a DESC', rows)).toEqual(['3', '2', '1', '4']);
  expect(run('SELECT VALUE c.id FROM c ORDER BY c["a"]', rows)).toEqual(['1', '3', '4', '2']);
});

test('more rows than one run of the sort come in order', () => {
  const many = Array.from({ length: 5_000 }, (_, i) => ({ id: `${i}`, n: (i * 7919) % 5_003 }));
  const sorted = many.map((item) => item.n).sort((a, b) => a - b);
  expect(run('SELECT VALUE c.n FROM c ORDER BY c.n', many)).toEqual(sorted);
  expect(run('SELECT TOP 10 VALUE c.n FROM c ORDER BY c.n DESC', many)).toEqual(sorted.slice(-10).reverse());
  expect(run('SELECT VALUE c.n FROM c ORDER BY c.n OFFSET 2000 LIMIT 3', many)).toEqual(sorted.slice(2_000, 2_003));
});

test('elements and paths into them can be keys', () => {
  const rows = [
    { id: '1', t: [{ n: 3 }, { n: 1 }] },
    { id: '2', t: [{ n: 2 }] },
  ];
  expect(run('SELECT VALUE t.n FROM c JOIN t IN c.t ORDER BY t.n', rows)).toEqual([1, 2, 3]);
  expect(run('SELECT VALUE c.id FROM c ORDER BY c.t[0].n', rows)).toEqual(['2', '1']);
});

test('what is no path is refused as the service does', () => {
  expect(() => run('SELECT * FROM c ORDER BY LOWER(c.v)', items)).toThrowError(
    /ORDER BY item expression could not be mapped to a document path/,
  );
  expect(() => run('SELECT * FROM c ORDER BY RANK VectorDistance(c.v, [1])', items)).toThrowError(
    expect.objectContaining({ code: 'NotSupported' }),
  );
  expect(run('SELECT VALUE rank FROM rank IN c.v ORDER BY rank', [{ id: 'x', v: [2, 1] }])).toEqual([1, 2]);
});

test('offset and limit cut the sorted rows, and do not go with TOP', () => {
  expect(run('SELECT VALUE c.id FROM c ORDER BY c.v OFFSET 1 LIMIT 2', items)).toEqual(['null', 'false']);
  expect(run('SELECT VALUE c.id FROM c ORDER BY c.v OFFSET 100 LIMIT 2', items)).toEqual([]);
  expect(() => run('SELECT TOP 1 * FROM c OFFSET 1 LIMIT 2', items)).toThrowError(/cannot be used together/);
});
