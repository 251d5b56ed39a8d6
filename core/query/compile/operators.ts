// Arithmetic, bits, logic and comparison as closures. Logic is three-valued: an operand that is neither true nor
// false makes the answer undefined unless the other operands decide it alone.

import { isWellFormed, utf8, compareBytes } from '../../../model/bytes.ts';
import { BsonType } from '../../../model/bson/types.ts';
import type { BinaryOperator, ComparisonOperator, UnaryOperator } from '../../../model/query.ts';
import { valueOf, type Value } from '../../../model/value.ts';
import type { Evaluate } from '../frame.ts';
import { checkTextLength } from '../limits.ts';
import type { Semantics } from '../semantics.ts';
import { elsewhere, type PathReader } from './path.ts';

const numeric: Readonly<Record<Exclude<BinaryOperator, 'concatenate'>, (left: number, right: number) => number>> = {
  add: (left, right) => left + right,
  subtract: (left, right) => left - right,
  multiply: (left, right) => left * right,
  divide: (left, right) => left / right,
  modulo: (left, right) => left % right,
  bitAnd: (left, right) => left & right,
  bitOr: (left, right) => left | right,
  bitXor: (left, right) => left ^ right,
  shiftLeft: (left, right) => left << right,
  shiftRight: (left, right) => left >> right,
  shiftRightUnsigned: (left, right) => left >>> right,
};

export function binary(semantics: Semantics, operator: BinaryOperator, left: Evaluate, right: Evaluate): Evaluate {
  if (operator === 'concatenate') {
    return (frame) => {
      const first = left(frame);
      const second = right(frame);
      if (typeof first !== 'string' || typeof second !== 'string') return undefined;
      checkTextLength(first.length + second.length);
      return first + second;
    };
  }
  const compute = numeric[operator];
  return (frame) => {
    const first = semantics.numberOf(left(frame));
    const second = semantics.numberOf(right(frame));
    return first === undefined || second === undefined ? undefined : compute(first, second);
  };
}

export function unary(semantics: Semantics, operator: UnaryOperator, operand: Evaluate): Evaluate {
  if (operator === 'not') {
    return (frame) => {
      const value = operand(frame);
      return typeof value === 'boolean' ? !value : undefined;
    };
  }
  return (frame) => {
    const value = operand(frame);
    const number = semantics.numberOf(value);
    if (number === undefined) return undefined;
    if (operator === 'plus') return value;
    if (operator === 'negate') return typeof value === 'bigint' ? -value : -number;
    return ~number;
  };
}

/** All operands must be true; one false decides, else one that is no truth value makes it undefined. */
export function and(operands: readonly Evaluate[]): Evaluate {
  return (frame) => {
    let answer: Value = true;
    for (let i = 0; i < operands.length; i++) {
      const value = operands[i]!(frame);
      if (value === false) return false;
      if (value !== true) answer = undefined;
    }
    return answer;
  };
}

export function or(operands: readonly Evaluate[]): Evaluate {
  return (frame) => {
    let answer: Value = false;
    for (let i = 0; i < operands.length; i++) {
      const value = operands[i]!(frame);
      if (value === true) return true;
      if (value !== false) answer = undefined;
    }
    return answer;
  };
}

const orderTests: Readonly<Record<Exclude<ComparisonOperator, 'equal' | 'notEqual'>, (sign: number) => boolean>> = {
  less: (sign) => sign < 0,
  lessOrEqual: (sign) => sign <= 0,
  greater: (sign) => sign > 0,
  greaterOrEqual: (sign) => sign >= 0,
};

export function comparison(
  semantics: Semantics,
  operator: ComparisonOperator,
  left: Evaluate,
  right: Evaluate,
): Evaluate {
  if (operator === 'equal') return (frame) => semantics.equal(left(frame), right(frame));
  if (operator === 'notEqual') {
    return (frame) => {
      const equal = semantics.equal(left(frame), right(frame));
      return equal === undefined ? undefined : !equal;
    };
  }
  const test = orderTests[operator];
  return (frame) => {
    const sign = semantics.compare(left(frame), right(frame));
    return sign === undefined ? undefined : test(sign);
  };
}

/** `path = 'text'` without decoding the stored text; undefined where the text cannot be compared as bytes. */
export function equalText(semantics: Semantics, path: PathReader, text: string): Evaluate | undefined {
  if (!isWellFormed(text)) return undefined;
  const wanted = utf8(text);
  return (frame) => {
    const raw = path.raw(frame);
    if (raw === undefined) return semantics.equal(undefined, text);
    if (raw === elsewhere) return semantics.equal(path.evaluate(frame), text);
    if (raw.type !== BsonType.string) return semantics.equal(valueOf(raw), text);
    // A stored string is its length (4 bytes), its UTF-8 and a zero.
    const start = raw.start + 4;
    const end = raw.end - 1;
    return end - start === wanted.length && compareBytes(raw.bytes, start, end, wanted, 0, wanted.length) === 0;
  };
}

/** Below this many elements a list is compared one by one; above, its keys are hashed once per execution. */
const linearListMax = 4;

/** `value IN (…)` over a list that does not vary by row. */
export function inConstantList(
  semantics: Semantics,
  operand: Evaluate,
  list: readonly Evaluate[],
  memo: number,
): Evaluate {
  if (list.length <= linearListMax) return inList(semantics, operand, list);
  return (frame) => {
    const value = operand(frame);
    if (value === undefined) return undefined;
    const keys = frame.memo(memo, () => {
      const set = new Set<string>();
      for (const element of list) {
        const known = element(frame);
        if (known !== undefined) set.add(semantics.key(known));
      }
      return set;
    });
    return keys.has(semantics.key(value));
  };
}

export function inList(semantics: Semantics, operand: Evaluate, list: readonly Evaluate[]): Evaluate {
  return (frame) => {
    const value = operand(frame);
    if (value === undefined) return undefined;
    for (let i = 0; i < list.length; i++) if (semantics.equal(value, list[i]!(frame)) === true) return true;
    return false;
  };
}
