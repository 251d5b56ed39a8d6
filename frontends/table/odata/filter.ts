// `$filter` over entities → the algebra of predicates, so that the index answers it. Entities are read as they are
// stored (`model/edm-view.ts`): a property is a field, `Timestamp` a field that core shows in front of them.
//
// Meaning, as at the service where it is known (sources: "Querying tables and entities"; what users measured there,
// Azurite issues 1504, 1929, 2342, 2471, azure-storage-net 696, AzureStorageExplorer 5346):
//   · a property that an entity lacks satisfies no comparison, `ne` neither; `not` turns that, as any other, round;
//   · `null` is refused; a stored null, which other doors may leave, is a property that the entity lacks;
//   · values of different types are unequal and in no order, but numbers compare by value, whatever their types;
//   · NaN equals NaN alone and is in no order;
//   · strings are ordered by code points, GUIDs as their text, binaries byte by byte, false before true.
// Arrays, which only other doors store, satisfy a comparison when one of their elements does.

import { BinarySubtype, BsonType } from '../../../model/bson/types.ts';
import { findField, nameOf, Raw } from '../../../model/bson/walk.ts';
import { compareBytes, readFloat64 } from '../../../model/bytes.ts';
import { edmSystemNames } from '../../../model/edm-view.ts';
import { isBinary, rawBinary } from '../../../model/extended.ts';
import { compareRaw, mongoRank } from '../../../model/order.ts';
import {
  always,
  conjunction,
  never,
  type ComparisonOperator,
  type Predicate,
  type Test,
} from '../../../model/predicate.ts';
import { parseExpression, type Comparison, type Expression } from './expression.ts';
import { booleanLiteral, type Literal } from './literal.ts';
import { TimeRanges } from './time-range.ts';

/** The predicate of a `$filter`; absent and blank ones hold always. Throws InvalidInput and NotImplemented. */
export function parseFilter(text: string | undefined): Predicate {
  return text === undefined || text.trim() === '' ? always : predicateOf(parseExpression(text));
}

/** Recursion is as deep as the expression, which the parser has bounded. */
function predicateOf(expression: Expression): Predicate {
  switch (expression.kind) {
    case 'and':
      return conjunctionOf(expression.of);
    case 'or':
      return disjunctionOf(expression.of);
    case 'not':
      return { kind: 'not', of: predicateOf(expression.of) };
    case 'compare':
      return comparison(expression.operator, expression.property, expression.literal);
    case 'compareLiterals':
      return holdsOfLiterals(expression.operator, expression.left, expression.right) ? always : never;
    case 'flag':
      return at(expression.property, equals(booleanLiteral(true).raw));
    case 'constant':
      return expression.value ? always : never;
  }
}

function at(property: string, test: Test): Predicate {
  return { kind: 'path', path: [property], test };
}

function compares(operator: ComparisonOperator, value: Raw): Test {
  return { kind: 'compare', operator, value };
}

function equals(value: Raw): Test {
  return compares('eq', value);
}

function between(lower: Test, upper: Test): Test {
  return { kind: 'allOf', tests: [lower, upper] };
}

/** Ranges of times of one property become one: each is two ranges of terms, and two half-open ones cost far more. */
function conjunctionOf(of: readonly Expression[]): Predicate {
  const predicates: Predicate[] = [];
  const times = new TimeRanges();
  for (const each of of) if (!times.take(each)) predicates.push(predicateOf(each));
  for (const { property, range } of times.entries())
    predicates.push(anyOf(range.tests().map((test) => at(property, test))));
  return conjunction(predicates);
}

/** Values of one choice: of longer ones on the row key the index is not asked. */
const choiceMax = 1000;

/** Equalities of one property become one choice, which is looked up by a search and not one by one. */
function disjunctionOf(of: readonly Expression[]): Predicate {
  const predicates: Predicate[] = [];
  const choices = new Map<string, Raw[]>();
  for (const each of of) {
    if (each.kind !== 'compare' || each.operator !== 'eq') {
      predicates.push(predicateOf(each));
      continue;
    }
    const values = choices.get(each.property);
    if (values === undefined || values.length === choiceMax) {
      if (values !== undefined) predicates.push(choice(each.property, values));
      choices.set(each.property, [each.literal.raw]);
    } else values.push(each.literal.raw);
  }
  for (const [property, values] of choices) predicates.push(choice(property, values));
  return anyOf(predicates);
}

function choice(property: string, values: readonly Raw[]): Predicate {
  return at(property, values.length === 1 ? equals(values[0]!) : { kind: 'in', values, patterns: [] });
}

