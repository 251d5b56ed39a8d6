// The values that a path leads to in one item, as MongoDB's `distinct` takes them: through objects and arrays, by
// position, and at its end the elements of an array instead of the array.

import { BsonType } from '../model/bson/types.ts';
import { childOf, ElementCursor, type Raw } from '../model/bson/walk.ts';
import type { Path } from '../model/predicate.ts';

const positionForm = /^(?:0|[1-9][0-9]*)$/;

/** Recursion is that of the path and of arrays directly in arrays on it, each one step of it. */
export function eachValue(value: Raw, path: Path, take: (value: Raw) => void, at = 0): void {
  if (at === path.length) {
    if (value.type === BsonType.array) eachElement(value, take);
    else take(value);
    return;
  }
  const name = path[at]!;
  const child = childOf(value, name);
  if (value.type !== BsonType.array) {
    if (child !== undefined) eachValue(child, path, take, at + 1);
    return;
  }
  if (child !== undefined && positionForm.test(name)) eachValue(child, path, take, at + 1);
  eachElement(value, (element) => {
    if (element.type === BsonType.object) eachValue(element, path, take, at);
  });
}

function eachElement(array: Raw, take: (element: Raw) => void): void {
  const cursor = new ElementCursor(array.bytes, array.start);
  while (cursor.next()) take(cursor.raw());
}
