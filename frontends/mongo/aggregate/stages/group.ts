// $group and what is one in other words: $sortByCount, $bucket. Groups are told apart by the key text of their `_id`,
// in BSON equality, and come in the order of their first document. What they hold is bounded; nothing spills.
// Source: MongoDB manual, "$group", "$sortByCount", "$bucket".

import { BsonType } from '../../../../model/bson/types.ts';
import { rawDocument, textOfRaw, type Raw } from '../../../../model/bson/walk.ts';
import { BsonWriter } from '../../../../model/bson/write.ts';
import { compareStored, elementsOf, fieldsOf, firstNameOf, isNumber, typeNameOf } from '../../bson-input.ts';
import { MongoCode, MongoError } from '../../errors.ts';
import { sortSource } from '../../source.ts';
import type { Accumulator, MakeAccumulator } from '../accumulator.ts';
import { accumulatorOf } from '../accumulators.ts';
import { checkedName, compileExpression, parseIn } from '../expression.ts';
import { groupBytesMax } from '../fold.ts';
import type { Evaluate } from '../row.ts';
import type { Frame, Scope } from '../scope.ts';
import { computedSource, drainEach } from '../sliced.ts';
import type { Stage, StageRow } from '../stage.ts';
import { keptBytes, keyOf, nullRaw, objectRaw, owned, type Operand } from '../value.ts';

/** A field of the result and what fills it. */
export interface Output {
  readonly name: string;
  readonly make: MakeAccumulator;
}

/** `{ name: { $accumulator: operand } }` */
export function outputOf(name: string, value: Raw, scope: Scope): Output {
  if (name.includes('.')) throw new MongoError(40235, `The field name '${name}' cannot contain '.'`);
  if (name.startsWith('$')) throw new MongoError(40236, `The field name '${name}' cannot be an operator name`);
  checkedName(name);
  const fields = value.type === BsonType.object ? fieldsOf(value) : [];
  const accumulator = fields[0];
  if (accumulator === undefined || !accumulator.name.startsWith('$'))
    throw new MongoError(40234, `The field '${name}' must be an accumulator object`);
  if (fields.length > 1) throw new MongoError(40238, `The field '${name}' must specify one accumulator`);
  const row = accumulatorOf(accumulator.name);
  if (row === undefined) throw new MongoError(15952, `unknown group operator '${accumulator.name}'`);
  return { name, make: row.compile(accumulator.value, parseIn(scope)) };
}

/** The groups' key: of an object with one field a missing value is null, as for one value. */
export function keyExpression(id: Raw, scope: Scope): Evaluate {
  const fields = id.type === BsonType.object ? fieldsOf(id) : [];
  const only = fields.length === 1 ? fields[0] : undefined;
  if (only !== undefined && !only.name.startsWith('$')) {
    const name = checkedName(only.name);
    const { evaluate } = compileExpression(only.value, scope);
    return (frame) => objectRaw([name], [evaluate(frame) ?? nullRaw]);
  }
  const { evaluate } = compileExpression(id, scope);
  return (frame) => evaluate(frame) ?? nullRaw;
}

interface Group {
  readonly id: Raw;
  readonly accumulators: readonly Accumulator[];
}

/** Bytes of a group beside what its key and accumulators hold. */
const groupBytes = 200;

/** Groups documents by a key; `order` may bring the groups into another order. */
export function grouping(
  key: Evaluate,
  outputs: readonly Output[],
  scope: Scope,
  order?: (a: Raw, b: Raw) => number,
): Stage {
  const { frame } = scope.environment;
  return (inner) =>
    computedSource(inner, async (signal) => {
      const groups = new Map<string, Group>();
      let bytes = 0;
      await drainEach(
        inner,
        (document) => {
          frame.enter(document);
          const id = key(frame);
          const text = keyOf(id);
          let group = groups.get(text);
          if (group === undefined) {
            const kept = owned(id ?? nullRaw);
            group = { id: kept, accumulators: outputs.map(({ make }) => make(frame, kept)) };
            groups.set(text, group);
            bytes += groupBytes + 2 * text.length + keptBytes(kept) + outputs.length * 64;
          }
          for (const accumulator of group.accumulators) bytes += accumulator.add(frame);
          if (bytes > groupBytesMax)
            throw new MongoError(
              MongoCode.QueryExceededMemoryLimitNoDiskUseAllowed,
              "Exceeded memory limit for $group, but didn't allow external sort. Pass allowDiskUse:true to opt in.",
            );
        },
        signal,
      );
      const list = [...groups.values()];
      if (order !== undefined) list.sort((a, b) => order(a.id, b.id));
      return { documents: written(list, outputs), bytes };
    });
}

