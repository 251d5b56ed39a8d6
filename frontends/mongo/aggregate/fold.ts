// Folds over values: sums, bounds, lists, sets, deviations. They serve the accumulators of `$group` and the
// expressions of the same names over arrays. Source: MongoDB manual, "Accumulators".

import { ElementCursor, type Raw } from '../../../model/bson/walk.ts';
import { decimalOfInteger, divideDecimals } from '../../../model/decimal-arithmetic.ts';
import { compareStored, numberOf } from '../bson-input.ts';
import { MongoCode, MongoError } from '../errors.ts';
import { safeIntegerRaw, Sum } from './number.ts';
import type { Fold } from './accumulator.ts';
import {
  arrayRaw,
  decimalRaw,
  doubleRaw,
  isNullish,
  isNumeric,
  isObject,
  keptBytes,
  keyOf,
  nullRaw,
  objectOfMap,
  owned,
  typeName,
  type Operand,
} from './value.ts';

/** Bytes one list or group stage may hold: MongoDB's bound, which nothing here spills beyond. */
export const groupBytesMax = 100 * 1024 * 1024;

export function sumFold(): Fold {
  const sum = new Sum();
  return {
    add: (value) => {
      if (isNumeric(value)) sum.add(value);
      return 0;
    },
    finish: () => sum.raw,
  };
}

export function averageFold(): Fold {
  const sum = new Sum();
  let count = 0;
  return {
    add: (value) => {
      if (isNumeric(value)) {
        sum.add(value);
        count++;
      }
      return 0;
    },
    finish: () => {
      if (count === 0) return nullRaw;
      if (sum.isDecimal) return decimalRaw(divideDecimals(sum.decimal, decimalOfInteger(BigInt(count))));
      return doubleRaw(sum.double / count);
    },
  };
}

export function countFold(): Fold {
  let count = 0;
  return {
    add: () => {
      count++;
      return 0;
    },
    finish: () => safeIntegerRaw(count, false),
  };
}

/** The least (-1) or greatest (1) value; null and missing ones do not count. */
export function boundFold(direction: 1 | -1): Fold {
  let best: Raw | undefined;
  return {
    add: (value) => {
      if (isNullish(value)) return 0;
      if (best !== undefined && direction * compareStored(value, best) <= 0) return 0;
      const before = best === undefined ? 0 : keptBytes(best);
      best = owned(value);
      return keptBytes(best) - before;
    },
    finish: () => best ?? nullRaw,
  };
}

export function edgeFold(edge: 'first' | 'last'): Fold {
  let seen = false;
  let kept: Operand;
  return {
    add: (value) => {
      if (seen && edge === 'first') return 0;
      const before = seen ? keptBytes(kept) : 0;
      seen = true;
      kept = value === undefined ? undefined : owned(value);
      return keptBytes(kept) - before;
    },
    finish: () => kept,
  };
}

function listTooLarge(name: string): MongoError {
  return new MongoError(
    MongoCode.ExceededMemoryLimit,
    `${name} used too much memory and cannot spill to disk. Memory limit: ${groupBytesMax} bytes`,
  );
}

export function pushFold(): Fold {
  const list: Raw[] = [];
  let bytes = 0;
  return {
    add: (value) => {
      if (value === undefined) return 0;
      const kept = owned(value);
      const more = keptBytes(kept);
      bytes += more;
      if (bytes > groupBytesMax) throw listTooLarge('$push');
      list.push(kept);
      return more;
    },
    finish: () => arrayRaw(list),
  };
}

export function addToSetFold(): Fold {
  const set = new Map<string, Raw>();
  let bytes = 0;
  return {
    add: (value) => {
      if (value === undefined) return 0;
      const key = keyOf(value);
      if (set.has(key)) return 0;
      const more = keptBytes(value) + 2 * key.length + 64;
      bytes += more;
      if (bytes > groupBytesMax) throw listTooLarge('$addToSet');
      set.set(key, owned(value));
      return more;
    },
    finish: () => arrayRaw([...set.values()]),
  };
}

