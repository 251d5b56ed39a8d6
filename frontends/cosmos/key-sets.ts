// Which partition keys a filter leaves: read from the algebra that is executed, so that a plan asks no partition in
// vain. A set is a list of boxes, each with the possible parts of every level; undefined stands for any part.
//
// Invariant: the set of a filter holds every key whose items the filter may keep. It may hold more: what is not
// understood, or would take too many boxes, says nothing.

import { constantOf } from '../../core/query/constant.ts';
import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, Raw } from '../../model/bson/walk.ts';
import { parsePath, type PartitionKeyDefinition, type PartitionKeyPart } from '../../model/partition-key.ts';
import { pathOf, type Call, type Expression, type Relation } from '../../model/query.ts';
import { valueOf, type Value } from '../../model/value.ts';
import { cosmosSemantics } from './semantics.ts';

export type KeyBox = readonly (readonly PartitionKeyPart[] | undefined)[];
export type KeySet = readonly KeyBox[];

/** Boxes of one set, and parts of one level of a box: more than that is as good as every key. */
const boxesMax = 256;
const partsMax = 1024;

export class KeySets {
  readonly #paths: readonly (readonly string[])[];
  readonly #binding: string;
  readonly #parameters: ReadonlyMap<string, Value>;
  readonly all: KeySet;

  constructor(definition: PartitionKeyDefinition, binding: string, parameters: ReadonlyMap<string, Value>) {
    this.#paths = definition.paths.map((path) => parsePath(path));
    this.#binding = binding;
    this.#parameters = parameters;
    this.all = [this.#paths.map(() => undefined)];
  }

  /** The keys of items for which the test can be true, or false. */
  of(test: Expression, wanted = true): KeySet {
    switch (test.kind) {
      case 'and':
      case 'or': {
        const sets = test.operands.map((operand) => this.of(operand, wanted));
        return (test.kind === 'and') === wanted ? sets.reduce(intersection) : this.#union(sets);
      }
      case 'unary':
        return test.operator === 'not' ? this.of(test.operand, !wanted) : this.#constant(test, wanted);
      case 'comparison': {
        const isEqual = test.operator === (wanted ? 'equal' : 'notEqual');
        const set = isEqual ? this.#equal(test.left, test.right) : this.#constant(test, wanted);
        return intersection(set, this.#compared([test.left, test.right]));
      }
      case 'in':
        if (!wanted) return this.#constant(test, wanted);
        return this.#union(test.list.map((element) => this.#equal(test.operand, element)));
      case 'like': {
        const escape = test.escape === undefined ? '' : this.#value(test.escape)?.value;
        const text = exactText(this.#value(test.pattern)?.value, escape);
        const level = text === undefined || !wanted ? undefined : this.#levelOf(test.operand);
        return level === undefined ? this.#constant(test, wanted) : this.#at(level, [text]);
      }
      case 'call':
        return this.#call(test, wanted);
      default: {
        const level = this.#levelOf(test);
        return level === undefined ? this.#constant(test, wanted) : this.#at(level, [wanted]);
      }
    }
  }

  intersect(left: KeySet, right: KeySet): KeySet {
    return intersection(left, right);
  }

  /** Of a test that reads no item, everything or nothing. */
  #constant(test: Expression, wanted: boolean): KeySet {
    const found = this.#value(test);
    return found === undefined || found.value === wanted ? this.all : [];
  }

  #value(expression: Expression): { readonly value: Value } | undefined {
    return constantOf(expression, cosmosSemantics, this.#parameters);
  }

  /** A comparison holds of values only: where a side is a subquery, of items that its filters keep. */
  #compared(sides: readonly Expression[]): KeySet {
    let set = this.all;
    for (const side of sides)
      if (side.kind === 'subquery') for (const test of filtersOf(side.query)) set = intersection(set, this.of(test));
    return set;
  }

  #equal(left: Expression, right: Expression): KeySet {
    for (const [side, other] of [
      [left, right],
      [right, left],
    ] as const) {
      const found = this.#value(other);
      if (found === undefined) continue;
      const level = this.#levelOf(side);
      if (level !== undefined) return this.#atValues(level, [found.value]);
      const ofAbsolute = side.kind === 'call' && side.name === 'ABS' ? this.#levelOf(side.arguments[0]!) : undefined;
      if (ofAbsolute !== undefined && typeof found.value === 'number')
        return found.value < 0 ? [] : this.#atValues(ofAbsolute, [found.value, -found.value]);
      const isFixed = this.#value(side);
      return isFixed === undefined
        ? this.all
        : this.#constant({ kind: 'comparison', operator: 'equal', left, right }, true);
    }
    return this.all;
  }

