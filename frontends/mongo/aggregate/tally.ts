// Stages at the begin of a pipeline whose documents follow from how many the head selects, or how many of them have
// each value of one path: the index counts, and no document is read. The stage itself is compiled as always; it runs
// where the index cannot tell.

import { BsonType } from '../../../model/bson/types.ts';
import { readFloat64 } from '../../../model/bytes.ts';
import { textOfRaw, type Raw } from '../../../model/bson/walk.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import type { Tallied } from '../../../model/operation.ts';
import type { Path } from '../../../model/predicate.ts';
import { fieldsOf, type Field } from '../bson-input.ts';
import { fieldPath } from '../field-path.ts';
import { compileExpression } from './expression.ts';
import { multiply, safeIntegerRaw } from './number.ts';
import type { Frame, Scope } from './scope.ts';
import { keyExpression } from './stages/group.ts';
import { nullRaw } from './value.ts';

export type Tally =
  /** Made of how many documents the head selects. */
  | { readonly kind: 'count'; readonly documentsOf: (count: number) => readonly Uint8Array[] }
  /** Made of how many of them have each value of a path. */
  | {
      readonly kind: 'values';
      readonly path: Path;
      readonly documentsOf: (values: readonly Tallied[]) => readonly Uint8Array[];
    };

/** What a stage that compiled needs to know of the documents before it, if that is all. */
export function tallyOf({ name, value }: Field, scope: Scope): Tally | undefined {
  if (name === '$count') return countOf(textOfRaw(value));
  if (name === '$group') return groupOf(value, scope);
  if (name === '$sortByCount' && value.type === BsonType.string) return sortByCountOf(textOfRaw(value));
  return undefined;
}

function countOf(name: string): Tally {
  return {
    kind: 'count',
    documentsOf: (count) =>
      count === 0 ? [] : [new BsonWriter(64).beginDocument().raw(name, safeIntegerRaw(count, false)).end().finish()],
  };
}

interface Output {
  readonly name: string;
  readonly of: (count: number) => Raw;
}

function groupOf(operand: Raw, scope: Scope): Tally | undefined {
  let id: Raw | undefined;
  const outputs: Output[] = [];
  for (const { name, value } of fieldsOf(operand)) {
    if (name === '_id') id = value;
    else {
      const output = outputOf(name, value);
      if (output === undefined) return undefined;
      outputs.push(output);
    }
  }
  if (id === undefined) return undefined;
  const path = id.type === BsonType.string ? pathOf(textOfRaw(id)) : undefined;
  if (path !== undefined)
    return { kind: 'values', path, documentsOf: (values) => merged(values).map((each) => written(each, outputs)) };
  if (!compileExpression(id, scope).constant) return undefined;
  const key = keyExpression(id, scope);
  const { frame }: { readonly frame: Frame } = scope.environment;
  return {
    kind: 'count',
    documentsOf: (count) => (count === 0 ? [] : [written({ value: key(frame), count }, outputs)]),
  };
}

/** `{ $sum: n }` with a whole number, `{ $count: {} }`. */
function outputOf(name: string, value: Raw): Output | undefined {
  const [accumulator] = fieldsOf(value);
  if (accumulator === undefined) return undefined;
  if (accumulator.name === '$count') return { name, of: (count) => safeIntegerRaw(count, false) };
  const { value: term } = accumulator;
  const isWhole =
    term.type === BsonType.int32 ||
    (term.type === BsonType.double && Number.isSafeInteger(readFloat64(term.bytes, term.start)));
  if (accumulator.name !== '$sum' || !isWhole) return undefined;
  return { name, of: (count) => multiply(term, safeIntegerRaw(count, false)) };
}

/** The path of `$a.b`; not of variables, which may stand for something else. */
function pathOf(text: string): Path | undefined {
  return text.startsWith('$') && !text.startsWith('$$') ? fieldPath(text.slice(1)) : undefined;
}

/** Items without a value are in one group with those whose value is null. */
function merged(values: readonly Tallied[]): readonly Tallied[] {
  const isNull = ({ value }: Tallied): boolean => value === undefined || value.type === BsonType.null;
  const first = values.findIndex(isNull);
  if (first < 0) return values;
  const count = values.filter(isNull).reduce((sum, each) => sum + each.count, 0);
  return values.flatMap((each, i) => {
    if (!isNull(each)) return [each];
    return i === first ? [{ value: nullRaw, count }] : [];
  });
}

function sortByCountOf(text: string): Tally | undefined {
  const path = pathOf(text);
  if (path === undefined) return undefined;
  const outputs: readonly Output[] = [{ name: 'count', of: (count) => safeIntegerRaw(count, false) }];
  return {
    kind: 'values',
    path,
    documentsOf: (values) =>
      [...merged(values)].sort((a, b) => b.count - a.count).map((each) => written(each, outputs)),
  };
}

function written({ value, count }: Tallied, outputs: readonly Output[]): Uint8Array {
  const writer = new BsonWriter(128).beginDocument().raw('_id', value ?? nullRaw);
  for (const { name, of } of outputs) writer.raw(name, of(count));
  return writer.end().finish();
}
