// $lookup: documents of another collection beside each document, by equal fields, by a pipeline with variables, or
// both. Equalities are looked up for a batch of documents at once, through the selection, which uses the index where
// there is one; what is found is handed to the documents by value. Source: MongoDB manual, "$lookup".

import { BsonType } from '../../../../model/bson/types.ts';
import { ElementCursor, rawDocument, Raw, textOfRaw } from '../../../../model/bson/walk.ts';
import { BsonWriter } from '../../../../model/bson/write.ts';
import { conjunction, type Predicate } from '../../../../model/predicate.ts';
import { elementsOf, fieldsOf, typeNameOf } from '../../bson-input.ts';
import { collectionOf, type Call } from '../../call.ts';
import { failedToParse, MongoCode, MongoError } from '../../errors.ts';
import { fieldPath } from '../../field-path.ts';
import { checkedNamespace } from '../../namespace.ts';
import { type Filter, Selection, selectionSource } from '../../selection.ts';
import { listSource, type Source } from '../../source.ts';
import { compileExpression } from '../expression.ts';
import { groupBytesMax } from '../fold.ts';
import { follow } from '../path.ts';
import type { Evaluate } from '../row.ts';
import { bind, checkVariableName } from '../scope.ts';
import { allOf, drainEach, once } from '../sliced.ts';
import type { Stage, StageContext } from '../stage.ts';
import { keyOf, nullRaw, type Operand } from '../value.ts';
import { nameOf } from '../../../../model/bson/walk.ts';
import { compileAssigner } from '../assign-value.ts';
import { equalityHints } from '../equality-hint.ts';
import type { CompiledPipeline } from '../pipeline.ts';

/** Documents joined at once, and different values of them looked up at once. */
const batchItems = 100;
const batchValuesMax = 500;

/** The documents of a collection; none when there is no such one. */
export function collectionSource(call: Call, database: string, collection: string, filter: Filter): Source {
  const container = collectionOf(call, checkedNamespace(database, collection));
  return container === undefined ? listSource([]) : selectionSource(new Selection(call, container, filter));
}

interface LookupText {
  readonly from: string | undefined;
  readonly as: string;
  readonly localField: string | undefined;
  readonly foreignField: string | undefined;
  readonly variables: readonly { readonly name: string; readonly value: Raw }[];
  readonly pipeline: readonly Raw[] | undefined;
}

function parse(operand: Raw): LookupText {
  if (operand.type !== BsonType.object)
    throw failedToParse(`the $lookup stage specification must be an object, but found ${typeNameOf(operand.type)}`);
  const texts = new Map<string, string>();
  let variables: LookupText['variables'] = [];
  let pipeline: readonly Raw[] | undefined;
  for (const { name, value } of fieldsOf(operand)) {
    switch (name) {
      case 'pipeline':
        if (value.type !== BsonType.array)
          throw new MongoError(MongoCode.TypeMismatch, "'pipeline' option must be specified as an array");
        pipeline = elementsOf(value);
        break;
      case 'let':
        if (value.type !== BsonType.object)
          throw failedToParse(`$lookup argument 'let' must be an object, is type ${typeNameOf(value.type)}`);
        variables = fieldsOf(value);
        for (const variable of variables) checkVariableName(variable.name);
        break;
      case 'from':
      case 'as':
      case 'localField':
      case 'foreignField':
        if (value.type === BsonType.object && name === 'from')
          throw new MongoError(
            MongoCode.NotImplemented,
            '$lookup from another database is not supported by this server',
          );
        if (value.type !== BsonType.string)
          throw failedToParse(`$lookup argument '${name}' must be a string, is type ${typeNameOf(value.type)}`);
        texts.set(name, textOfRaw(value));
        break;
      default:
        throw failedToParse(`unknown argument to $lookup: ${name}`);
    }
  }
  const as = texts.get('as');
  if (as === undefined) throw failedToParse("must specify 'as' field for a $lookup");
  const localField = texts.get('localField');
  const foreignField = texts.get('foreignField');
  if ((localField === undefined) !== (foreignField === undefined))
    throw failedToParse('$lookup requires both or neither of localField and foreignField to be specified');
  if (pipeline === undefined && localField === undefined)
    throw failedToParse('$lookup requires either pipeline or both localField and foreignField to be specified');
  if (pipeline === undefined && variables.length > 0) throw failedToParse("$lookup with 'let' requires a 'pipeline'");
  return { from: texts.get('from'), as, localField, foreignField, variables, pipeline };
}

