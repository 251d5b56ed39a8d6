// Every accumulator of `$group` by name. Source: MongoDB manual, "$group", "Accumulator Operator".

import { BsonType } from '../../../model/bson/types.ts';
import { type Raw } from '../../../model/bson/walk.ts';
import { elementsOf, fieldsOf } from '../bson-input.ts';
import { MongoError } from '../errors.ts';
import type { SortKey } from '../sort.ts';
import type { AccumulatorRow, Fold, MakeAccumulator } from './accumulator.ts';
import {
  addToSetFold,
  averageFold,
  Best,
  boundFold,
  boundsFold,
  countFold,
  countOf,
  deviationFold,
  edgeFold,
  edgesFold,
  mergeObjectsFold,
  pushFold,
  sumFold,
} from './fold.ts';
import { namedOperands, type Expression, type Parse } from './row.ts';
import type { Frame } from './scope.ts';
import { compileSort } from './sort-key.ts';
import { arrayRaw, keptBytes, nullRaw, objectRaw, owned, type Operand } from './value.ts';

/** An accumulator of one operand. */
function folding(name: string, make: () => Fold): AccumulatorRow {
  return {
    name,
    compile: (operand, parse) => {
      const { evaluate } = soleOperand(name, operand, parse);
      return () => {
        const fold = make();
        return { add: (frame) => fold.add(evaluate(frame)), finish: () => fold.finish() };
      };
    },
  };
}

function soleOperand(name: string, operand: Raw, parse: Parse): Expression {
  if (operand.type !== BsonType.array) return parse.expression(operand);
  const given = elementsOf(operand);
  if (given.length !== 1) throw new MongoError(40237, `The ${name} accumulator is a unary operator`);
  return parse.expression(given[0]!);
}

/** `n` is computed once a group, over its key. */
function listLength(name: string, n: Expression, frame: Frame, id: Operand): number {
  const { root } = frame;
  frame.root = objectRaw(['_id'], [id]);
  try {
    return countOf(name, n.evaluate(frame));
  } finally {
    frame.root = root;
  }
}

/** An accumulator of `{ input, n }`. */
function listing(name: string, make: (n: number) => Fold): AccumulatorRow {
  return {
    name,
    compile: (operand, parse) => {
      const given = namedOperands(name, operand, ['input', 'n'], [], {
        notObject: 5787900,
        unknown: 5787901,
        missing: { input: 5787907, n: 5787906 },
      });
      const { evaluate } = parse.expression(given.get('input')!);
      const n = parse.expression(given.get('n')!);
      return (frame, id) => {
        const fold = make(listLength(name, n, frame, id));
        return { add: (each) => fold.add(evaluate(each)), finish: () => fold.finish() };
      };
    },
  };
}

interface Ranked {
  readonly key: SortKey;
  readonly output: Raw;
}

/** `$top`, `$bottom` and their lists: outputs of the documents that come first or last in an order. */
function ranking(name: string, edge: 'top' | 'bottom', isList: boolean): AccumulatorRow {
  return {
    name,
    compile: (operand, parse): MakeAccumulator => {
      const given = namedOperands(name, operand, isList ? ['n', 'sortBy', 'output'] : ['sortBy', 'output'], [], {
        notObject: 5788001,
        unknown: 5788002,
        missing: { n: 5788003, output: 5788004, sortBy: 5788005 },
      });
      const sortBy = given.get('sortBy')!;
      if (sortBy.type !== BsonType.object)
        throw new MongoError(5788604, `expected 'sortBy' of ${name} to be an object`);
      const sort = compileSort(sortBy);
      const output = parse.expression(given.get('output')!);
      const nText = given.get('n');
      const n = nText === undefined ? undefined : parse.expression(nText);
      const direction = edge === 'top' ? 1 : -1;
      return (frame, id) => {
        const length = n === undefined ? 1 : listLength(name, n, frame, id);
        // At the bottom, of equal documents the last ones stay, which come first seen from the end.
        let count = 0;
        const best = new Best<Ranked & { readonly position: number }>(
          length,
          (a, b) => direction * (sort.compare(a.key, b.key) || a.position - b.position),
        );
        const outputs = (): Raw[] => {
          const list = best.list.map((ranked) => ranked.output);
          return edge === 'top' ? list : list.reverse();
        };
        return {
          add: (each) => {
            const root = owned(each.root!);
            const candidate = { key: sort.keyOfValue(root), output: nullRaw, position: count++ };
            if (!best.takes(candidate)) return 0;
            const value = output.evaluate(each);
            const kept = { ...candidate, output: value === undefined ? nullRaw : owned(value) };
            // The key's values lie in the copy of the document.
            const dropped = best.add(kept);
            const grown = keptBytes(kept.output) + keptBytes(root);
            return dropped === undefined ? grown : grown - keptBytes(dropped.output) - keptBytes(root);
          },
          finish: () => (isList ? arrayRaw(outputs()) : (outputs()[0] ?? nullRaw)),
        };
      };
    },
  };
}

const rows: readonly AccumulatorRow[] = [
  folding('$sum', sumFold),
  folding('$avg', averageFold),
  folding('$min', () => boundFold(-1)),
  folding('$max', () => boundFold(1)),
  folding('$first', () => edgeFold('first')),
  folding('$last', () => edgeFold('last')),
  folding('$push', pushFold),
  folding('$addToSet', addToSetFold),
  folding('$stdDevPop', () => deviationFold(false)),
  folding('$stdDevSamp', () => deviationFold(true)),
  folding('$mergeObjects', mergeObjectsFold),
  {
    name: '$count',
    compile: (operand) => {
      if (operand.type !== BsonType.object || fieldsOf(operand).length > 0)
        throw new MongoError(9, '$count takes no arguments, i.e. $count:{}');
      return () => {
        const fold = countFold();
        return { add: () => fold.add(undefined), finish: () => fold.finish() };
      };
    },
  },
  listing('$firstN', (n) => edgesFold('first', n)),
  listing('$lastN', (n) => edgesFold('last', n)),
  listing('$minN', (n) => boundsFold(-1, n)),
  listing('$maxN', (n) => boundsFold(1, n)),
  ranking('$top', 'top', false),
  ranking('$topN', 'top', true),
  ranking('$bottom', 'bottom', false),
  ranking('$bottomN', 'bottom', true),
];

const byName: ReadonlyMap<string, AccumulatorRow> = new Map(rows.map((row) => [row.name, row]));

export function accumulatorOf(name: string): AccumulatorRow | undefined {
  return byName.get(name);
}

export const accumulatorNames: readonly string[] = [...byName.keys()].sort();
