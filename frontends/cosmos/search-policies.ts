// Checks of the policies for vector and full-text search in a container's definition, in the service's words: SDKs
// and their tests know them. Source: "Vector search" and "Full text search in Azure Cosmos DB for NoSQL".

import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, elementCount, fieldOf, type Raw } from '../../model/bson/walk.ts';
import { jsonOfBson } from '../../model/bson/json-write.ts';
import { badRequest } from '../../model/errors.ts';
import { valueOf, type Value } from '../../model/value.ts';

// In lower case: letters of these words count alike.
const dataTypes = ['float16', 'float32', 'int8', 'uint8'];
const distanceFunctions = ['cosine', 'dotproduct', 'euclidean'];
const indexTypes = ['diskann', 'flat', 'quantizedflat'];
const languages = ['de-de', 'en-us', 'es-es', 'fr-fr', 'it-it', 'pt-br', 'pt-pt'];

const dimensionsMax = 4096;
/** A quantized vector is no longer than this, nor than it has dimensions. */
const quantizationBytesMax = 512;
const searchListMin = 25;
const searchListMax = 500;
const shardPathsMax = 1;
/** Characters of a definition that a message repeats. */
const shownMax = 64;

const vectorPolicy = 'vectorEmbeddingPolicy';
const textPolicy = 'fullTextPolicy';
const vectorIndexes = 'indexingPolicy.vectorIndexes';
const textIndexes = 'indexingPolicy.fullTextIndexes';

/** Throws BadRequest when the policies of the definition are not what a search could use. */
export function checkSearchPolicies(definition: Uint8Array): void {
  const dimensions = checkEmbeddings(objectIn(definition, vectorPolicy));
  checkFullText(objectIn(definition, textPolicy));
  const indexing = objectIn(definition, 'indexingPolicy');
  for (const entry of entriesOf(indexing, 'vectorIndexes', vectorIndexes)) checkVectorIndex(entry, dimensions);
  for (const entry of entriesOf(indexing, 'fullTextIndexes', textIndexes))
    if (!isPath(valueOf(fieldOf(entry, 'path'))))
      throw badRequest(
        `The Full Text Indexing Policy has an invalid Path: ${shown(fieldOf(entry, 'path'))}.`,
        textIndexes,
      );
}

/** Throws BadRequest when a replacement changes what vectors at a path are, or how they are indexed. */
export function checkSearchUnchanged(before: Uint8Array, after: Uint8Array): void {
  const changes = (policy: string, list: string): boolean => {
    const known = textByPath(objectIn(before, policy), list);
    return [...textByPath(objectIn(after, policy), list)].some(
      ([path, text]) => known.has(path) && known.get(path) !== text,
    );
  };
  if (changes('indexingPolicy', 'vectorIndexes'))
    throw badRequest(
      'Paths in existing vector indexing policy cannot be modified in Collection Replace. They can only be added or removed.',
      vectorIndexes,
    );
  if (changes(vectorPolicy, 'vectorEmbeddings'))
    throw badRequest(
      'Paths in existing embedding policy cannot be modified in Collection Replace. They can only be added or removed.',
      vectorPolicy,
    );
}

/** Paths of vectors, in steps, and their distance: of a definition that no door checked, what can be read. */
export function embeddingsOf(settings: Uint8Array): { readonly steps: readonly string[]; readonly distance: string }[] {
  const entries = entriesOf(objectIn(settings, vectorPolicy), 'vectorEmbeddings', vectorPolicy);
  return entries.flatMap((entry) => {
    const steps = stepsOf(valueOf(fieldOf(entry, 'path')));
    const distance = valueOf(fieldOf(entry, 'distanceFunction'));
    return steps !== undefined && typeof distance === 'string' ? [{ steps, distance: distance.toLowerCase() }] : [];
  });
}

/** Dimensions by path. */
function checkEmbeddings(policy: Uint8Array | undefined): Map<string, number> {
  const found = new Map<string, number>();
  for (const entry of entriesOf(policy, 'vectorEmbeddings', vectorPolicy)) {
    const field = (name: string): Value => valueOf(fieldOf(entry, name));
    const invalid = (what: string, name: string): Error =>
      badRequest(`The Vector Embedding Policy has an invalid ${what}:${shown(fieldOf(entry, name))}.`, vectorPolicy);
    const path = field('path');
    if (!isPath(path)) throw invalid('Path', 'path');
    if (found.has(path)) throw badRequest(`The Vector Embedding Policy has the Path:${path} twice.`, vectorPolicy);
    if (!isOneOf(dataTypes, field('dataType'))) throw invalid('DataType', 'dataType');
    if (!isOneOf(distanceFunctions, field('distanceFunction'))) throw invalid('DistanceFunction', 'distanceFunction');
    const dimensions = field('dimensions');
    const told = `The Vector Embedding Policy has Dimensions:${shown(fieldOf(entry, 'dimensions'))}`;
    if (typeof dimensions !== 'number' || !Number.isInteger(dimensions) || dimensions < 1)
      throw badRequest(`${told} which is not a positive whole number.`, vectorPolicy);
    if (dimensions > dimensionsMax)
      throw badRequest(`${told} which is more than the maximum supported value: ${dimensionsMax}.`, vectorPolicy);
    found.set(path, dimensions);
  }
  return found;
}

