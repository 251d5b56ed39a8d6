// The unique keys of a container as clients send them: checked, and brought into one form. They are fixed when the
// container is made. Source: "Unique key constraints in Azure Cosmos DB" (at most 10 keys of 16 paths).

import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, fieldOf, textOfRaw, type Raw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { equalBytes } from '../../model/bytes.ts';
import { badRequest } from '../../model/errors.ts';
import { parsePath } from '../../model/partition-key.ts';

export const uniqueKeysMax = 10;
export const uniqueKeyPathsMax = 16;

/** Name of the field of definitions and of settings. */
export const uniqueKeyPolicyField = 'uniqueKeyPolicy';

/** The policy in a container's definition, with nothing but its paths; undefined when there is none. */
export function uniqueKeyPolicyIn(body: Uint8Array): Uint8Array | undefined {
  const policy = fieldOf(body, uniqueKeyPolicyField);
  if (policy === undefined || policy.type === BsonType.null) return undefined;
  if (policy.type !== BsonType.object) throw badRequest('uniqueKeyPolicy must be an object', uniqueKeyPolicyField);
  const writer = new BsonWriter(128).beginDocument().beginArray('uniqueKeys');
  const keys = elementsOf(fieldOf(policy.slice(), 'uniqueKeys'), 'uniqueKeyPolicy.uniqueKeys');
  if (keys.length > uniqueKeysMax)
    throw badRequest(`There are at most ${uniqueKeysMax} unique keys.`, 'uniqueKeyPolicy.uniqueKeys');
  const seen = new Set<string>();
  for (const key of keys) {
    if (key.type !== BsonType.object)
      throw badRequest('uniqueKeyPolicy.uniqueKeys must hold objects', 'uniqueKeyPolicy.uniqueKeys');
    const paths = pathsOf(key);
    const name = JSON.stringify(paths);
    if (seen.has(name)) throw badRequest('The same unique key stands twice.', 'uniqueKeyPolicy.uniqueKeys');
    seen.add(name);
    writer.beginObject('').beginArray('paths');
    for (const path of paths) writer.string('', path);
    writer.end().end();
  }
  return writer.end().end().finish();
}

function pathsOf(key: Raw): readonly string[] {
  const argument = 'uniqueKeyPolicy.uniqueKeys.paths';
  const paths = elementsOf(fieldOf(key.slice(), 'paths'), argument).map((path) => {
    if (path.type !== BsonType.string) throw badRequest(`${argument} must hold strings`, argument);
    return textOfRaw(path);
  });
  if (paths.length === 0 || paths.length > uniqueKeyPathsMax)
    throw badRequest(`A unique key has 1 to ${uniqueKeyPathsMax} paths.`, argument);
  for (const path of paths)
    if (
      !path.startsWith('/') ||
      parsePath(path).some((segment) => segment === '*' || segment === '?' || segment === '[]')
    )
      throw badRequest('A unique key path names one property and does not go through arrays.', argument);
  if (new Set(paths).size !== paths.length) throw badRequest('The same path stands twice.', argument);
  return paths;
}

function elementsOf(list: Raw | undefined, argument: string): Raw[] {
  if (list === undefined) return [];
  if (list.type !== BsonType.array) throw badRequest(`${argument} must be an array`, argument);
  const cursor = new ElementCursor(list.bytes, list.start);
  const elements: Raw[] = [];
  while (cursor.next()) elements.push(cursor.raw());
  return elements;
}

/** Throws BadRequest when a replacement names other unique keys than the container has. */
export function checkSameUniqueKeys(before: Uint8Array, given: Uint8Array | undefined): void {
  const kept = fieldOf(before, uniqueKeyPolicyField)?.slice() ?? noKeys;
  if (given === undefined || equalBytes(kept, given)) return;
  throw badRequest(
    'The unique index cannot be modified. To change the unique index, remove the collection and re-create a new one.',
    uniqueKeyPolicyField,
  );
}

const noKeys = new BsonWriter(32).beginDocument().beginArray('uniqueKeys').end().end().finish();
