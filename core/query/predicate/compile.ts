// A predicate as a closure over raw BSON: no document is decoded, nothing is allocated per item. Compile once per
// query, run per item. Predicates come from a translator that has bounded their depth.

import { readInt32 } from '../../../model/bytes.ts';
import { BsonType } from '../../../model/bson/types.ts';
import { nameOf, skipValue } from '../../../model/bson/walk.ts';
import { testsWholeArray, type Predicate, type Test } from '../../../model/predicate.ts';
import { compileBits } from './bits.ts';
import { compileComparison, compileMembership, compileModulo } from './compare.ts';
import {
  absent,
  anyElement,
  compilePath,
  matchedPosition,
  setMatchedPosition,
  type DocumentTest,
  type ValueTest,
} from './path.ts';
import { compilePattern } from './pattern.ts';

/** Whether an item satisfies the predicate. */
export function compilePredicate(predicate: Predicate): (document: Uint8Array) => boolean {
  const test = compileDocumentTest(predicate);
  return (document) => test(document, 0);
}

/**
 * As `compilePredicate`, but tells where: -2 no match, -1 a match that crossed no array, else the position of the
 * matching element in the first array crossed by the last clause that crossed one.
 */
export function compilePosition(predicate: Predicate): (document: Uint8Array) => number {
  const test = compileDocumentTest(predicate);
  return (document) => {
    setMatchedPosition(-1);
    return test(document, 0) ? matchedPosition : -2;
  };
}

export function compileDocumentTest(predicate: Predicate): DocumentTest {
  switch (predicate.kind) {
    case 'constant': {
      const { value } = predicate;
      return () => value;
    }
    case 'computed':
      return predicate.test;
    case 'path':
      return compilePath(predicate.path.map(nameOf), compileTest(predicate.test), !testsWholeArray(predicate.test));
    case 'not': {
      const test = compileDocumentTest(predicate.of);
      return (bytes, start) => {
        const before = matchedPosition;
        const holds = test(bytes, start);
        setMatchedPosition(before);
        return !holds;
      };
    }
    case 'and':
      return compileAnd(predicate.of.map(compileDocumentTest));
    case 'or':
      return compileOr(predicate.of.map(compileDocumentTest));
  }
}

function compileAnd(tests: readonly DocumentTest[]): DocumentTest {
  const [first, second, third] = tests;
  if (first !== undefined && tests.length === 1) return first;
  if (first !== undefined && second !== undefined && tests.length === 2)
    return (bytes, start) => first(bytes, start) && second(bytes, start);
  if (first !== undefined && second !== undefined && third !== undefined && tests.length === 3)
    return (bytes, start) => first(bytes, start) && second(bytes, start) && third(bytes, start);
  return (bytes, start) => {
    for (const test of tests) if (!test(bytes, start)) return false;
    return true;
  };
}

function compileOr(tests: readonly DocumentTest[]): DocumentTest {
  return (bytes, start) => {
    const before = matchedPosition;
    for (const test of tests) {
      if (test(bytes, start)) return true;
      // A branch that failed half-way leaves no trace.
      setMatchedPosition(before);
    }
    return false;
  };
}

/** A test of one value. */
export function compileTest(test: Test): ValueTest {
  switch (test.kind) {
    case 'compare':
      return compileComparison(test.operator, test.value);
    case 'in': {
      const member = compileMembership(test.values);
      if (test.patterns.length === 0) return member;
      const patterns = test.patterns.map(compilePattern);
      return (bytes, type, at) => member(bytes, type, at) || patterns.some((pattern) => pattern(bytes, type, at));
    }
    case 'exists':
      return (_bytes, type) => type !== absent;
    case 'type': {
      const types = new Set(test.types);
      return (_bytes, type) => types.has(type);
    }
    case 'size': {
      const { count } = test;
      return (bytes, type, at) => type === BsonType.array && hasCount(bytes, at, count);
    }
    case 'modulo':
      return compileModulo(test.divisor, test.remainder);
    case 'matches':
      return compilePattern(test.pattern);
    case 'bits':
      return compileBits(test.bits, test.positions);
    case 'elementMatches': {
      const inner = compileDocumentTest(test.predicate);
      const element: ValueTest = (bytes, type, at) =>
        (type === BsonType.object || type === BsonType.array) && inner(bytes, at);
      return (bytes, type, at) => type === BsonType.array && anyElement(bytes, at, element);
    }
    case 'elementPasses': {
      const element = compileTest(test.test);
      return (bytes, type, at) => type === BsonType.array && anyElement(bytes, at, element);
    }
    case 'allOf': {
      const tests = test.tests.map(compileTest);
      return (bytes, type, at) => tests.every((each) => each(bytes, type, at));
    }
    case 'notTest': {
      const inner = compileTest(test.test);
      return (bytes, type, at) => !inner(bytes, type, at);
    }
  }
}

/** Whether the array at `start` has exactly `count` elements; stops at the first one too many. */
function hasCount(bytes: Uint8Array, start: number, count: number): boolean {
  const end = start + readInt32(bytes, start) - 1;
  let at = start + 4;
  let seen = 0;
  while (at < end && seen <= count) {
    const type = bytes[at]!;
    let value = at + 1;
    while (bytes[value] !== 0) value++;
    at = skipValue(bytes, type, value + 1);
    seen++;
  }
  return seen === count;
}