/** Compiles the pipeline of a join; given by the pipeline, which knows all stages. */
export type CompileInner = (stages: readonly Raw[], context: StageContext) => CompiledPipeline;

export function lookup(operand: Raw, context: StageContext, compile: CompileInner): Stage {
  const { from, as, localField, foreignField, variables, pipeline } = parse(operand);
  const { call, database } = context;
  if (call === undefined) throw new MongoError(MongoCode.InvalidOptions, '$lookup is not allowed here');
  const values = variables.map(({ value }) => compileExpression(value, context.scope).evaluate);
  const { scope, slots } = bind(
    { environment: context.scope.environment, variables: context.scope.variables },
    variables.map(({ name }) => name),
  );
  const inner = compile(pipeline ?? [], { ...context, scope, surrounding: '$lookup', level: context.level + 1 });
  if (from === undefined && !inner.makesDocuments)
    throw failedToParse("must specify 'from' field for a $lookup unless its pipeline begins with $documents");
  const put = compileAssigner(as);
  const { frame } = scope.environment;
  const bindVariables = (document: Uint8Array): void => {
    frame.enter(document);
    const bound = values.map((value: Evaluate) => value(frame));
    for (let i = 0; i < slots.length; i++) frame.slots[slots[i]!] = bound[i];
  };
  const hints = (pipeline ?? []).slice(0, 1).flatMap((stage) => equalityHints(stage, scope));
  const open = (predicate: Predicate | undefined): Source =>
    inner.open((head) => {
      const known = hints.flatMap((hint) => hint(frame) ?? []);
      if (predicate !== undefined) known.unshift(predicate);
      const filter = known.length === 0 ? head : head.with(conjunction(known));
      return from === undefined ? listSource([]) : collectionSource(call, database, from, filter);
    });
  const results = (source: Source, signal: AbortSignal): Promise<readonly Uint8Array[]> =>
    once(source, (opened) => allOf(opened, groupBytesMax, tooLarge, signal));
  const joined = async (
    document: Uint8Array,
    predicate: Predicate | undefined,
    signal: AbortSignal,
  ): Promise<Uint8Array> => {
    bindVariables(document);
    return put(document, listOf(await results(open(predicate), signal)));
  };
  if (localField === undefined || foreignField === undefined)
    return (source) => batched(source, 1, async ([document], signal) => [await joined(document!, undefined, signal)]);

  const local = fieldPath(localField).map(nameOf);
  const foreign = fieldPath(foreignField);
  if (pipeline !== undefined && pipeline.length > 0)
    return (source) =>
      batched(source, 1, async ([document], signal) => [
        await joined(document!, equality(foreign, localValues(document!, local)), signal),
      ]);
  return (source) =>
    batched(source, batchItems, async (documents, signal) => {
      const wanted = documents.map((document) => localValues(document, local));
      const distinct = new Map<string, Raw>();
      for (const list of wanted) for (const value of list) distinct.set(keyOf(value), value);
      const found = new Map<string, Uint8Array[]>();
      const order = new Map<Uint8Array, number>();
      const all = [...distinct.values()];
      for (let i = 0; i < all.length; i += batchValuesMax) {
        let bytes = 0;
        await once(open(equality(foreign, all.slice(i, i + batchValuesMax))), (opened) =>
          drainEach(
            opened,
            (document) => {
              bytes += document.length;
              if (bytes > groupBytesMax) throw tooLarge();
              order.set(document, order.size);
              for (const key of foreignKeys(document, foreign)) {
                const list = found.get(key);
                if (list === undefined) found.set(key, [document]);
                else list.push(document);
              }
            },
            signal,
          ),
        );
      }
      return documents.map((document, i) => put(document, listOf(matchesOf(wanted[i]!, found, order))));
    });
}

function tooLarge(): MongoError {
  return new MongoError(
    MongoCode.ExceededMemoryLimit,
    `$lookup holds more than ${groupBytesMax} bytes of matching documents`,
  );
}

