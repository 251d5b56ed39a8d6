// Stages that pass documents on as they are, or how many there are: $match, $sort, $skip, $limit, $count, $sample.
// Source: MongoDB manual, "Aggregation Stages".

import { BsonType } from '../../../../model/bson/types.ts';
import { textOfRaw, type Raw } from '../../../../model/bson/walk.ts';
import { BsonWriter } from '../../../../model/bson/write.ts';
import { fieldsOf, integerOf, isNumber, numberOf } from '../../bson-input.ts';
import { MongoCode, MongoError } from '../../errors.ts';
import { Filter } from '../../selection.ts';
import { parseSort, type Sort } from '../../sort.ts';
import { limitSource, skipSource, sortBytesMax, sortSource } from '../../source.ts';
import type { Scope } from '../scope.ts';
import { computedSource, drainEach, eachSource } from '../sliced.ts';
import type { Stage, StageRow } from '../stage.ts';
import { safeIntegerRaw } from '../number.ts';

export function matchFilter(operand: Raw, scope: Scope): Filter {
  if (operand.type !== BsonType.object)
    throw new MongoError(15959, 'the match filter must be an expression in an object');
  return new Filter(operand.slice(), undefined, scope);
}

function wholeNumber(operand: Raw, code: number, words: string, min: bigint): number {
  const number = isNumber(operand) ? integerOf(operand) : undefined;
  if (number === undefined || number < min) throw new MongoError(code, words);
  return Number(number);
}

export function skipCount(operand: Raw): number {
  return wholeNumber(operand, 5107200, 'invalid argument to $skip stage: Expected a non-negative number', 0n);
}

export function limitCount(operand: Raw): number {
  return wholeNumber(operand, 15958, 'the limit must be positive', 1n);
}

export function sortOf(operand: Raw): Extract<Sort, { kind: 'fields' }> {
  if (operand.type !== BsonType.object) throw new MongoError(15973, 'the $sort key specification must be an object');
  const sort = parseSort(operand.slice());
  if (sort === undefined || sort.kind === 'natural')
    throw new MongoError(15976, '$sort stage must have at least one sort key');
  return sort;
}

/** The documents in order; with `count` only so many of them are kept. */
export function sortStage(sort: Sort, count: number | undefined): Stage {
  return (inner) => sortSource(inner, sort, count);
}

function count(operand: Raw): Stage {
  if (operand.type !== BsonType.string) throw new MongoError(40156, 'the count field must be a non-empty string');
  const name = textOfRaw(operand);
  if (name === '') throw new MongoError(40156, 'the count field must be a non-empty string');
  if (name.startsWith('$')) throw new MongoError(40158, 'the count field cannot be a $-prefixed path');
  if (name.includes('\0')) throw new MongoError(40159, 'the count field cannot contain a null byte');
  if (name.includes('.')) throw new MongoError(40160, "the count field cannot contain '.'");
  return (inner) =>
    computedSource(inner, async (signal) => {
      let documents = 0;
      await drainEach(inner, () => documents++, signal);
      if (documents === 0) return { documents: [], bytes: 0 };
      const writer = new BsonWriter(64).beginDocument().raw(name, safeIntegerRaw(documents, false));
      return { documents: [writer.end().finish()], bytes: 0 };
    });
}

function sample(operand: Raw): Stage {
  if (operand.type !== BsonType.object)
    throw new MongoError(28745, 'the $sample stage specification must be an object');
  let size: number | undefined;
  for (const { name, value } of fieldsOf(operand)) {
    if (name !== 'size') throw new MongoError(28748, `unrecognized option to $sample: ${name}`);
    if (!isNumber(value)) throw new MongoError(28746, 'size argument to $sample must be a number');
    size = Math.trunc(numberOf(value));
  }
  if (size === undefined) throw new MongoError(28749, '$sample stage must specify a size');
  if (!(size > 0)) throw new MongoError(28747, 'size argument to $sample must be a positive integer');
  const wanted = size;
  return (inner) =>
    computedSource(inner, async (signal) => {
      // A reservoir: each document has the same chance to stay.
      const kept: Uint8Array[] = [];
      let seen = 0;
      let bytes = 0;
      await drainEach(
        inner,
        (document) => {
          seen++;
          const at = kept.length < wanted ? kept.length : Math.floor(Math.random() * seen);
          if (at >= wanted) return;
          bytes += document.length - (kept[at]?.length ?? 0);
          if (bytes > sortBytesMax)
            throw new MongoError(
              MongoCode.QueryExceededMemoryLimitNoDiskUseAllowed,
              `$sample exceeded memory limit of ${sortBytesMax} bytes`,
            );
          kept[at] = document;
        },
        signal,
      );
      for (let i = kept.length - 1; i > 0; i--) {
        const k = Math.floor(Math.random() * (i + 1));
        [kept[i], kept[k]] = [kept[k]!, kept[i]!];
      }
      return { documents: kept, bytes };
    });
}

export const selectionStages: readonly StageRow[] = [
  {
    name: '$match',
    compile: (operand, { scope }) => {
      const { matches } = matchFilter(operand, scope);
      return (inner) => eachSource(inner, (document) => (matches(document) ? document : undefined));
    },
  },
  { name: '$sort', compile: (operand) => sortStage(sortOf(operand), undefined) },
  {
    name: '$skip',
    compile: (operand) => {
      const skipped = skipCount(operand);
      return (inner) => skipSource(inner, skipped);
    },
  },
  {
    name: '$limit',
    compile: (operand) => {
      const limit = limitCount(operand);
      return (inner) => limitSource(inner, limit);
    },
  },
  { name: '$count', compile: count },
  { name: '$sample', compile: sample },
];
