// The naive index: every version ever, in a list; every question answered by walking the items. It shares with the
// index only the model's values and, for strings too long for a term, the key they are cut to.

import { compareBytes } from '../../model/bytes.ts';
import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, type Raw, rawDocument } from '../../model/bson/walk.ts';
import { compareNumbers, isNumberType, numericOf } from '../../model/number.ts';
import { anyElement, type PathStep } from '../../indexer/policy.ts';
import { keyOf } from '../../indexer/term-key.ts';
import { valueOf, type Value } from '../../model/value.ts';

export interface Version {
  readonly number: number;
  readonly lsn: number;
  readonly id: string;
  readonly key: string;
  readonly item: Uint8Array;
  /** LSN of its end, Infinity while it lives. */
  died: number;
}

export interface Moment {
  readonly lsn: number;
  readonly next: number;
}

export type Question =
  | { readonly kind: 'equal'; readonly steps: readonly PathStep[]; readonly value: Raw }
  | { readonly kind: 'in'; readonly steps: readonly PathStep[]; readonly values: readonly Raw[] }
  | {
      readonly kind: 'between';
      readonly steps: readonly PathStep[];
      readonly from: { readonly value: Raw; readonly inclusive: boolean } | undefined;
      readonly to: { readonly value: Raw; readonly inclusive: boolean } | undefined;
    }
  | { readonly kind: 'prefix'; readonly steps: readonly PathStep[]; readonly text: string }
  | { readonly kind: 'exists'; readonly steps: readonly PathStep[] }
  | { readonly kind: 'type'; readonly steps: readonly PathStep[]; readonly types: readonly number[] }
  | { readonly kind: 'length'; readonly steps: readonly PathStep[]; readonly length: number }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Question[] }
  | { readonly kind: 'not'; readonly of: Question };

export function valuesAt(item: Uint8Array, steps: readonly PathStep[]): Raw[] {
  let found: Raw[] = [rawDocument(item)];
  for (const step of steps) {
    const next: Raw[] = [];
    for (const value of found) {
      if (value.type !== (step === anyElement ? BsonType.array : BsonType.object)) continue;
      const cursor = new ElementCursor(value.bytes, value.start);
      while (cursor.next()) {
        if (step === anyElement) next.push(cursor.raw());
        else if (cursor.name() === step) {
          next.push(cursor.raw());
          break;
        }
      }
    }
    found = next;
  }
  return found;
}

/** Place of a type among the others, in the order of terms. */
const ranks: readonly number[] = [
  BsonType.null,
  BsonType.boolean,
  BsonType.double,
  BsonType.string,
  BsonType.object,
  BsonType.array,
  BsonType.objectId,
  BsonType.date,
];

export function rankOf(value: Raw): number {
  return ranks.indexOf(isNumberType(value.type) ? BsonType.double : value.type);
}

function textBytes(value: Raw): Uint8Array {
  return value.bytes.subarray(value.start + 4, value.end - 1);
}

function elements(value: Raw): number {
  const cursor = new ElementCursor(value.bytes, value.start);
  let count = 0;
  while (cursor.next()) count++;
  return count;
}

/** Order of two values as terms give it; objects only empty or not, arrays by length. */
export function compareValues(a: Raw, b: Raw): number {
  const rank = rankOf(a) - rankOf(b);
  if (rank !== 0) return rank;
  if (isNumberType(a.type)) return compareNumbers(numericOf(a), numericOf(b));
  switch (a.type) {
    case BsonType.null:
      return 0;
    case BsonType.boolean:
    case BsonType.objectId:
      return compareBytes(a.bytes, a.start, a.end, b.bytes, b.start, b.end);
    case BsonType.string: {
      const x = textBytes(a);
      const y = textBytes(b);
      const long = x.length > 96 && y.length > 96;
      if (long && compareBytes(x, 0, 96, y, 0, 96) === 0) {
        const left = keyOf(valueOf(a))!.bytes;
        const right = keyOf(valueOf(b))!.bytes;
        return compareBytes(left, 0, left.length, right, 0, right.length);
      }
      return compareBytes(x, 0, x.length, y, 0, y.length);
    }
    case BsonType.object:
      return Number(elements(a) > 0) - Number(elements(b) > 0);
    case BsonType.array:
      return elements(a) - elements(b);
    default: {
      const x = new DataView(a.bytes.buffer, a.bytes.byteOffset).getBigInt64(a.start, true);
      const y = new DataView(b.bytes.buffer, b.bytes.byteOffset).getBigInt64(b.start, true);
      return x < y ? -1 : x > y ? 1 : 0;
    }
  }
}