function anyOf(of: readonly Predicate[]): Predicate {
  if (of.length === 1) return of[0]!;
  return of.length === 0 ? never : { kind: 'or', of };
}

const coreOperator: Readonly<Record<Exclude<Comparison, 'ne'>, ComparisonOperator>> = {
  eq: 'eq',
  gt: 'gt',
  ge: 'gte',
  lt: 'lt',
  le: 'lte',
};

const nullRaw = new Raw(new Uint8Array(0), BsonType.null, 0, 0);

function comparison(operator: Comparison, property: string, literal: Literal): Predicate {
  const { raw } = literal;
  if (operator === 'eq') return at(property, equals(raw));
  if (operator === 'ne') {
    // Properties of the system are never absent, and the key is looked up by itself.
    const same = edmSystemNames.includes(property)
      ? equals(raw)
      : ({ kind: 'in', values: [raw, nullRaw], patterns: [] } as const);
    return { kind: 'not', of: at(property, same) };
  }
  switch (literal.type) {
    case 'Edm.DateTime': {
      const times = new TimeRanges();
      times.take({ kind: 'compare', operator, property, literal });
      return anyOf(times.entries().flatMap(({ range }) => range.tests().map((test) => at(property, test))));
    }
    case 'Edm.Guid':
      return at(property, guidRange(operator, raw));
    case 'Edm.Binary':
      return binaryOrder(operator, property, raw);
    case 'Edm.Double':
      if (Number.isNaN(readFloat64(raw.bytes, raw.start))) return never;
      return at(property, compares(coreOperator[operator], raw));
    default:
      return at(property, compares(coreOperator[operator], raw));
  }
}

const [firstGuid, lastGuid] = [0, 0xff].map((byte) => rawBinary(BinarySubtype.uuid, new Uint8Array(16).fill(byte)));

/** Binaries of all subtypes and lengths stand in one order, GUIDs in one piece of it. */
function guidRange(operator: Exclude<Comparison, 'eq' | 'ne'>, value: Raw): Test {
  const test = compares(coreOperator[operator], value);
  return operator === 'gt' || operator === 'ge'
    ? between(test, compares('lte', lastGuid!))
    : between(compares('gte', firstGuid!), test);
}

function accepts(operator: Comparison, order: number): boolean {
  switch (operator) {
    case 'eq':
      return order === 0;
    case 'ne':
      return order !== 0;
    case 'gt':
      return order > 0;
    case 'ge':
      return order >= 0;
    case 'lt':
      return order < 0;
    case 'le':
      return order <= 0;
  }
}

/** Where the bytes of a binary begin, after its length and subtype. */
const binaryHeadBytes = 5;

function compareBinaries(a: Raw, b: Raw): number {
  return compareBytes(a.bytes, a.start + binaryHeadBytes, a.end, b.bytes, b.start + binaryHeadBytes, b.end);
}

/** The index has shorter binaries first, so that it only tells which entities have a binary there. */
function binaryOrder(operator: Comparison, property: string, value: Raw): Predicate {
  const name = nameOf(property);
  const holds = (document: Uint8Array, start: number): boolean => {
    const found = findField(document, start, name);
    if (found === undefined || !isBinary(found, BinarySubtype.generic)) return false;
    return accepts(operator, compareBinaries(found, value));
  };
  return conjunction([at(property, { kind: 'type', types: [BsonType.binary] }), { kind: 'computed', test: holds }]);
}

const numberTypes: ReadonlySet<string> = new Set(['Edm.Int32', 'Edm.Int64', 'Edm.Double']);

function isNaNLiteral({ type, raw }: Literal): boolean {
  return type === 'Edm.Double' && Number.isNaN(readFloat64(raw.bytes, raw.start));
}

/** What a comparison of two literals is: as if one of them were stored. */
export function holdsOfLiterals(operator: Comparison, left: Literal, right: Literal): boolean {
  const areComparable = left.type === right.type || (numberTypes.has(left.type) && numberTypes.has(right.type));
  if (!areComparable) return operator === 'ne';
  if (isNaNLiteral(left) || isNaNLiteral(right)) {
    const areSame = isNaNLiteral(left) && isNaNLiteral(right);
    return operator === 'ne' ? !areSame : operator === 'eq' && areSame;
  }
  return accepts(operator, compareLiterals(left, right));
}

function compareLiterals(left: Literal, right: Literal): number {
  if (left.type === 'Edm.Binary') return compareBinaries(left.raw, right.raw);
  const [a, b] = [left.instant, right.instant];
  if (a !== undefined && b !== undefined) return a.seconds - b.seconds || a.nanos - b.nanos;
  return compareRaw(left.raw, right.raw, mongoRank);
}
