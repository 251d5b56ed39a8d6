import { expect, test } from 'vitest';
import { evaluate } from '../../../query/harness.ts';

const values = {
  undefined: [],
  null: ['IS_NULL', 'IS_PRIMITIVE', 'IS_DEFINED'],
  true: ['IS_BOOL', 'IS_PRIMITIVE', 'IS_DEFINED'],
  '1': ['IS_NUMBER', 'IS_PRIMITIVE', 'IS_DEFINED', 'IS_FINITE_NUMBER', 'IS_INTEGER'],
  '1.5': ['IS_NUMBER', 'IS_PRIMITIVE', 'IS_DEFINED', 'IS_FINITE_NUMBER'],
  "'a'": ['IS_STRING', 'IS_PRIMITIVE', 'IS_DEFINED'],
  "'2020-02-29T10:00:00Z'": ['IS_STRING', 'IS_PRIMITIVE', 'IS_DEFINED', 'IS_DATETIME'],
  "'2021-02-29T10:00:00Z'": ['IS_STRING', 'IS_PRIMITIVE', 'IS_DEFINED'],
  '[]': ['IS_ARRAY', 'IS_DEFINED'],
  '{}': ['IS_OBJECT', 'IS_DEFINED'],
} as const;

const checks = [
  'ARRAY',
  'BOOL',
  'DATETIME',
  'DEFINED',
  'FINITE_NUMBER',
  'INTEGER',
  'NULL',
  'NUMBER',
  'OBJECT',
  'PRIMITIVE',
  'STRING',
];

test.each(Object.entries(values))('%s is %j and nothing else', (value, expected) => {
  const holding = checks.map((check) => `IS_${check}`).filter((check) => evaluate(`${check}(${value})`) === true);
  expect(holding.sort()).toEqual([...expected].sort());
  for (const check of checks) expect(evaluate(`IS_BOOL(IS_${check}(${value}))`)).toBe(true);
});
