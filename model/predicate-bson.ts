// A predicate as it is kept with a container: conditions of partial indexes. Only the kinds that such conditions use
// have a form (conjunction, choice, comparison, membership of values, existence, type); the rest is refused by the
// door that writes it. A document holds the kind under one name: `{and: […]}`, `{path: […], eq: value}`.

import { BsonType } from './bson/types.ts';
import { ElementCursor, fieldOf, textOfRaw, type Raw } from './bson/walk.ts';
import type { BsonWriter } from './bson/write.ts';
import { readInt32 } from './bytes.ts';
import { assert, badRequest } from './errors.ts';
import type { ComparisonOperator, Predicate, Test } from './predicate.ts';

/** Levels of `and` and `or`. */
export const keptLevelsMax = 8;

const operators: readonly ComparisonOperator[] = ['eq', 'lt', 'lte', 'gt', 'gte'];

/** Appends the predicate as an object of that name. Throws BadRequest for a kind that has no form. */
export function writePredicate(writer: BsonWriter, name: string, predicate: Predicate, level = 0): void {
  if (level > keptLevelsMax) throw badRequest('the condition is nested too deeply', 'predicate');
  writer.beginObject(name);
  switch (predicate.kind) {
    case 'constant':
      writer.beginArray(predicate.value ? 'and' : 'or').end();
      break;
    case 'and':
    case 'or':
      writer.beginArray(predicate.kind);
      for (const of of predicate.of) writePredicate(writer, '', of, level + 1);
      writer.end();
      break;
    case 'path':
      writer.beginArray('path');
      for (const step of predicate.path) writer.string('', step);
      writer.end();
      writeTest(writer, predicate.test);
      break;
    case 'not':
      throw badRequest('the condition has a negation', 'predicate');
    case 'computed':
      throw badRequest('the condition has a computed part', 'predicate');
  }
  writer.end();
}

function writeTest(writer: BsonWriter, test: Test): void {
  switch (test.kind) {
    case 'compare':
      writer.raw(test.operator, test.value);
      return;
    case 'in':
      if (test.patterns.length > 0) break;
      writer.beginArray('in');
      for (const value of test.values) writer.raw('', value);
      writer.end();
      return;
    case 'exists':
      writer.boolean('exists', true);
      return;
    case 'type':
      writer.beginArray('type');
      for (const type of test.types) writer.int32('', type);
      writer.end();
      return;
    default:
      break;
  }
  throw badRequest('the condition has a test that cannot be kept', 'predicate');
}

/** Reads what `writePredicate` wrote. Depth was bounded there. */
export function readPredicate(raw: Raw): Predicate {
  const document = raw.slice();
  for (const kind of ['and', 'or'] as const) {
    const of = fieldOf(document, kind);
    if (of !== undefined) return { kind, of: elementsOf(of).map(readPredicate) };
  }
  const path = elementsOf(fieldOf(document, 'path')).map(textOfRaw);
  return { kind: 'path', path, test: readTest(document) };
}

function readTest(document: Uint8Array): Test {
  for (const operator of operators) {
    const value = fieldOf(document, operator);
    if (value !== undefined) return { kind: 'compare', operator, value };
  }
  const values = fieldOf(document, 'in');
  if (values !== undefined) return { kind: 'in', values: elementsOf(values), patterns: [] };
  const types = fieldOf(document, 'type');
  if (types !== undefined)
    return { kind: 'type', types: elementsOf(types).map(({ bytes, start }) => readInt32(bytes, start)) };
  assert(fieldOf(document, 'exists') !== undefined, 'a kept predicate has a test');
  return { kind: 'exists' };
}

function elementsOf(list: Raw | undefined): Raw[] {
  assert(list?.type === BsonType.array, 'a kept predicate is whole');
  const cursor = new ElementCursor(list.bytes, list.start);
  const elements: Raw[] = [];
  while (cursor.next()) elements.push(cursor.raw());
  return elements;
}