function* written(groups: readonly Group[], outputs: readonly Output[]): Iterable<Uint8Array> {
  for (const { id, accumulators } of groups) yield resultOf(id, accumulators, outputs);
}

/** One group's document; what an accumulator has none of is null. */
export function resultOf(id: Operand, accumulators: readonly Accumulator[], outputs: readonly Output[]): Uint8Array {
  const writer = new BsonWriter(256).beginDocument().raw('_id', id ?? nullRaw);
  for (const [i, { name }] of outputs.entries()) writer.raw(name, accumulators[i]!.finish() ?? nullRaw);
  return writer.end().finish();
}

function group(operand: Raw, { scope }: { readonly scope: Scope }): Stage {
  if (operand.type !== BsonType.object) throw new MongoError(15947, "a group's fields must be specified in an object");
  let id: Raw | undefined;
  const outputs: Output[] = [];
  for (const { name, value } of fieldsOf(operand)) {
    if (name === '$doingMerge' || name === '$willBeMerged') throw new MongoError(17030, `${name} is for internal use`);
    if (name !== '_id') outputs.push(outputOf(name, value, scope));
    else if (id !== undefined) throw new MongoError(15948, "a group's _id may only be specified once");
    else id = value;
  }
  if (id === undefined) throw new MongoError(15955, 'a group specification must include an _id');
  return grouping(keyExpression(id, scope), outputs, scope);
}

function countOutput(name: string, scope: Scope): Output {
  return outputOf(name, rawDocument(new BsonWriter(32).beginDocument().int32('$sum', 1).end().finish()), scope);
}

function sortByCount(operand: Raw, { scope }: { readonly scope: Scope }): Stage {
  const isPath = operand.type === BsonType.string && textOfRaw(operand).startsWith('$');
  if (operand.type === BsonType.object) {
    if (firstNameOf(operand)?.startsWith('$') !== true)
      throw new MongoError(
        40147,
        'the sortByCount field must be defined as a $-prefixed path or an expression inside an object',
      );
  } else if (operand.type === BsonType.string) {
    if (!isPath)
      throw new MongoError(
        40148,
        'the sortByCount field must be defined as a $-prefixed path or an expression inside an object',
      );
  } else throw new MongoError(40149, 'the sortByCount field must be specified as a string or as an object');
  const grouped = grouping(keyExpression(operand, scope), [countOutput('count', scope)], scope);
  return (inner) =>
    sortSource(grouped(inner), { kind: 'fields', fields: [{ path: ['count'], direction: -1 }] }, undefined);
}

/** The outputs of a bucket stage: a count unless told otherwise. */
export function bucketOutputs(output: Raw | undefined, code: number, scope: Scope): readonly Output[] {
  if (output === undefined) return [countOutput('count', scope)];
  if (output.type !== BsonType.object)
    throw new MongoError(code, `The 'output' field must be an object, but found type: ${typeNameOf(output.type)}`);
  return fieldsOf(output).map(({ name, value }) => outputOf(name, value, scope));
}

/** The `groupBy` of a bucket stage: a path or an expression, never a constant. */
export function groupByOf(groupBy: Raw, code: number, stage: string, scope: Scope): Evaluate {
  const isPath = groupBy.type === BsonType.string && textOfRaw(groupBy).startsWith('$');
  if (!isPath && (groupBy.type !== BsonType.object || firstNameOf(groupBy)?.startsWith('$') !== true))
    throw new MongoError(
      code,
      `The ${stage} 'groupBy' field must be defined as a $-prefixed path or an expression object`,
    );
  return compileExpression(groupBy, scope).evaluate;
}

