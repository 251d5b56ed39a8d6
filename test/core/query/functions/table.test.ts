// The functions a user of Cosmos SQL can name, as its documentation lists them: each is in a table or refused by name.

import { expect, test } from 'vitest';
import { aggregateNames } from '../../../../core/query/aggregates.ts';
import { findFunction, functionNames } from '../../../../core/query/functions/table.ts';
import { DatabaseError } from '../../../../model/errors.ts';
import { evaluate } from '../../../query/harness.ts';

const offered = `
  ARRAY_CONCAT ARRAY_CONTAINS ARRAY_CONTAINS_ALL ARRAY_CONTAINS_ANY ARRAY_LENGTH ARRAY_SLICE ARRAY_AVG ARRAY_MAX
  ARRAY_MEDIAN ARRAY_MIN ARRAY_SUM CHOOSE ObjectToArray SetDifference SetEqual SetIntersect SetUnion
  IIF
  Ago Now GetCurrentDateTime GetCurrentTicks GetCurrentTimestamp GetCurrentDateTimeStatic GetCurrentTicksStatic
  GetCurrentTimestampStatic DateTimeAdd DateTimeBin DateTimeDiff DateTimeFormat DateTimeFromParts DateTimePart
  DateTimeToTicks DateTimeToTimestamp TicksToDateTime TimestampToDateTime DAY MONTH YEAR
  DOCUMENTID
  ABS ACOS ASIN ATAN ATN2 CEILING COS COT DEGREES EXP FLOOR LOG LOG10 NumberBin PI POWER RADIANS RAND ROUND SIGN SIN
  SQRT SQUARE TAN TRUNC
  IntAdd IntSub IntMul IntDiv IntMod IntBitAnd IntBitOr IntBitXor IntBitNot IntBitLeftShift IntBitRightShift
  CONCAT CONTAINS ContainsAllCi ContainsAllCs ContainsAnyCi ContainsAnyCs ENDSWITH INDEX_OF LastIndexOf LEFT LENGTH
  LOWER LTRIM REGEXMATCH RegexExtract RegexExtractAll REPLACE REPLICATE REVERSE RIGHT RTRIM STARTSWITH STRINGEQUALS
  StringJoin StringSplit StringToArray StringToBoolean StringToNull StringToNumber StringToObject SUBSTRING
  SubstringAfter SubstringBefore LastSubstringAfter LastSubstringBefore ToString TRIM UPPER
  IS_ARRAY IS_BOOL IS_DATETIME IS_DEFINED IS_FINITE_NUMBER IS_INTEGER IS_NULL IS_NUMBER IS_OBJECT IS_PRIMITIVE IS_STRING
  ST_AREA ST_DISTANCE ST_INTERSECTS ST_ISVALID ST_ISVALIDDETAILED ST_WITHIN
  VectorDistance
`
  .trim()
  .split(/\s+/);

const refused = `
  FullTextContains FullTextContainsAll FullTextContainsAny FullTextScore RRF HASH
`
  .trim()
  .split(/\s+/);

test('every documented function that is offered has a row, and every row is documented', () => {
  expect(offered.filter((name) => findFunction(name) === undefined)).toEqual([]);
  expect(functionNames).toEqual(offered.map((name) => name.toUpperCase()).sort());
});

function outcomeOf(expression: string): string {
  try {
    evaluate(expression);
    return 'answered';
  } catch (fault) {
    return fault instanceof DatabaseError ? fault.code : String(fault);
  }
}

test('every row of the tables answers arguments of every kind, or refuses them as a bad request', () => {
  const values = [
    'undefined',
    'null',
    'true',
    '1',
    '-1.5',
    '1e300',
    "'x'",
    "'2020-01-02'",
    '[1, 2]',
    "{'a': 1}",
    '(1/0)',
  ];
  for (const name of functionNames) {
    const [fewest, most] = findFunction(name)!.arity;
    for (const value of values) {
      for (const count of new Set([fewest, Math.min(most, 3), Math.min(most, 4)])) {
        if (count < fewest) continue;
        const call = `${name}(${Array.from({ length: count }, () => value).join(', ')})`;
        expect(outcomeOf(`[${call}]`), call).toMatch(/^(answered|BadRequest)$/);
      }
    }
  }
});

test.each(refused)('%s is refused as not supported', (name) => {
  expect(() => evaluate(`${name}(1, 2)`)).toThrowError(expect.objectContaining({ code: 'NotSupported' }));
});

test('the aggregates are those of the language', () => {
  expect([...aggregateNames].sort()).toEqual(
    ['AVG', 'COUNT', 'COUNTIF', 'MAKELIST', 'MAKESET', 'MAX', 'MIN', 'SUM'].sort(),
  );
});

test('a name that is no function is refused with its place', () => {
  expect(() => evaluate('BADFUNC(1)')).toThrowError(
    /"location":\{"start":13,"end":20\},"code":"SC2005","message":"'BADFUNC' is not a recognized built-in function name\."/,
  );
});
