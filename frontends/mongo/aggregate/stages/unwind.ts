// $unwind: a document for each element of an array. Source: MongoDB manual, "$unwind".

import { BsonType } from '../../../../model/bson/types.ts';
import { ElementCursor, findField, textOfRaw, type Raw, nameOf } from '../../../../model/bson/walk.ts';
import { BsonWriter } from '../../../../model/bson/write.ts';
import { fieldsOf, truthOf, typeNameOf } from '../../bson-input.ts';
import { MongoError } from '../../errors.ts';
import { fieldPath } from '../../field-path.ts';
import { expandSource } from '../sliced.ts';
import type { Stage, StageRow } from '../stage.ts';
import { isNullish, int64Raw, nullRaw, type Operand } from '../value.ts';

interface Unwind {
  readonly path: readonly string[];
  readonly names: readonly Uint8Array[];
  readonly keepsEmpty: boolean;
  /** Where the element's position goes. */
  readonly indexPath: readonly string[] | undefined;
}

function parse(operand: Raw): Unwind {
  let path: Raw | undefined = operand;
  let keepsEmpty = false;
  let indexPath: readonly string[] | undefined;
  if (operand.type === BsonType.object) {
    path = undefined;
    for (const { name, value } of fieldsOf(operand)) {
      if (name === 'path') {
        if (value.type !== BsonType.string)
          throw new MongoError(28808, `expected a string as the path for $unwind stage, got ${typeNameOf(value.type)}`);
        path = value;
      } else if (name === 'preserveNullAndEmptyArrays') {
        if (value.type !== BsonType.boolean)
          throw new MongoError(
            28809,
            `expected a boolean for the preserveNullAndEmptyArrays option to $unwind stage, got ${typeNameOf(value.type)}`,
          );
        keepsEmpty = truthOf(value);
      } else if (name === 'includeArrayIndex') {
        const text = value.type === BsonType.string ? textOfRaw(value) : '';
        if (text === '')
          throw new MongoError(
            28810,
            `expected a non-empty string for the includeArrayIndex  option to $unwind stage, got ${typeNameOf(value.type)}`,
          );
        if (text.startsWith('$'))
          throw new MongoError(
            28822,
            `includeArrayIndex option to $unwind stage should not be prefixed with a '$': ${text}`,
          );
        indexPath = fieldPath(text);
      } else throw new MongoError(28811, `unrecognized option to $unwind stage: ${name}`);
    }
  } else if (operand.type !== BsonType.string)
    throw new MongoError(
      15981,
      `expected either a string or an object as specification for $unwind stage, got ${typeNameOf(operand.type)}`,
    );
  if (path === undefined) throw new MongoError(28812, 'no path specified to $unwind stage');
  const text = textOfRaw(path);
  if (!text.startsWith('$'))
    throw new MongoError(28818, `path option to $unwind stage should be prefixed with a '$': ${text}`);
  const names = fieldPath(text.slice(1));
  return { path: names, names: names.map(nameOf), keepsEmpty, indexPath };
}

/** The value at a path through objects alone. */
function reach(document: Uint8Array, names: readonly Uint8Array[]): Operand {
  let start = 0;
  for (let i = 0; ; i++) {
    const value = findField(document, start, names[i]!);
    if (value === undefined || i === names.length - 1) return value;
    if (value.type !== BsonType.object) return undefined;
    start = value.start;
  }
}

const writer = new BsonWriter();

/** The document with another value at a path (or without it), made on the way where there is none. */
function replaced(document: Uint8Array, path: readonly string[], value: Operand): Uint8Array {
  writer.clear().beginDocument();
  replaceIn(document, 0, path, 0, value);
  return writer.end().finish();
}

function replaceIn(bytes: Uint8Array, start: number, path: readonly string[], from: number, value: Operand): void {
  const cursor = new ElementCursor(bytes, start);
  const name = path[from]!;
  const nameBytes = nameOf(name);
  let done = false;
  let copied = start + 4;
  let at = copied;
  while (cursor.next()) {
    if (!done && cursor.nameIs(nameBytes)) {
      done = true;
      writer.span(bytes, copied, at);
      copied = cursor.valueEnd;
      if (from === path.length - 1) {
        if (value !== undefined) writer.raw(name, value);
      } else if (cursor.type === BsonType.object) {
        writer.beginObject(name);
        replaceIn(bytes, cursor.valueStart, path, from + 1, value);
        writer.end();
      } else made(path, from, value);
    }
    at = cursor.valueEnd;
  }
  writer.span(bytes, copied, at);
  if (!done && value !== undefined) made(path, from, value);
}

/** Writes the value under the rest of its path. */
function made(path: readonly string[], from: number, value: Operand): void {
  if (value === undefined) return;
  for (let i = from; i < path.length - 1; i++) writer.beginObject(path[i]!);
  writer.raw(path.at(-1)!, value);
  for (let i = from; i < path.length - 1; i++) writer.end();
}

function* unwound(document: Uint8Array, { path, names, keepsEmpty, indexPath }: Unwind): Iterable<Uint8Array> {
  const value = reach(document, names);
  const whole = (current: Uint8Array): Uint8Array =>
    indexPath === undefined ? current : replaced(current, indexPath, nullRaw);
  if (value === undefined || value.type !== BsonType.array) {
    if (!isNullish(value) || keepsEmpty) yield whole(document);
    return;
  }
  const elements = new ElementCursor(value.bytes, value.start);
  let position = 0;
  while (elements.next()) {
    const one = replaced(document, path, elements.raw());
    yield indexPath === undefined ? one : replaced(one, indexPath, int64Raw(BigInt(position)));
    position++;
  }
  if (position === 0 && keepsEmpty) yield whole(replaced(document, path, undefined));
}

function unwind(operand: Raw): Stage {
  const unwinding = parse(operand);
  return (inner) => expandSource(inner, (document) => unwound(document, unwinding));
}

export const unwindStages: readonly StageRow[] = [{ name: '$unwind', compile: unwind }];
