// Partition keys: what a container declares, the parts of an item's key, and their text on the wire
// (`x-ms-documentdb-partitionkey`: a JSON array, `[{}]` an absent value, `[]` a container without a key).
// Sources: @azure/cosmos 4.9.3 (extractPartitionKey, documents/PartitionKey); data-model.md "Identity".
//
// Invariant: numbers that are equal give equal parts, whatever their type. A value that JSON does not know
// stands as its canonical Extended JSON text. Where the parts hash to is in `effective-partition-key.ts`.

import { BsonType } from './bson/types.ts';
import { extendedJson, jsonOfValue } from './bson/json-write.ts';
import { valueOfJson } from './bson/json-read.ts';
import { ElementCursor, elementCount, findField, nameOf, Raw, textOfRaw } from './bson/walk.ts';
import { badRequest } from './errors.ts';
import { canonicalText, isNumberType, numberOfCanonicalText, numericOf } from './number.ts';
import { valueOf, type Value } from './value.ts';

export interface PartitionKeyDefinition {
  /** `/a/b`, or with quoted segments `/"a b"/c`. */
  readonly paths: readonly string[];
  readonly kind: 'Hash' | 'MultiHash';
  readonly version: 1 | 2;
  /** Version 1 was asked for by its number, not left open, and is shown again. */
  readonly versionStated?: boolean | undefined;
  /** The container was made without a partition key: its items have the key `[]`. */
  readonly systemKey?: boolean | undefined;
}

/** One level of a key; `undefined` stands for an absent value. */
export type PartitionKeyPart = undefined | null | boolean | number | string;
export type PartitionKey = readonly PartitionKeyPart[];

/** Levels of a hierarchical key, as Cosmos has them. */
export const partitionKeyPathsMax = 3;

/** The definition of a container made without a partition key (data-model.md "Identity"). */
export const unpartitioned: PartitionKeyDefinition = {
  paths: ['/_partitionKey'],
  kind: 'Hash',
  version: 2,
  systemKey: true,
};

/** Characters of one path. Cosmos allows fewer; this bounds the work. */
const pathCharactersMax = 1024;

/** Segments of a path; a slash at its end says nothing. Throws BadRequest for what is no path. */
export function parsePath(path: string): readonly string[] {
  if (path.length > pathCharactersMax || path[0] !== '/')
    throw badRequest('a partition key path must start with "/"', 'partitionKey.paths');
  const segments: string[] = [];
  let at = 0;
  while (at < path.length) {
    // At a slash; a segment follows.
    at++;
    if (at === path.length && segments.length > 0) break;
    const quote = path[at];
    if (quote === '"' || quote === "'") {
      let segment = '';
      at++;
      while (at < path.length && path[at] !== quote) {
        if (path[at] === '\\' && (path[at + 1] === quote || path[at + 1] === '\\')) at++;
        segment += path[at++];
      }
      if (at >= path.length) throw badRequest('a quoted segment of a path has no end', 'partitionKey.paths');
      at++;
      if (at < path.length && path[at] !== '/')
        throw badRequest('a quoted segment of a path must end at "/"', 'partitionKey.paths');
      segments.push(segment);
    } else {
      const slash = path.indexOf('/', at);
      const end = slash < 0 ? path.length : slash;
      if (end === at) throw badRequest('a path has an empty segment', 'partitionKey.paths');
      segments.push(path.slice(at, end));
      at = end;
    }
  }
  return segments;
}

/** Parsed paths by definition: definitions live as long as their container. */
const parsedPaths = new WeakMap<PartitionKeyDefinition, readonly (readonly Uint8Array[])[]>();

function pathsOf(definition: PartitionKeyDefinition): readonly (readonly Uint8Array[])[] {
  let paths = parsedPaths.get(definition);
  if (paths === undefined) {
    paths = definition.paths.map((path) => parsePath(path).map(nameOf));
    parsedPaths.set(definition, paths);
  }
  return paths;
}

