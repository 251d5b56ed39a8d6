// Following a path through raw BSON, arrays included. One value test (`ValueTest`) is tried on every value the
// path meets: on each element of an array and then on the array itself, when the path ends at one; through each
// object element, when it goes on; and a numeric component is also a position. Nothing is allocated.
//
// Where the first array crossed implicitly matched is noted in `matchedPosition`, for MongoDB's positional `$`.
// Recursion is one level of the stored document each, which validation has bounded.

import { readInt32 } from '../../../model/bytes.ts';
import { BsonType } from '../../../model/bson/types.ts';
import { skipValue } from '../../../model/bson/walk.ts';

/** A condition on the value of `type` at `at`. Type 0 stands for an absent value. */
export type ValueTest = (bytes: Uint8Array, type: number, at: number) => boolean;

/** A condition on the document that starts at `start`. */
export type DocumentTest = (bytes: Uint8Array, start: number) => boolean;

export const absent = 0;

/** Start of the value of the first field of that name in the document at `start`, or -1; its type is `typeBefore`. */
export function seekField(bytes: Uint8Array, start: number, name: Uint8Array): number {
  const end = start + readInt32(bytes, start) - 1;
  const length = name.length;
  let at = start + 4;
  while (at < end) {
    const nameStart = at + 1;
    let i = 0;
    while (i < length && bytes[nameStart + i] === name[i]) i++;
    let nameEnd = nameStart + i;
    if (i === length && bytes[nameEnd] === 0) return nameEnd + 1;
    while (bytes[nameEnd] !== 0) nameEnd++;
    at = skipValue(bytes, bytes[at]!, nameEnd + 1);
  }
  return -1;
}

/** Type of the value that `seekField` found under `name`. */
export function typeBefore(bytes: Uint8Array, valueStart: number, name: Uint8Array): number {
  return bytes[valueStart - name.length - 2]!;
}

/** Position in the outermost array crossed by the last path that matched, or -1. Read it right after a test. */
export let matchedPosition = -1;

export function setMatchedPosition(position: number): void {
  matchedPosition = position;
}

/** A path predicate as a document test. `traverse`: elements of an array at the path's end are tested too. */
export function compilePath(names: readonly Uint8Array[], test: ValueTest, traverse: boolean): DocumentTest {
  if (names.length === 1) return compileField(names[0]!, test, traverse);
  return (bytes, start) => followPath(bytes, start, names, 0, test, traverse);
}

/** The common case: one field of the document itself. */
function compileField(name: Uint8Array, test: ValueTest, traverse: boolean): DocumentTest {
  const typeDistance = name.length + 2;
  return (bytes, start) => {
    const at = seekField(bytes, start, name);
    if (at < 0) return test(bytes, absent, 0);
    const type = bytes[at - typeDistance]!;
    if (type === BsonType.array && traverse) return anyElement(bytes, at, test) || test(bytes, type, at);
    return test(bytes, type, at);
  };
}

function followPath(
  bytes: Uint8Array,
  start: number,
  names: readonly Uint8Array[],
  from: number,
  test: ValueTest,
  traverse: boolean,
): boolean {
  const last = names.length - 1;
  let document = start;
  for (let i = from; ; i++) {
    const name = names[i]!;
    const at = seekField(bytes, document, name);
    if (at < 0) return test(bytes, absent, 0);
    const type = typeBefore(bytes, at, name);
    if (i === last) {
      if (type === BsonType.array && traverse) return anyElement(bytes, at, test) || test(bytes, type, at);
      return test(bytes, type, at);
    }
    if (type === BsonType.array) return crossArray(bytes, at, names, i + 1, test, traverse);
    if (type !== BsonType.object) return test(bytes, absent, 0);
    document = at;
  }
}

/** True when some element of the array at `start` passes; notes its position. */
export function anyElement(bytes: Uint8Array, start: number, test: ValueTest): boolean {
  const end = start + readInt32(bytes, start) - 1;
  let at = start + 4;
  for (let position = 0; at < end; position++) {
    const type = bytes[at]!;
    let value = at + 1;
    while (bytes[value] !== 0) value++;
    value++;
    if (test(bytes, type, value)) {
      matchedPosition = position;
      return true;
    }
    at = skipValue(bytes, type, value);
  }
  return false;
}

/** The path goes on behind an array: through its object elements, and to the element a numeric name points at. */
function crossArray(
  bytes: Uint8Array,
  start: number,
  names: readonly Uint8Array[],
  from: number,
  test: ValueTest,
  traverse: boolean,
): boolean {
  const name = names[from]!;
  const last = from === names.length - 1;
  const end = start + readInt32(bytes, start) - 1;
  let at = start + 4;
  for (let position = 0; at < end; position++) {
    const type = bytes[at]!;
    let i = 0;
    while (i < name.length && bytes[at + 1 + i] === name[i]) i++;
    const pointedAt = i === name.length && bytes[at + 1 + i] === 0;
    let value = at + 1 + i;
    while (bytes[value] !== 0) value++;
    value++;
    if (type === BsonType.object && followPath(bytes, value, names, from, test, traverse)) {
      matchedPosition = position;
      return true;
    }
    if (pointedAt) {
      if (last) {
        if (test(bytes, type, value)) {
          matchedPosition = position;
          return true;
        }
      } else if (type === BsonType.object) {
        if (followPath(bytes, value, names, from + 1, test, traverse)) return true;
      } else if (type === BsonType.array) {
        if (crossArray(bytes, value, names, from + 1, test, traverse)) return true;
      }
    }
    at = skipValue(bytes, type, value);
  }
  return false;
}