export function listOf(documents: readonly Uint8Array[]): Raw {
  const writer = new BsonWriter(1024).beginDocument().beginArray('');
  for (const document of documents) writer.document('', document);
  const bytes = writer.end().end().finish();
  return new Raw(bytes, BsonType.array, 6, bytes.length - 1);
}

/** What a document looks for: a missing field is null, an array each of its elements. */
function localValues(document: Uint8Array, names: readonly Uint8Array[]): readonly Raw[] {
  const value = follow(rawDocument(document), names);
  if (value === undefined) return [nullRaw];
  return value.type === BsonType.array ? elementsOf(value) : [value];
}

/** A regular expression is looked for as a value: it is none of `$in`'s patterns. */
export function equality(path: readonly string[], values: readonly Raw[]): Predicate {
  if (values.length === 1) return { kind: 'path', path, test: { kind: 'compare', operator: 'eq', value: values[0]! } };
  return { kind: 'path', path, test: { kind: 'in', values, patterns: [] } };
}

/** Keys of every value that an equality on the path meets in a document. */
function foreignKeys(document: Uint8Array, path: readonly string[]): ReadonlySet<string> {
  const keys = new Set<string>();
  const meet = (value: Operand): void => {
    keys.add(keyOf(value === undefined || value.type === BsonType.undefined ? nullRaw : value));
    if (value?.type === BsonType.array) for (const element of elementsOf(value)) keys.add(keyOf(element));
  };
  walk(rawDocument(document), path, 0, meet);
  return keys;
}

/** The values a path meets: through objects, elements of arrays, and by position. */
function walk(object: Raw, path: readonly string[], from: number, meet: (value: Operand) => void): void {
  const cursor = new ElementCursor(object.bytes, object.start);
  const isLast = from === path.length - 1;
  let value: Operand;
  while (cursor.next())
    if (cursor.name() === path[from]) {
      value = cursor.raw();
      break;
    }
  if (isLast || value === undefined) meet(isLast ? value : undefined);
  else if (value.type === BsonType.object) walk(value, path, from + 1, meet);
  else if (value.type === BsonType.array) walkElements(value, path, from + 1, meet);
  else meet(undefined);
}

function walkElements(array: Raw, path: readonly string[], from: number, meet: (value: Operand) => void): void {
  for (const [i, element] of elementsOf(array).entries()) {
    if (element.type === BsonType.object) walk(element, path, from, meet);
    if (String(i) !== path[from]) continue;
    if (from === path.length - 1) meet(element);
    else if (element.type === BsonType.object) walk(element, path, from + 1, meet);
    else if (element.type === BsonType.array) walkElements(element, path, from + 1, meet);
  }
}

/** The documents found for any of the values, each once, in stored order. */
function matchesOf(
  values: readonly Raw[],
  found: ReadonlyMap<string, readonly Uint8Array[]>,
  order: ReadonlyMap<Uint8Array, number>,
): readonly Uint8Array[] {
  if (values.length === 1) return found.get(keyOf(values[0])) ?? [];
  const matches = new Set<Uint8Array>();
  for (const value of values) for (const document of found.get(keyOf(value)) ?? []) matches.add(document);
  return [...matches].sort((a, b) => order.get(a)! - order.get(b)!);
}

/** Documents in batches of so many, each batch as another one of the same length. */
export function batched(
  inner: Source,
  items: number,
  apply: (documents: readonly Uint8Array[], signal: AbortSignal) => Promise<readonly Uint8Array[]>,
): Source {
  let waiting: readonly Uint8Array[] = [];
  let innerDone = false;
  return {
    next: async (itemsMax, bytesMax, signal) => {
      if (waiting.length === 0 && !innerDone) {
        const batch = await inner.next(Math.max(items, 1), bytesMax, signal);
        waiting = batch.documents;
        innerDone = batch.done;
      }
      const taken = waiting.slice(0, Math.min(items, itemsMax));
      waiting = waiting.slice(taken.length);
      const documents = taken.length === 0 ? [] : await apply(taken, signal);
      return { documents, done: innerDone && waiting.length === 0 };
    },
    get heldBytes() {
      return inner.heldBytes;
    },
    close: () => inner.close(),
  };
}
