// $bitAnd, $bitOr, $bitXor, $bitNot on int32 and int64. Source: MongoDB manual, "Bitwise Operators".

import { BsonType } from '../../../../model/bson/types.ts';
import type { Raw } from '../../../../model/bson/walk.ts';
import { MongoError, typeMismatch } from '../../errors.ts';
import { integerOf, integerRaw } from '../number.ts';
import { nary, unary, type OperatorRow } from '../row.ts';
import { isNullish, nullRaw, typeName, type Operand } from '../value.ts';

function isInteger(value: Raw): boolean {
  return value.type === BsonType.int32 || value.type === BsonType.int64;
}

function fold(name: string, identity: bigint, apply: (a: bigint, b: bigint) => bigint): OperatorRow {
  return nary(name, [0, Infinity], (values: readonly Operand[]) => {
    let result = identity;
    let isWide = false;
    let isNull = false;
    for (const value of values) {
      if (isNullish(value)) {
        isNull = true;
        continue;
      }
      if (!isInteger(value)) throw typeMismatch(`${name} only supports int and long operands, not ${typeName(value)}`);
      isWide ||= value.type === BsonType.int64;
      result = apply(result, integerOf(value));
    }
    return isNull ? nullRaw : integerRaw(result, isWide);
  });
}

export const bitOperators: readonly OperatorRow[] = [
  fold('$bitAnd', -1n, (a, b) => a & b),
  fold('$bitOr', 0n, (a, b) => a | b),
  fold('$bitXor', 0n, (a, b) => a ^ b),
  unary('$bitNot', (value) => {
    if (isNullish(value)) return nullRaw;
    if (!isInteger(value)) throw new MongoError(28765, `$bitNot only supports int and long, not ${typeName(value)}`);
    return integerRaw(~integerOf(value), value.type === BsonType.int64);
  }),
];
