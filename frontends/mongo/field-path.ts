// Dotted paths where a `$` name has no place: in sorts and projections. Codes and words are those of MongoDB's
// FieldPath.

import type { Path } from '../../model/predicate.ts';
import { MongoCode, MongoError } from './errors.ts';

/** Components of a dotted path. */
export const pathComponentsMax = 200;

/** Components of a path. Throws for empty, too many or `$`-prefixed ones. */
export function fieldPath(dotted: string): Path {
  if (dotted === '') throw new MongoError(40352, 'FieldPath cannot be constructed with empty string');
  if (dotted.endsWith('.')) throw new MongoError(40353, "FieldPath must not end with a '.'.");
  const path = dotted.split('.', pathComponentsMax + 1);
  if (path.length > pathComponentsMax) throw new MongoError(MongoCode.Overflow, 'FieldPath is too long');
  for (const name of path) {
    if (name === '') throw new MongoError(15998, 'FieldPath field names may not be empty strings.');
    if (name.startsWith('$') && name !== '$id' && name !== '$ref' && name !== '$db')
      throw new MongoError(
        16410,
        "FieldPath field names may not start with '$'. Consider using $getField or $setField.",
      );
  }
  return path;
}