function checkFullText(policy: Uint8Array | undefined): void {
  if (policy === undefined) return;
  checkLanguage(fieldOf(policy, 'defaultLanguage'));
  for (const entry of entriesOf(policy, 'fullTextPaths', textPolicy)) {
    if (!isPath(valueOf(fieldOf(entry, 'path'))))
      throw badRequest(`The Full Text Policy contains an invalid Path: ${shown(fieldOf(entry, 'path'))}.`, textPolicy);
    checkLanguage(fieldOf(entry, 'language'));
  }
}

function checkLanguage(raw: Raw | undefined): void {
  if (raw !== undefined && !isOneOf(languages, valueOf(raw)))
    throw badRequest(`The Full Text Policy contains an unsupported language: ${shown(raw)}.`, textPolicy);
}

function checkVectorIndex(entry: Uint8Array, dimensionsByPath: ReadonlyMap<string, number>): void {
  const raw = (name: string): Raw | undefined => fieldOf(entry, name);
  const path = valueOf(raw('path'));
  const dimensions = typeof path === 'string' ? dimensionsByPath.get(path) : undefined;
  if (dimensions === undefined)
    throw badRequest(
      `The Vector Indexing Policy's path::${shown(raw('path'))} not matching in Embedding's path.`,
      vectorIndexes,
    );
  if (!isOneOf(indexTypes, valueOf(raw('type'))))
    throw badRequest(`The Vector Indexing Policy's Index Type::${shown(raw('type'))} is invalid.`, vectorIndexes);
  checkRange(raw('quantizationByteSize'), 'QuantizationByteSize', 1, Math.min(dimensions, quantizationBytesMax));
  checkRange(raw('indexingSearchListSize'), 'IndexingSearchListSize', searchListMin, searchListMax);
  checkShardPaths(raw('vectorIndexShardKey'));
}

function checkRange(raw: Raw | undefined, name: string, min: number, max: number): void {
  if (raw === undefined) return;
  const value = valueOf(raw);
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw badRequest(
      `The Vector Indexing Policy parameter ${name} value :: ${shown(raw)} is out of range. ` +
        `The allowed range is between ${min} and ${max}.`,
      vectorIndexes,
    );
}

function checkShardPaths(raw: Raw | undefined): void {
  if (raw === undefined || raw.type === BsonType.null) return;
  if (raw.type !== BsonType.array)
    throw invalidInput(`${vectorIndexes}: vectorIndexShardKey must be an array`, vectorIndexes);
  const count = elementCount(raw.bytes, raw.start);
  if (count > shardPathsMax)
    throw badRequest(
      `The number of shard paths defined in the Vector Indexing Policy: ${count} exceeds the maximum: ${shardPathsMax}.`,
      vectorIndexes,
    );
  const cursor = new ElementCursor(raw.bytes, raw.start);
  while (cursor.next())
    if (!isPath(valueOf(cursor.raw())))
      throw badRequest(`The Vector Indexing Policy has an invalid Shard Path: ${shown(cursor.raw())}.`, vectorIndexes);
}

/** BadRequest for a part of a body that has another type than the service could read. */
export function invalidInput(what: string, argument: string): Error {
  return badRequest(`One of the specified inputs is invalid: ${what}.`, argument);
}

function objectIn(document: Uint8Array, name: string): Uint8Array | undefined {
  const raw = fieldOf(document, name);
  return raw?.type === BsonType.object ? raw.slice() : undefined;
}

/** The objects of a list that may be absent. */
function entriesOf(policy: Uint8Array | undefined, name: string, argument: string): Uint8Array[] {
  const raw = policy && fieldOf(policy, name);
  if (raw === undefined || raw.type === BsonType.null) return [];
  if (raw.type !== BsonType.array) throw invalidInput(`${argument}: ${name} must be an array`, argument);
  const entries: Uint8Array[] = [];
  const cursor = new ElementCursor(raw.bytes, raw.start);
  while (cursor.next()) {
    if (cursor.type !== BsonType.object) throw invalidInput(`${argument}: ${name} must hold objects`, argument);
    entries.push(cursor.raw().slice());
  }
  return entries;
}

/** Entries as text by their path. */
function textByPath(policy: Uint8Array | undefined, name: string): Map<string, string> {
  const texts = new Map<string, string>();
  for (const entry of entriesOf(policy, name, name)) {
    const path = valueOf(fieldOf(entry, 'path'));
    if (typeof path === 'string') texts.set(path, Buffer.from(jsonOfBson(entry)).toString());
  }
  return texts;
}

function isOneOf(words: readonly string[], value: Value): boolean {
  return typeof value === 'string' && words.includes(value.toLowerCase());
}

function isPath(value: Value): value is string {
  return stepsOf(value) !== undefined;
}

/** The names in `/a/"b c"`; undefined when it is no path. */
function stepsOf(path: Value): string[] | undefined {
  if (typeof path !== 'string') return undefined;
  const steps: string[] = [];
  let end = 0;
  for (const match of path.matchAll(/\/(?:"([^"]*)"|([^/"]+))/g)) {
    if (match.index !== end) return undefined;
    steps.push(match[1] ?? match[2]!);
    end += match[0].length;
  }
  return end > 0 && end === path.length ? steps : undefined;
}

/** Part of a definition in a message: definitions are the administrator's own words, never an item's. */
function shown(raw: Raw | undefined): string {
  const value = valueOf(raw);
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, shownMax) : 'none';
}
