// An update document → a pure edit of bytes. Three forms: a replacement, a list of operators, and a pipeline of the
// stages that look at one document. `_id` never changes. Errors in MongoDB's words.
// Source: MongoDB manual, "Update Operators"; MongoDB driver specification "CRUD".

import { compilePredicate } from '../../core/query/predicate/compile.ts';
import { equalBytes } from '../../model/bytes.ts';
import { depthMax, BsonType } from '../../model/bson/types.ts';
import { validateBson } from '../../model/bson/validate.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { childOf, ElementCursor, fieldOf, rawDocument, textOfRaw, type Raw } from '../../model/bson/walk.ts';
import type { Scope } from './aggregate/scope.ts';
import { compileUpdatePipeline } from './aggregate/update-pipeline.ts';
import { compareStored, elementsOf, fieldsOf, firstNameOf, typeNameOf } from './bson-input.ts';
import { prepareDocument } from './document.ts';
import { badValue, failedToParse, MongoCode, MongoError, mongoErrorOf } from './errors.ts';
import { parseFilterValue } from './filter.ts';
import { applyTree, type ElementFilters } from './update/apply.ts';
import { addToSetModifier, popModifier, pullAllModifier, pullModifier, pushModifier } from './update/array.ts';
import type { EditContext, Modifier } from './update/modifier.ts';
import {
  bitModifier,
  boundModifier,
  currentDateModifier,
  incModifier,
  mulModifier,
  setModifier,
  setOnInsertModifier,
  unsetModifier,
} from './update/scalar.ts';
import { addModifier, emptyNode, identifierOf, sortedTree, updatePath, type UpdateNode } from './update/tree.ts';

export type { EditContext } from './update/modifier.ts';

export interface Update {
  readonly kind: 'replacement' | 'operators' | 'pipeline';
  /** Whether a positional `$` stands in a path: the edit then needs the position the query matched. */
  readonly needsPosition: boolean;
  /** The next document. The same bytes object when nothing changes. */
  readonly edit: (current: Uint8Array, context: EditContext) => Uint8Array;
}

/** Every operator, with what makes its modifier from path and operand. `$rename` takes two paths and stands apart. */
const operators: ReadonlyMap<string, (path: string, operand: Raw) => Modifier> = new Map<
  string,
  (path: string, operand: Raw) => Modifier
>([
  ['$set', (_path, operand) => setModifier(operand)],
  ['$setOnInsert', (_path, operand) => setOnInsertModifier(operand)],
  ['$unset', () => unsetModifier],
  ['$inc', incModifier],
  ['$mul', mulModifier],
  ['$min', (_path, operand) => boundModifier('$min', operand)],
  ['$max', (_path, operand) => boundModifier('$max', operand)],
  ['$currentDate', (_path, operand) => currentDateModifier(operand)],
  ['$bit', (_path, operand) => bitModifier(operand)],
  ['$push', (_path, operand) => pushModifier(operand)],
  ['$addToSet', (_path, operand) => addToSetModifier(operand)],
  ['$pop', (_path, operand) => popModifier(operand)],
  ['$pull', (_path, operand) => pullModifier(operand)],
  ['$pullAll', (_path, operand) => pullAllModifier(operand)],
]);

/** Reads the `u` of an update command, with its arrayFilters. `scope` is what the expressions of a pipeline see. */
export function parseUpdate(update: Raw, arrayFilters: readonly Raw[] = [], scope?: Scope): Update {
  if (update.type === BsonType.array) {
    if (scope === undefined) throw new MongoError(MongoCode.NotImplemented, 'an update pipeline is not supported here');
    if (arrayFilters.length > 0) throw failedToParse('Cannot specify arrayFilters for pipeline-style update');
    return parsePipeline(update, scope);
  }
  if (update.type !== BsonType.object) throw failedToParse('Update argument must be either an object or an array');
  if (firstNameOf(update)?.startsWith('$') === true) return parseOperators(update, arrayFilters);
  if (arrayFilters.length > 0) throw failedToParse('Cannot specify arrayFilters for replacement-style update');
  return parseReplacement(update);
}