function constantOf(value: Raw, code: number, words: string, { scope, frame }: { scope: Scope; frame: Frame }): Raw {
  const expression = compileExpression(value, scope);
  if (!expression.constant) throw new MongoError(code, words);
  return expression.evaluate(frame) ?? nullRaw;
}

/** Numbers of all types are one; other types stand for themselves. */
function family(value: Raw): number {
  return isNumber(value) ? BsonType.double : value.type;
}

function bucket(operand: Raw, { scope }: { readonly scope: Scope }): Stage {
  if (operand.type !== BsonType.object)
    throw new MongoError(
      40201,
      `Argument to $bucket stage must be an object, but found type: ${typeNameOf(operand.type)}.`,
    );
  const given = new Map<string, Raw>();
  for (const { name, value } of fieldsOf(operand)) {
    if (!['groupBy', 'boundaries', 'default', 'output'].includes(name))
      throw new MongoError(40197, `Unrecognized option to $bucket: ${name}.`);
    given.set(name, value);
  }
  const groupBy = given.get('groupBy');
  const list = given.get('boundaries');
  if (groupBy === undefined || list === undefined)
    throw new MongoError(40198, "$bucket requires 'groupBy' and 'boundaries' to be specified.");
  const value = groupByOf(groupBy, 40202, '$bucket', scope);
  if (list.type !== BsonType.array)
    throw new MongoError(
      40200,
      `The $bucket 'boundaries' field must be an array, but found type: ${typeNameOf(list.type)}.`,
    );
  const at = { scope, frame: scope.environment.frame };
  const boundaries = elementsOf(list).map((boundary) =>
    constantOf(boundary, 40191, "The $bucket 'boundaries' field must be an array of constant values", at),
  );
  if (boundaries.length < 2)
    throw new MongoError(
      40192,
      `The $bucket 'boundaries' field must have at least 2 values, but found ${boundaries.length} value(s).`,
    );
  for (let i = 1; i < boundaries.length; i++) {
    if (family(boundaries[i]!) !== family(boundaries[i - 1]!))
      throw new MongoError(40193, "All values in the the 'boundaries' option to $bucket must have the same type.");
    if (compareStored(boundaries[i - 1], boundaries[i]) >= 0)
      throw new MongoError(40194, "The 'boundaries' option to $bucket must be sorted and without duplicates.");
  }
  const defaultText = given.get('default');
  const fallback =
    defaultText === undefined
      ? undefined
      : constantOf(defaultText, 40195, "The $bucket 'default' field must be a constant expression", at);
  const low = boundaries[0]!;
  const high = boundaries.at(-1)!;
  if (fallback !== undefined && compareStored(fallback, low) >= 0 && compareStored(fallback, high) < 0)
    throw new MongoError(
      40199,
      "The $bucket 'default' field must be less than the lowest boundary or greater than or equal to the highest boundary.",
    );
  const key: Evaluate = (frame) => {
    const found = value(frame);
    if (compareStored(found, low) < 0 || compareStored(found, high) >= 0) {
      if (fallback !== undefined) return fallback;
      throw new MongoError(
        40066,
        '$switch could not find a matching branch for an input, and no default was specified.',
      );
    }
    let from = 0;
    let to = boundaries.length - 1;
    while (to - from > 1) {
      const middle = (from + to) >>> 1;
      if (compareStored(found, boundaries[middle]) < 0) to = middle;
      else from = middle;
    }
    return boundaries[from];
  };
  return grouping(key, bucketOutputs(given.get('output'), 40196, scope), scope, compareStored);
}

export const groupStages: readonly StageRow[] = [
  { name: '$group', compile: group },
  { name: '$sortByCount', compile: sortByCount },
  { name: '$bucket', compile: bucket },
];