/** First segments of the paths: names that must not stand twice in an item. */
export function partitionKeyRoots(definition: PartitionKeyDefinition): readonly string[] {
  return definition.systemKey === true ? [] : definition.paths.map((path) => parsePath(path)[0]!);
}

/** The part that a stored value gives. Throws BadRequest for arrays and for objects that hold something. */
export function partOfRaw(raw: Raw | undefined): PartitionKeyPart {
  if (raw === undefined) return undefined;
  if (raw.type === BsonType.string) return textOfRaw(raw);
  if (isNumberType(raw.type)) return numberPart(raw);
  if (raw.type === BsonType.object && elementCount(raw.bytes, raw.start) === 0) return undefined;
  if (raw.type === BsonType.object || raw.type === BsonType.array)
    throw badRequest('a partition key value must be a string, a number, a boolean or null', 'partitionKey');
  const value = valueOf(raw);
  return value === null || typeof value === 'boolean' ? value : extendedJson(raw);
}

/** A number as double where that is exact; the others as the text of one type, the same for equal numbers. */
function numberPart(raw: Raw): PartitionKeyPart {
  const number = numericOf(raw);
  if (typeof number === 'number' && Number.isFinite(number)) return number === 0 ? 0 : number;
  const text = canonicalText(number);
  const asDouble = Number(text);
  if (Number.isFinite(asDouble) && canonicalText(asDouble) === text) return asDouble;
  return extendedJson(numberOfCanonicalText(text)!);
}

/** The key of an item by its container's definition. */
export function partitionKeyOfItem(definition: PartitionKeyDefinition, document: Uint8Array): PartitionKey {
  if (definition.systemKey === true) return [];
  return pathsOf(definition).map((path) => {
    let start = 0;
    for (let i = 0; ; i++) {
      const found = findField(document, start, path[i]!);
      // The service files an item whose key is no scalar under the absent key.
      if (i === path.length - 1) return isContainer(found) ? undefined : partOfRaw(found);
      if (found === undefined || found.type !== BsonType.object) return undefined;
      start = found.start;
    }
  });
}

function isContainer(raw: Raw | undefined): boolean {
  return raw?.type === BsonType.object || raw?.type === BsonType.array;
}

function partOfValue(value: Value): PartitionKeyPart {
  if (value === undefined || value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return value === 0 ? 0 : value;
  return partOfRaw(value instanceof Raw ? value : undefined);
}

/** Reads the header's JSON array. Throws BadRequest. */
export function parsePartitionKeyHeader(text: string): PartitionKey {
  const value = valueOfJson(text, { levelsMax: 2 });
  if (!(value instanceof Raw) || value.type !== BsonType.array)
    throw badRequest('the partition key must be a JSON array', 'x-ms-documentdb-partitionkey');
  const parts: PartitionKeyPart[] = [];
  const cursor = new ElementCursor(value.bytes, value.start);
  while (cursor.next()) {
    if (parts.length === partitionKeyPathsMax)
      throw badRequest(`a partition key has at most ${partitionKeyPathsMax} parts`, 'x-ms-documentdb-partitionkey');
    parts.push(partOfValue(valueOf(cursor.raw())));
  }
  return parts;
}

/** The key as a JSON array: equal keys give equal texts, other keys other texts. */
export function partitionKeyText(key: PartitionKey): string {
  const first = key[0];
  // Most keys are one text that JSON shows as it is.
  if (key.length === 1 && typeof first === 'string' && isPlain(first)) return `["${first}"]`;
  let text = '[';
  for (let i = 0; i < key.length; i++) {
    if (i > 0) text += ',';
    const part = key[i];
    text += part === undefined ? '{}' : jsonOfValue(part === 0 ? 0 : part);
  }
  return `${text}]`;
}

const quote = 0x22;
const backslash = 0x5c;

/** Printable ASCII without what JSON escapes. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e || unit === quote || unit === backslash) return false;
  }
  return true;
}

/** True for keys whose parts are the same: then they are equal. */
export function haveSameParts(a: PartitionKey, b: PartitionKey): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
