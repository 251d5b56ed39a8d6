// PATCH: a short list of changes to parts of an item (docs: "Partial document update in Azure Cosmos DB"). Paths are
// JSON Pointers (RFC 6901). Pure: from the bytes before to the bytes after, and every leaf that is not named keeps
// its bytes and so its type.
//
//   add       object: sets the field; array: inserts before the position, `-` appends
//   set       as add, but a position of an array that exists is replaced
//   replace   as set, of what exists only
//   remove    of what exists only
//   incr      adds to a number; a field that is missing starts at 0
//   move      removes `from`, adds it at `path`

import { jsonOfBson } from '../../model/bson/json-write.ts';
import { BsonType, depthMax } from '../../model/bson/types.ts';
import { validateBson } from '../../model/bson/validate.ts';
import { childOf, ElementCursor, elementCount, type Raw, rawDocument, textOfRaw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { defaultTtlOf } from '../../core/expiry.ts';
import { withEdmTypes } from '../../model/entity-sql-view.ts';
import { badRequest, DatabaseError } from '../../model/errors.ts';
import type { Condition, Edit, Item } from '../../model/operation.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import { valueOf } from '../../model/value.ts';
import { checkTtl, itemJsonBytesMax, tooLargeItem } from './write-item.ts';

/** Operations in one patch. */
export const patchOperationsMax = 10;

const verbs = ['add', 'set', 'replace', 'remove', 'incr', 'move'] as const;
type Verb = (typeof verbs)[number];

export interface PatchOperation {
  readonly verb: Verb;
  readonly path: readonly string[];
  /** Absent for remove and move. */
  readonly value: Raw | undefined;
  /** Of a move only. */
  readonly from: readonly string[] | undefined;
}

/** Top-level properties that no patch may touch. */
const fixedNames = new Set(['id', '_rid', '_self', '_etag', '_attachments', '_ts']);

export interface Patch {
  readonly operations: readonly PatchOperation[];
  /** Text of the condition, absent for none. */
  readonly condition: string | undefined;
}

/** Reads a patch: `{operations: […], condition?}`, or the bare array. */
export function parsePatch(body: Raw): Patch {
  const condition = body.type === BsonType.object ? valueOf(childOf(body, 'condition')) : undefined;
  if (condition !== undefined && condition !== null && typeof condition !== 'string')
    throw badRequest('the condition of a patch must be a text', 'condition');
  const list = body.type === BsonType.object ? childOf(body, 'operations') : body;
  if (list === undefined || list.type !== BsonType.array)
    throw badRequest('a patch needs an array of operations', 'operations');
  const cursor = new ElementCursor(list.bytes, list.start);
  const operations: PatchOperation[] = [];
  while (cursor.next()) {
    if (operations.length === patchOperationsMax)
      throw badRequest(`The number of patch operations can't exceed ${patchOperationsMax}.`, 'operations');
    operations.push(parseOperation(cursor.raw()));
  }
  if (operations.length === 0) throw badRequest('a patch needs at least one operation', 'operations');
  return { operations, condition: condition ?? undefined };
}

function parseOperation(raw: Raw): PatchOperation {
  if (raw.type !== BsonType.object) throw badRequest('a patch operation must be an object', 'operations');
  const word = valueOf(childOf(raw, 'op'));
  const lower = typeof word === 'string' ? word.toLowerCase() : '';
  const verb = lower === 'increment' ? 'incr' : verbs.find((known) => known === lower);
  if (verb === undefined) throw badRequest(`op must be one of ${verbs.join(', ')}`, 'op');
  const path = pointerOf(childOf(raw, 'path'), 'path');
  const value = verb === 'remove' || verb === 'move' ? undefined : childOf(raw, 'value');
  if (value === undefined && verb !== 'remove' && verb !== 'move') throw badRequest(`${verb} needs a value`, 'value');
  if (verb === 'incr' && value!.type !== BsonType.double) throw badRequest('incr needs a number', 'value');
  const from = verb === 'move' ? pointerOf(childOf(raw, 'from'), 'from') : undefined;
  if (from !== undefined && from.length < path.length && from.every((segment, i) => segment === path[i]))
    throw badRequest('a value cannot be moved into itself', 'path');
  return { verb, path, value, from };
}

function pointerOf(raw: Raw | undefined, argument: string): readonly string[] {
  const text = raw?.type === BsonType.string ? textOfRaw(raw) : '';
  if (!text.startsWith('/')) throw badRequest(`${argument} must be a JSON Pointer that begins with "/"`, argument);
  const segments = text.slice(1).split('/');
  if (segments.length > depthMax) throw badRequest(`${argument} has more than ${depthMax} segments`, argument);
  if (/~(?![01])/.test(text)) throw badRequest(`${argument} holds a "~" that is neither ~0 nor ~1`, argument);
  const names = segments.map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (names.some((name) => name.includes('\0'))) throw badRequest(`${argument} holds NUL`, argument);
  if (fixedNames.has(names[0]!)) throw badRequest(`${argument} names a property that cannot be changed`, argument);
  return names;
}

/** The patch as an edit of the item it finds. Conditions are checked on that item, so a missing one is 404 and not 412. */
export function editOf(
  operations: readonly PatchOperation[],
  condition: Condition | undefined,
  holds: ((item: Item) => boolean) | undefined,
  container: ContainerRecord,
): Edit {
  return (current) => {
    if (current === undefined)
      throw new DatabaseError('ItemNotFound', 'no item with that id in this logical partition', { argument: 'id' });
    checkCondition(condition, current.time);
    if (holds !== undefined && !holds(current))
      throw new DatabaseError('PreconditionFailed', 'the condition of the patch does not hold', {
        argument: 'condition',
      });
    const changed = applyPatch(current.body, operations);
    const after = container.profile === 'table' ? withEdmTypes(changed, current.body) : changed;
    if (defaultTtlOf(container) !== undefined) checkTtl(after);
    return after;
  };
}

function checkCondition(condition: Condition | undefined, time: number): void {
  const { ifMatch, ifNoneMatch } = condition ?? {};
  const holds =
    (ifMatch === undefined || ifMatch === '*' || ifMatch === time) && ifNoneMatch !== '*' && ifNoneMatch !== time;
  if (!holds)
    throw new DatabaseError('PreconditionFailed', 'the item has another version than the condition names', {
      argument: 'If-Match',
    });
}

/** JSON text of BSON is at most six times as long: every byte of a string escaped. */
const jsonGrowthMax = 6;

export function applyPatch(body: Uint8Array, operations: readonly PatchOperation[]): Uint8Array {
  let bytes = body;
  for (const [i, operation] of operations.entries()) bytes = applyOne(bytes, operation, i + 1);
  validateBson(bytes);
  if (bytes.length * jsonGrowthMax > itemJsonBytesMax && jsonOfBson(bytes).length > itemJsonBytesMax)
    throw tooLargeItem();
  return bytes;
}

function applyOne(bytes: Uint8Array, operation: PatchOperation, number: number): Uint8Array {
  const { verb, path, value, from } = operation;
  if (from === undefined) return rewrite(bytes, path, verb as Exclude<Verb, 'move'>, value, number);
  const moved = valueAt(bytes, from);
  if (moved === undefined) throw missing(number, 'from');
  return rewrite(rewrite(bytes, from, 'remove', undefined, number), path, 'add', moved, number);
}

function missing(number: number, argument: string): DatabaseError {
  return badRequest(
    `For Operation(${number}): nothing is at the ${argument}, or its parent is no object or array.`,
    argument,
  );
}

function valueAt(bytes: Uint8Array, path: readonly string[]): Raw | undefined {
  let at: Raw | undefined = rawDocument(bytes);
  for (const segment of path) {
    if (at?.type === BsonType.array && positionOf(segment) === undefined) return undefined;
    at = at && childOf(at, segment);
  }
  return at;
}

/** A position in an array as RFC 6901 writes it: no sign, no leading zero. */
function positionOf(segment: string): number | undefined {
  return /^(0|[1-9]\d{0,8})$/.test(segment) ? Number(segment) : undefined;
}

type Change = Exclude<Verb, 'move'>;

/** The document with one change at `path`. Every container on the way there must exist. */
function rewrite(
  bytes: Uint8Array,
  path: readonly string[],
  verb: Change,
  value: Raw | undefined,
  number: number,
): Uint8Array {
  const writer = new BsonWriter(
    bytes.length + (value === undefined ? 0 : value.end - value.start) + 64,
  ).beginDocument();
  writeInside(writer, rawDocument(bytes), path, 0, verb, value, number);
  return writer.end().finish();
}

/** Copies the elements of `container` with the change made. Recursion is bounded: every level of the path exists in the item. */
function writeInside(
  writer: BsonWriter,
  container: Raw,
  path: readonly string[],
  level: number,
  verb: Change,
  value: Raw | undefined,
  number: number,
): void {
  const segment = path[level]!;
  const isArray = container.type === BsonType.array;
  const position = isArray ? positionOf(segment) : undefined;
  const isLast = level === path.length - 1;
  const cursor = new ElementCursor(container.bytes, container.start);
  let found = false;
  for (let i = 0; cursor.next(); i++) {
    const isTarget = !found && (isArray ? i === position : cursor.name() === segment);
    const name = cursor.bytes.subarray(cursor.nameStart, cursor.nameEnd);
    if (!isTarget) {
      writer.copy(name, cursor.type, cursor.bytes, cursor.valueStart, cursor.valueEnd);
      continue;
    }
    found = true;
    if (!isLast) {
      if (cursor.type !== BsonType.object && cursor.type !== BsonType.array) throw missing(number, 'path');
      if (cursor.type === BsonType.object) writer.beginObject(name);
      else writer.beginArray(name);
      writeInside(writer, cursor.raw(), path, level + 1, verb, value, number);
      writer.end();
      continue;
    }
    if (verb === 'remove') continue;
    if (verb === 'incr') writeSum(writer, name, cursor.raw(), value!, number);
    else writer.raw(name, value!);
    if (verb === 'add' && isArray) writer.copy(name, cursor.type, cursor.bytes, cursor.valueStart, cursor.valueEnd);
  }
  if (found) return;
  const appends =
    isLast &&
    (isArray
      ? (verb === 'add' || verb === 'set') &&
        (segment === '-' || position === elementCount(container.bytes, container.start))
      : verb === 'add' || verb === 'set' || verb === 'incr');
  if (!appends) throw missing(number, 'path');
  writer.raw(segment, value!);
}

/** An integer stays one of its type while the sum is one and fits; anything else becomes a double. */
function writeSum(writer: BsonWriter, name: Uint8Array, current: Raw, delta: Raw, number: number): void {
  const by = valueOf(delta) as number;
  const is = valueOf(current);
  if (typeof is === 'bigint' || (typeof is === 'number' && current.type !== BsonType.double && Number.isInteger(by))) {
    if (!Number.isInteger(by)) {
      writer.double(name, Number(is) + by);
      return;
    }
    const sum = BigInt(is) + BigInt(by);
    if (current.type === BsonType.int32 && BigInt.asIntN(32, sum) === sum) writer.int32(name, Number(sum));
    else if (BigInt.asIntN(64, sum) === sum) writer.int64(name, sum);
    else writer.double(name, Number(sum));
    return;
  }
  if (typeof is !== 'number') throw badRequest(`For Operation(${number}): incr needs a number at the path.`, 'path');
  const sum = is + by;
  if (!Number.isFinite(sum))
    throw badRequest(`For Operation(${number}): the sum is beyond the range of a double.`, 'value');
  writer.double(name, sum);
}
