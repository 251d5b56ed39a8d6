import { expect, test } from 'vitest';
import { DatabaseError } from '../../../../model/errors.ts';
import { run } from '../../../query/harness.ts';

function refusal(text: string): unknown {
  try {
    run(text);
  } catch (fault) {
    if (fault instanceof DatabaseError) return [fault.code, fault.offset, JSON.parse(fault.message)];
    throw fault;
  }
  return undefined;
}

test.each([
  ['SELECT value 1 as x', 15, 17, 'as'],
  ['SELECT c.*  FROM c', 9, 10, '*'],
  ['SELECT * FROM', 9, 13, 'FROM'],
  ['SELEC * FROM c', 0, 5, 'SELEC'],
  ['', 0, 0, ''],
  ['SELECT * FROM c WHERE', 16, 21, 'WHERE'],
  ['SELECT * FROM c WHERE c.a = = 1', 28, 29, '='],
  ['SELECT * FROM c WHERE c.a = 1)', 29, 30, ')'],
  ['SELECT VALUE c.x, FROM c', 16, 17, ','],
  ['SELECT * FROM c ORDER c.x', 22, 23, 'c'],
  ['SELECT * FROM c WHERE c.price > 6,35', 33, 34, ','],
  ["SELECT VALUE 'open", 13, 18, "'open"],
  ['SELECT VALUE 12abc', 13, 18, '12abc'],
  ['SELECT VALUE #', 13, 14, '#'],
  ['SELECT VALUE -0.E', 14, 17, '0.E'],
  ['SELECT TOP -1 * FROM c', 11, 12, '-'],
  ['SELECT TOP 1.5 * FROM c', 11, 14, '1.5'],
  ['SELECT * FROM c OFFSET 1', 23, 24, '1'],
  ['SELECT * FROM c HAVING 1', 23, 24, '1'],
  ['SELECT COUNT(*) FROM c', 13, 14, '*'],
  ["SELECT VALUE '\\q'", 13, 17, "'\\q'"],
])('%s is a syntax error with its place', (text, start, end, near) => {
  expect(refusal(text)).toEqual([
    'BadRequest',
    start,
    {
      errors: [
        {
          severity: 'Error',
          location: { start, end },
          code: 'SC1001',
          message: `Syntax error, incorrect syntax near '${near}'.`,
        },
      ],
    },
  ]);
});

test.each([
  ['SELECT *', 'SC2030', "'SELECT *' is not valid if FROM clause is omitted."],
  ['SELECT * FROM c JOIN t IN c.tags', 'SC2040', "'SELECT *' is only valid with a single input set."],
  ['SELECT * FROM c GROUP BY c.x', 'SC2041', "'SELECT *' is not allowed with GROUP BY."],
  ['SELECT VALUE ABS()', 'SC2050', 'The ABS function requires 1 argument(s).'],
  [
    "SELECT * FROM c WHERE STARTSWITH(c.key, 'a', 'b', 'c')",
    'SC2050',
    'The STARTSWITH function requires 2 to 3 argument(s).',
  ],
])('%s is refused with code %s', (text, code, message) => {
  expect(refusal(text)).toEqual([
    'BadRequest',
    expect.any(Number),
    { errors: [expect.objectContaining({ code, message })] },
  ]);
});

test('a function of the container is asked of its port, and refused without one', () => {
  expect(() => run('SELECT VALUE udf.twice(2)')).toThrowError(expect.objectContaining({ code: 'NotSupported' }));
  const scripts = {
    call: (name: string, values: readonly unknown[]): string => `${name}:${values.join()}`,
    nextRow: () => undefined,
  };
  expect(run('SELECT VALUE udf.twice(2, 3)', [], { ports: { scripts } })).toEqual(['twice:2,3']);
});