  #call(call: Call, wanted: boolean): KeySet {
    const [first, second] = call.arguments;
    const level = first && this.#levelOf(first);
    if (call.name === 'IS_DEFINED' && level !== undefined && !wanted) return this.#at(level, [undefined]);
    if (call.name === 'IS_NULL' && level !== undefined && wanted) return this.#at(level, [null]);
    if (call.name === 'IS_BOOL' && level !== undefined && wanted) return this.#at(level, [true, false]);
    if (call.name === 'ARRAY_CONTAINS' && call.arguments.length === 2 && wanted) {
      const elements = elementsOf(this.#value(first!)?.value);
      const of = this.#levelOf(second!);
      if (elements !== undefined && of !== undefined) return this.#atValues(of, elements);
    }
    return this.#constant(call, wanted);
  }

  #atValues(level: number, values: readonly Value[]): KeySet {
    const parts: PartitionKeyPart[] = [];
    for (const value of values) {
      // Nothing equals undefined.
      if (value === undefined) continue;
      const part = partOf(value);
      if (part === 'unknown') return this.all;
      if (!parts.includes(part.part)) parts.push(part.part);
    }
    return parts.length === 0 ? [] : this.#at(level, parts);
  }

  #at(level: number, parts: readonly PartitionKeyPart[]): KeySet {
    if (parts.length > partsMax) return this.all;
    return [this.#paths.map((_, i) => (i === level ? parts : undefined))];
  }

  #levelOf(expression: Expression): number | undefined {
    const found = pathOf(expression);
    if (found?.binding !== this.#binding) return undefined;
    const { steps } = found;
    const level = this.#paths.findIndex(
      (path) => path.length === steps.length && path.every((step, i) => step === steps[i]),
    );
    return level < 0 ? undefined : level;
  }

  #union(given: readonly KeySet[]): KeySet {
    const sets = given.filter((set) => set.length > 0);
    if (sets.length === 0) return [];
    // Sets of one level, as those of IN, are one box.
    const level = sets.map(onlyLevel).reduce((a, b) => (a === b ? a : undefined));
    if (level !== undefined) {
      return this.#at(level, [...new Set(sets.flatMap((set) => set.flatMap((box) => box[level]!)))]);
    }
    const boxes = sets.flat();
    return boxes.length > boxesMax ? this.all : boxes;
  }
}

/** The one level that all boxes of a set bound; undefined when there are several, or none. */
function onlyLevel(set: KeySet): number | undefined {
  const levels = new Set(set.flatMap((box) => box.flatMap((parts, level) => (parts === undefined ? [] : [level]))));
  const isBound = set.every((box) => box.some((parts) => parts !== undefined));
  return isBound && levels.size === 1 ? [...levels][0] : undefined;
}

function intersection(left: KeySet, right: KeySet): KeySet {
  if (left.length * right.length > boxesMax) return left.length < right.length ? left : right;
  const boxes: KeyBox[] = [];
  for (const a of left)
    for (const b of right) {
      const box = a.map((parts, level) => both(parts, b[level]));
      if (box.every((parts) => parts === undefined || parts.length > 0)) boxes.push(box);
    }
  return boxes;
}

function both(
  left: readonly PartitionKeyPart[] | undefined,
  right: readonly PartitionKeyPart[] | undefined,
): readonly PartitionKeyPart[] | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  const inRight = new Set(right);
  return left.filter((part) => inRight.has(part));
}

/** The part under which items of this value lie. */
function partOf(value: Exclude<Value, undefined>): { readonly part: PartitionKeyPart } | 'unknown' {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return { part: value };
  if (typeof value === 'number') return Number.isFinite(value) ? { part: value === 0 ? 0 : value } : 'unknown';
  if (!(value instanceof Raw)) return 'unknown';
  if (value.type === BsonType.array) return { part: undefined };
  if (value.type !== BsonType.object) return 'unknown';
  // What Extended JSON shows as an object may be a value of another type, which has a part of its own.
  const cursor = new ElementCursor(value.bytes, value.start);
  while (cursor.next()) if (cursor.name().startsWith('$')) return 'unknown';
  return { part: undefined };
}

/** Filters that every result of the relation has passed; none where an aggregate gives a result of nothing. */
function filtersOf(relation: Relation): readonly Expression[] {
  const tests: Expression[] = [];
  for (let at = relation; ; at = at.input) {
    if (at.kind === 'unit') return tests;
    if (at.kind === 'filter') tests.push(at.test);
    if (at.kind === 'source' || at.kind === 'union' || (at.kind === 'group' && at.keys.length === 0)) return [];
  }
}

function elementsOf(value: Value): readonly Value[] | undefined {
  if (!(value instanceof Raw) || value.type !== BsonType.array) return undefined;
  const elements: Value[] = [];
  const cursor = new ElementCursor(value.bytes, value.start);
  while (cursor.next()) elements.push(valueOf(cursor.raw()));
  return elements;
}

/** The only text that a pattern matches, if it has no wildcard. */
function exactText(pattern: Value, escape: Value): string | undefined {
  if (typeof pattern !== 'string' || typeof escape !== 'string') return undefined;
  let text = '';
  for (let i = 0; i < pattern.length; i++) {
    const isEscaped = escape !== '' && pattern[i] === escape;
    if (isEscaped) i++;
    const character = pattern[i];
    if (character === undefined || (!isEscaped && '%_['.includes(character))) return undefined;
    text += character;
  }
  return text;
}
