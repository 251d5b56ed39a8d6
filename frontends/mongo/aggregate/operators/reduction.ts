// The accumulators' names as expressions over arrays: $sum, $avg, $min, $max and the rest fold the elements of one
// array, or their operands; $first and $last take an array's ends.
// Source: MongoDB manual, "Accumulators (in Other Stages)", "$firstN (array)".

import { MongoError } from '../../errors.ts';
import type { Fold } from '../accumulator.ts';
import {
  averageFold,
  boundFold,
  boundsFold,
  countOf,
  deviationFold,
  edgesFold,
  foldArray,
  mergeObjectsFold,
  sumFold,
} from '../fold.ts';
import { named, nary, unary, type OperatorRow } from '../row.ts';
import { isArray, isNullish, nullRaw, typeName } from '../value.ts';
import { nth } from './array.ts';

function folding(name: string, make: () => Fold): OperatorRow {
  return nary(name, [0, Infinity], (values, frame) => {
    const fold = make();
    const only = values.length === 1 ? values[0] : undefined;
    if (isArray(only)) {
      frame.spend((only.end - only.start) >>> 6);
      foldArray(fold, only);
    } else for (const value of values) fold.add(value);
    return fold.finish();
  });
}

function listing(name: string, make: (n: number) => Fold): OperatorRow {
  const codes = { notObject: 5787900, unknown: 5787901, missing: { n: 5787906, input: 5787907 } };
  return named(name, ['n', 'input'], [], codes, ([n, input], _given, frame) => {
    const fold = make(countOf(name, n));
    if (isNullish(input)) return nullRaw;
    if (!isArray(input)) throw new MongoError(5788200, `Input must be an array, but is of type ${typeName(input)}`);
    frame.spend((input.end - input.start) >>> 6);
    foldArray(fold, input);
    return fold.finish();
  });
}

function end(name: string, position: 0 | -1): OperatorRow {
  return unary(name, (array) => {
    if (isNullish(array)) return nullRaw;
    if (!isArray(array)) throw new MongoError(28689, `${name}'s argument must be an array, but is ${typeName(array)}`);
    return nth(array, position);
  });
}

export const reductionOperators: readonly OperatorRow[] = [
  folding('$sum', sumFold),
  folding('$avg', averageFold),
  folding('$min', () => boundFold(-1)),
  folding('$max', () => boundFold(1)),
  folding('$stdDevPop', () => deviationFold(false)),
  folding('$stdDevSamp', () => deviationFold(true)),
  folding('$mergeObjects', mergeObjectsFold),
  end('$first', 0),
  end('$last', -1),
  listing('$firstN', (n) => edgesFold('first', n)),
  listing('$lastN', (n) => edgesFold('last', n)),
  listing('$minN', (n) => boundsFold(-1, n)),
  listing('$maxN', (n) => boundsFold(1, n)),
];