function isNaNValue(value: Raw): boolean {
  return Number.isNaN(valueOf(value));
}

export function passes(item: Uint8Array, question: Question): boolean {
  switch (question.kind) {
    case 'equal':
      return valuesAt(item, question.steps).some(
        (value) => compareValues(value, question.value) === 0 && exactlySame(value, question.value),
      );
    case 'in':
      return question.values.some((value) => passes(item, { kind: 'equal', steps: question.steps, value }));
    case 'between': {
      const { from, to } = question;
      const sample = (from ?? to)!.value;
      if (from !== undefined && to !== undefined && rankOf(from.value) !== rankOf(to.value)) return false;
      return valuesAt(item, question.steps).some((value) => {
        if (rankOf(value) !== rankOf(sample)) return false;
        if (isNumberType(value.type) && isNaNValue(value) && from === undefined)
          return to!.inclusive && isNaNValue(to!.value) && false;
        if (from !== undefined) {
          const order = compareText(value, from.value);
          if (order < 0 || (order === 0 && !from.inclusive)) return false;
        }
        if (to !== undefined) {
          const order = compareText(value, to.value);
          if (order > 0 || (order === 0 && !to.inclusive)) return false;
        }
        return true;
      });
    }
    case 'prefix': {
      const text = Buffer.from(question.text);
      return valuesAt(item, question.steps).some(
        (value) =>
          value.type === BsonType.string && Buffer.from(textBytes(value)).subarray(0, text.length).equals(text),
      );
    }
    case 'exists':
      return valuesAt(item, question.steps).length > 0;
    case 'type':
      return valuesAt(item, question.steps).some((value) =>
        question.types.includes(isNumberType(value.type) ? BsonType.double : value.type),
      );
    case 'length':
      return valuesAt(item, question.steps).some(
        (value) => value.type === BsonType.array && elements(value) === question.length,
      );
    case 'and':
      return question.of.every((of) => passes(item, of));
    case 'or':
      return question.of.some((of) => passes(item, of));
    case 'not':
      return !passes(item, question.of);
  }
}

/** As `compareValues`, strings by all their bytes. */
function compareText(a: Raw, b: Raw): number {
  if (a.type !== BsonType.string || b.type !== BsonType.string) return compareValues(a, b);
  const x = textBytes(a);
  const y = textBytes(b);
  return compareBytes(x, 0, x.length, y, 0, y.length);
}

function exactlySame(a: Raw, b: Raw): boolean {
  return compareText(a, b) === 0;
}

export class Oracle {
  readonly versions: Version[] = [];

  at(moment: Moment): Version[] {
    return this.versions.filter(({ number, died }) => number < moment.next && died > moment.lsn);
  }

  answer(moment: Moment, question: Question): number[] {
    return this.at(moment)
      .filter(({ item }) => passes(item, question))
      .map(({ number }) => number);
  }

  /** Items by their values at a path: (value, number) pairs in the order of terms. One pair per different value. */
  ordered(
    moment: Moment,
    steps: readonly PathStep[],
    question: Question | undefined,
  ): { readonly value: Raw; readonly number: number }[] {
    const pairs: { readonly value: Raw; readonly number: number }[] = [];
    for (const { item, number } of this.at(moment)) {
      if (question !== undefined && !passes(item, question)) continue;
      const own: Raw[] = [];
      for (const value of valuesAt(item, steps))
        if (!own.some((other) => compareValues(other, value) === 0)) own.push(value);
      for (const value of own) pairs.push({ value, number });
    }
    return pairs.sort((a, b) => compareValues(a.value, b.value) || a.number - b.number);
  }
}

export type { Value };
