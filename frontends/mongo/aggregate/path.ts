// Field paths in expressions: through objects by name, through arrays by mapping each object in them. A number in a
// path is a field's name, never a position. Source: MongoDB manual, "Field Paths"; "Aggregation Variables".

import { BsonType } from '../../../model/bson/types.ts';
import { ElementCursor, findField, nameOf, type Raw } from '../../../model/bson/walk.ts';
import { MongoError } from '../errors.ts';
import { fieldPath } from '../field-path.ts';
import { arrayRaw, type Operand } from './value.ts';

/** The names of a path that stands behind `$` or `$$variable.`. */
export function pathNames(dotted: string): readonly Uint8Array[] {
  if (dotted === '') throw new MongoError(16872, "'$' by itself is not a valid FieldPath");
  return fieldPath(dotted).map(nameOf);
}

/** What the path leads to from a value. Recursion is one component of the path each. */
export function follow(start: Operand, names: readonly Uint8Array[], from = 0): Operand {
  let value = start;
  for (let i = from; i < names.length; i++) {
    if (value === undefined) return undefined;
    if (value.type === BsonType.array) return followElements(value, names, i);
    if (value.type !== BsonType.object) return undefined;
    value = findField(value.bytes, value.start, names[i]!);
  }
  return value;
}

/** Elements that are objects, each followed; an array directly in an array is passed over. */
function followElements(array: Raw, names: readonly Uint8Array[], from: number): Raw {
  const cursor = new ElementCursor(array.bytes, array.start);
  const found: Raw[] = [];
  while (cursor.next()) {
    if (cursor.type !== BsonType.object) continue;
    const value = follow(cursor.raw(), names, from);
    if (value !== undefined) found.push(value);
  }
  return arrayRaw(found);
}