/** Welford's running variance. */
export function deviationFold(sample: boolean): Fold {
  let count = 0;
  let mean = 0;
  let squares = 0;
  return {
    add: (value) => {
      if (!isNumeric(value)) return 0;
      const number = numberOf(value);
      count++;
      const delta = number - mean;
      mean += delta / count;
      squares += delta * (number - mean);
      return 0;
    },
    finish: () => {
      const divisor = sample ? count - 1 : count;
      return divisor < 1 ? nullRaw : doubleRaw(Math.sqrt(squares / divisor));
    },
  };
}

export function mergeObjectsFold(): Fold {
  const fields = new Map<string, Raw>();
  return {
    add: (value) => {
      if (isNullish(value)) return 0;
      if (!isObject(value))
        throw new MongoError(40400, `$mergeObjects requires object inputs, but input is of type ${typeName(value)}`);
      const kept = owned(value);
      const cursor = new ElementCursor(kept.bytes, kept.start);
      while (cursor.next()) fields.set(cursor.name(), cursor.raw());
      return keptBytes(kept);
    },
    finish: () => objectOfMap(fields),
  };
}

/** Up to `n` first or last values in the order they come; a missing one is null. */
export function edgesFold(edge: 'first' | 'last', n: number): Fold {
  const list: Raw[] = [];
  return {
    add: (value) => {
      if (edge === 'first' && list.length >= n) return 0;
      const kept = owned(value ?? nullRaw);
      list.push(kept);
      const dropped = list.length > n ? list.shift() : undefined;
      return keptBytes(kept) - (dropped === undefined ? 0 : keptBytes(dropped));
    },
    finish: () => arrayRaw(list),
  };
}

/** Up to `n` least or greatest values in order; null and missing ones do not count. */
export function boundsFold(direction: 1 | -1, n: number): Fold {
  const best = new Best<Raw>(n, (a, b) => -direction * compareStored(a, b));
  return {
    add: (value) => {
      if (isNullish(value) || !best.takes(value)) return 0;
      const kept = owned(value);
      const dropped = best.add(kept);
      return keptBytes(kept) - (dropped === undefined ? 0 : keptBytes(dropped));
    },
    finish: () => arrayRaw(best.list),
  };
}

/** The first `n` of what is offered in an order; of equal ones those that came first. */
export class Best<T> {
  readonly #n: number;
  readonly #compare: (a: T, b: T) => number;
  readonly list: T[] = [];

  constructor(n: number, compare: (a: T, b: T) => number) {
    this.#n = n;
    this.#compare = compare;
  }

  takes(offered: T): boolean {
    return this.list.length < this.#n || this.#compare(offered, this.list[this.list.length - 1]!) < 0;
  }

  /** Adds what `takes` took; gives what fell out. */
  add(taken: T): T | undefined {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(taken, this.list[middle]!) < 0) high = middle;
      else low = middle + 1;
    }
    this.list.splice(low, 0, taken);
    return this.list.length > this.#n ? this.list.pop() : undefined;
  }
}

/** The `n` of a top-n list. */
export function countOf(name: string, value: Operand): number {
  if (!isNumeric(value))
    throw new MongoError(5787902, `Value for 'n' must be of integral type, but found ${typeName(value)}`);
  const n = numberOf(value);
  if (!Number.isInteger(n) || Math.abs(n) >= 2 ** 63)
    throw new MongoError(5787903, `Value for 'n' of ${name} must be of integral type`);
  if (n <= 0) throw new MongoError(5787908, `'n' of ${name} must be greater than 0`);
  return n;
}

/** Every element of an array. */
export function foldArray(fold: Fold, array: Raw): void {
  const cursor = new ElementCursor(array.bytes, array.start);
  while (cursor.next()) fold.add(cursor.raw());
}