function parsePipeline(update: Raw, scope: Scope): Update {
  const edit = compileUpdatePipeline(elementsOf(update), scope);
  return {
    kind: 'pipeline',
    needsPosition: false,
    edit: (current, context) => {
      const made = edit(current);
      const id = fieldOf(current, '_id');
      const given = fieldOf(made, '_id');
      if (id !== undefined && given !== undefined && compareStored(id, given) !== 0)
        throw new MongoError(
          MongoCode.ImmutableField,
          "Performing an update on the path '_id' would modify the immutable field '_id'",
        );
      validateMade(made);
      const next = prepareDocument(made, context.timestamp, () => id);
      return equalBytes(next, current) ? current : next;
    },
  };
}

/** What expressions made may nest too deeply to be stored. */
function validateMade(document: Uint8Array): void {
  try {
    validateBson(document, 0, document.length, depthMax);
  } catch (error) {
    throw mongoErrorOf(error);
  }
}

function parseReplacement(replacement: Raw): Update {
  for (const { name } of fieldsOf(replacement))
    if (name.startsWith('$'))
      throw new MongoError(
        MongoCode.DollarPrefixedFieldName,
        `The dollar ($) prefixed field '${name}' in '${name}' is not allowed in the context of an update's replacement document. Consider using an aggregation pipeline with $replaceWith.`,
      );
  const bytes = replacement.slice();
  return {
    kind: 'replacement',
    needsPosition: false,
    edit: (current, context) => {
      const id = fieldOf(current, '_id');
      const given = fieldOf(bytes, '_id');
      if (id !== undefined && given !== undefined && compareStored(id, given) !== 0)
        throw new MongoError(
          MongoCode.ImmutableField,
          "After applying the update, the (immutable) field '_id' was found to have been altered",
        );
      const next = prepareDocument(bytes, context.timestamp, () => id);
      return equalBytes(next, current) ? current : next;
    },
  };
}

function parseOperators(update: Raw, arrayFilters: readonly Raw[]): Update {
  const root = emptyNode();
  const identifiers = new Set<string>();
  let needsPosition = false;
  const add = (dotted: string, modifier: Modifier, operand: Raw | undefined): void => {
    const path = updatePath(dotted);
    if (operand !== undefined && path.length + levelsOf(operand) > depthMax)
      throw new MongoError(MongoCode.Overflow, `nesting exceeds ${depthMax} levels`);
    for (const name of path) {
      if (name === '$') needsPosition = true;
      const identifier = identifierOf(name);
      if (identifier !== undefined && identifier !== '') identifiers.add(identifier);
    }
    addModifier(root, path, modifier);
  };
  for (const { name, value } of fieldsOf(update)) {
    const make = operators.get(name);
    if (make === undefined && name !== '$rename')
      throw failedToParse(
        `Unknown modifier: ${name}. Expected a valid update modifier or pipeline-style update specified as an array`,
      );
    if (value.type !== BsonType.object)
      throw failedToParse(
        `Modifiers operate on fields but we found type ${typeNameOf(value.type)} instead. For example: {$mod: {<field>: ...}} not {${name}: ...}`,
      );
    for (const { name: path, value: operand } of fieldsOf(value)) {
      if (make !== undefined) {
        add(path, make(path, operand), operand);
      } else {
        const to = renameTarget(path, operand);
        add(path, unsetModifier, undefined);
        add(to, renameModifier(path, to), undefined);
      }
    }
  }
  const filters = parseArrayFilters(arrayFilters, identifiers);
  const tree: UpdateNode = sortedTree(root);
  return {
    kind: 'operators',
    needsPosition,
    edit: (current, context) => {
      if (tree.children.size === 0) return current;
      const next = applyTree(tree, current, context, filters);
      if (equalBytes(next, current)) return current;
      checkId(current, next);
      return next;
    },
  };
}

function checkId(current: Uint8Array, next: Uint8Array): void {
  const before = fieldOf(current, '_id');
  if (before === undefined) return;
  const after = fieldOf(next, '_id');
  if (after === undefined || compareStored(before, after) !== 0)
    throw new MongoError(
      MongoCode.ImmutableField,
      "Performing an update on the path '_id' would modify the immutable field '_id'",
    );
}

/** Levels of nesting of a value, 0 for an atom. Bounded by validation, so recursion is. */
function levelsOf(value: Raw): number {
  if (value.type !== BsonType.object && value.type !== BsonType.array) return 0;
  const cursor = new ElementCursor(value.bytes, value.start);
  let deepest = 0;
  while (cursor.next())
    if (cursor.type === BsonType.object || cursor.type === BsonType.array)
      deepest = Math.max(deepest, levelsOf(cursor.raw()));
  return deepest + 1;
}

