// $cmp, $eq, $ne, $gt, $gte, $lt, $lte in BSON order over all types (missing is below null), and $and, $or, $not.
// Source: MongoDB manual, "Comparison Expression Operators", "Boolean Expression Operators".

import { compareStored } from '../../bson-input.ts';
import { binary, literal, operandsOf, unary, type OperatorRow } from '../row.ts';
import { booleanRaw, int32Raw, isTrue } from '../value.ts';

function comparing(name: string, holds: (order: number) => boolean): OperatorRow {
  return binary(name, (left, right) => booleanRaw(holds(compareStored(left, right))));
}

/** Operands up to the first whose truth decides. */
function joining(name: string, decisive: boolean): OperatorRow {
  return {
    name,
    compile: (operand, parse) => {
      const parts = operandsOf(operand).map((each) => parse.expression(each));
      if (parts.length === 0) return literal(booleanRaw(!decisive));
      const evaluations = parts.map((part) => part.evaluate);
      return {
        constant: false,
        evaluate: (frame) => {
          for (const evaluate of evaluations) if (isTrue(evaluate(frame)) === decisive) return booleanRaw(decisive);
          return booleanRaw(!decisive);
        },
      };
    },
  };
}

export const comparisonOperators: readonly OperatorRow[] = [
  binary('$cmp', (left, right) => int32Raw(Math.sign(compareStored(left, right)))),
  comparing('$eq', (order) => order === 0),
  comparing('$ne', (order) => order !== 0),
  comparing('$gt', (order) => order > 0),
  comparing('$gte', (order) => order >= 0),
  comparing('$lt', (order) => order < 0),
  comparing('$lte', (order) => order <= 0),
  joining('$and', false),
  joining('$or', true),
  unary('$not', (value) => booleanRaw(!isTrue(value))),
];