function renameTarget(from: string, operand: Raw): string {
  if (operand.type !== BsonType.string) throw badValue(`The 'to' field for $rename must be a string: ${from}`);
  const to = textOfRaw(operand);
  if (to.includes('\0')) throw badValue("The 'to' field for $rename cannot contain an embedded null byte");
  if (from === to) throw badValue(`The source and target field for $rename must differ: ${from}`);
  if (to.startsWith(`${from}.`) || from.startsWith(`${to}.`))
    throw badValue(`The source and target field for $rename must not be on the same path: ${from}: "${to}"`);
  for (const [what, path] of [
    ['source', from],
    ['destination', to],
  ] as const)
    if (updatePath(path).some((name) => name === '$' || identifierOf(name) !== undefined))
      throw badValue(`The ${what} field for $rename may not be dynamic: ${path}`);
  return to;
}

/** At the target of a rename: takes the source's value, if there is one. */
function renameModifier(from: string, to: string): Modifier {
  const source = updatePath(from);
  const target = updatePath(to);
  const value = (original: Uint8Array): Raw | undefined => reach(original, source, 'source');
  return {
    operator: '$rename',
    creates: ({ original }) => value(original) !== undefined,
    apply: (current, place) => {
      const moved = value(place.original);
      if (moved === undefined) return current;
      reach(place.original, target, 'destination');
      if (target.length + levelsOf(moved) > depthMax)
        throw new MongoError(MongoCode.Overflow, `nesting exceeds ${depthMax} levels`);
      return moved;
    },
  };
}

/** The value at a path through objects; an array on the way is refused. */
function reach(document: Uint8Array, path: readonly string[], what: 'source' | 'destination'): Raw | undefined {
  let value: Raw | undefined = rawDocument(document);
  for (const name of path) {
    if (value?.type === BsonType.array)
      throw badValue(`The ${what} field cannot be an array element, '${path.join('.')}' leads through an array`);
    value = value?.type === BsonType.object ? childOf(value, name) : undefined;
  }
  return value;
}

const identifierForm = /^[a-z][a-zA-Z0-9]*$/;

function parseArrayFilters(arrayFilters: readonly Raw[], used: ReadonlySet<string>): ElementFilters {
  const filters = new Map<string, (element: Raw) => boolean>();
  for (const filter of arrayFilters) {
    const identifier = filterIdentifier(filter);
    if (filters.has(identifier))
      throw failedToParse(`Found multiple array filters with the same top-level field name ${identifier}`);
    if (!used.has(identifier))
      throw failedToParse(`The array filter for identifier '${identifier}' was not used in the update`);
    const matches = compilePredicate(parseFilterValue(filter));
    filters.set(identifier, (element) =>
      matches(new BsonWriter(64).beginDocument().raw(identifier, element).end().finish()),
    );
  }
  for (const identifier of used)
    if (!filters.has(identifier)) throw badValue(`No array filter found for identifier '${identifier}'`);
  return filters;
}

/** The one first path component that all fields of an array filter share, looked for through $and, $or and $nor. */
function filterIdentifier(filter: Raw): string {
  if (filter.type !== BsonType.object) throw failedToParse('arrayFilters entries must be objects');
  const names = new Set<string>();
  const pending: Raw[] = [filter];
  while (pending.length > 0) {
    for (const { name, value } of fieldsOf(pending.pop()!)) {
      if (name === '$and' || name === '$or' || name === '$nor') {
        if (value.type === BsonType.array)
          pending.push(
            ...fieldsOf(value)
              .map((field) => field.value)
              .filter((each) => each.type === BsonType.object),
          );
      } else if (!name.startsWith('$')) {
        names.add(name.split('.', 1)[0]!);
      }
    }
  }
  const [first, second] = names;
  if (first === undefined)
    throw failedToParse('Cannot use an expression without a top-level field name in arrayFilters');
  if (second !== undefined)
    throw failedToParse(
      `Error parsing array filter :: caused by :: Expected a single top-level field name, found '${first}' and '${second}'`,
    );
  if (!identifierForm.test(first))
    throw badValue(
      `Error parsing array filter :: caused by :: The top-level field name must be an alphanumeric string beginning with a lowercase letter, found '${first}'`,
    );
  return first;
}
