// A container's definition as clients send it: checked, its defaults filled in, and cut into what core must know
// (partition key) and what it keeps unread (settings). Source: "Create a collection" of the REST reference and the
// pages on indexing policies and hierarchical partition keys.

import { keptFields } from '../../core/door-settings.ts';
import { offerField } from '../../core/offer.ts';
import { bsonOfJson } from '../../model/bson/json-read.ts';
import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, fieldOf, type Raw, textOfRaw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { badRequest, DatabaseError } from '../../model/errors.ts';
import { parsePath, partitionKeyPathsMax, type PartitionKeyDefinition } from '../../model/partition-key.ts';
import { valueOf } from '../../model/value.ts';
import { readComputed } from './container-schema.ts';
import { headerOf, type CosmosRequest } from './decode.ts';
import { writeConflictPolicy, writeFixed } from './fixed-policies.ts';
import { checkGeospatialConfig, geographyName, geospatialConfigField } from './geospatial-config.ts';
import {
  autoscaleMin,
  autoscaleStep,
  autoscaleThroughput,
  manualMin,
  manualStep,
  manualThroughput,
  type Autoscale,
} from './offers.ts';
import { checkSearchPolicies } from './search-policies.ts';
import { checkSameUniqueKeys, uniqueKeyPolicyField, uniqueKeyPolicyIn } from './unique-key-policy.ts';

/** Characters in the id of a database or container. */
const nameCharactersMax = 255;

/** The most RU/s, in the service without asking support. */
const throughputMax = 1_000_000;

/** Settings that are kept and shown as they were given. */
const keptNames = [
  'defaultTtl',
  'analyticalStorageTtl',
  'computedProperties',
  'vectorEmbeddingPolicy',
  'fullTextPolicy',
  'changeFeedPolicy',
  geospatialConfigField,
  'clientEncryptionPolicy',
  'materializedViewDefinition',
] as const;

export interface ContainerDefinition {
  readonly id: string;
  /** Absent: made without a partition key. */
  readonly partitionKey: PartitionKeyDefinition | undefined;
  readonly settings: Uint8Array;
}

/** The id of a database or container in a body. */
export function nameIn(body: Uint8Array): string {
  const raw = fieldOf(body, 'id');
  const id = raw?.type === BsonType.string ? textOfRaw(raw) : '';
  if (id === '' || id.length > nameCharactersMax || /[/\\#?\x00-\x1f]/.test(id) || id.endsWith(' '))
    throw badRequest(
      `The input name is invalid. Ensure to provide a unique non-empty string less than '${nameCharactersMax}' characters. ` +
        "It may not hold '/', '\\', '#', '?' or control characters, nor end with a blank.",
      'id',
    );
  return id;
}

/** The document that the body holds, for resources other than items. */
export function documentIn(request: CosmosRequest): Uint8Array {
  return bsonOfJson(request.body, { uniqueNames: ['id'] });
}

/** `before`: the settings that are replaced. */
export function containerDefinition(
  request: CosmosRequest,
  offer: Uint8Array | undefined,
  before?: Uint8Array,
): ContainerDefinition {
  const body = documentIn(request);
  checkSearchPolicies(body);
  const given = uniqueKeyPolicyIn(body);
  if (before !== undefined) checkSameUniqueKeys(before, given);
  const unique = given ?? (before && fieldOf(before, uniqueKeyPolicyField)?.slice());
  const writer = new BsonWriter().beginDocument();
  writeIndexingPolicy(writer, fieldOf(body, 'indexingPolicy'));
  for (const name of keptNames) {
    const raw = fieldOf(body, name);
    if (raw === undefined || raw.type === BsonType.null) continue;
    if (name === 'defaultTtl' || name === 'analyticalStorageTtl') checkTtl(name, raw);
    else if (name === 'computedProperties') readComputed(raw);
    else if (raw.type !== BsonType.object) throw badRequest(`${name} has the wrong type`, name);
    if (name === 'changeFeedPolicy') checkRetention(raw);
    if (name === geospatialConfigField) checkGeospatialConfig(raw);
    writer.raw(name, raw);
  }
  writeConflictPolicy(writer, body, before);
  if (before !== undefined) writeFixed(writer, body, before);
  if (fieldOf(body, geospatialConfigField) === undefined)
    writer.beginObject(geospatialConfigField).string('type', geographyName).end();
  if (unique !== undefined) writer.document(uniqueKeyPolicyField, unique);
  // What another door declared stays.
  for (const name of keptFields) {
    const declared = before && fieldOf(before, name);
    if (declared !== undefined) writer.raw(name, declared);
  }
  if (offer !== undefined) writer.document(offerField, offer);
  return { id: nameIn(body), partitionKey: partitionKeyIn(body), settings: writer.end().finish() };
}

/** Minutes for which a container shows all versions in its change feed; absent or 0: it shows only the latest. */
function checkRetention(policy: Raw): void {
  const value = valueOf(fieldOf(policy.slice(), 'retentionDuration')) ?? 0;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 2 ** 31 - 1)
    throw badRequest('changeFeedPolicy.retentionDuration must be a whole number of minutes', 'changeFeedPolicy');
}

function checkTtl(name: string, raw: Raw): void {
  const value = valueOf(raw);
  if (typeof value !== 'number' || !Number.isInteger(value) || value < -1 || value === 0 || value > 2 ** 31 - 1)
    throw badRequest(`The input ttl of ${name} is invalid. It must be -1 or a positive whole number.`, name);
}

/** The definition in a body, or undefined when it has none or names the form of containers without a key. */
function partitionKeyIn(body: Uint8Array): PartitionKeyDefinition | undefined {
  const raw = fieldOf(body, 'partitionKey');
  if (raw === undefined || raw.type === BsonType.null) return undefined;
  if (raw.type !== BsonType.object) throw badRequest('partitionKey must be an object', 'partitionKey');
  const given = raw.slice();
  if (valueOf(fieldOf(given, 'systemKey')) === true) return undefined;
  const paths = textsOf(fieldOf(given, 'paths'), 'partitionKey.paths');
  if (paths.length === 0) throw badRequest('The partition key definition must have a path.', 'partitionKey.paths');
  if (paths.length > partitionKeyPathsMax)
    throw badRequest(
      `Too many partition key paths: ${paths.length}. There are at most ${partitionKeyPathsMax}.`,
      'partitionKey.paths',
    );
  const kind = valueOf(fieldOf(given, 'kind')) ?? (paths.length > 1 ? 'MultiHash' : 'Hash');
  const version = versionIn(given) ?? (paths.length > 1 ? 2 : 1);
  if (kind !== 'Hash' && kind !== 'MultiHash')
    throw badRequest('partitionKey.kind must be Hash or MultiHash', 'partitionKey.kind');
  if (version !== 1 && version !== 2) throw badRequest('partitionKey.version must be 1 or 2', 'partitionKey.version');
  if (kind === 'Hash' && paths.length > 1)
    throw badRequest('Several paths need the kind MultiHash.', 'partitionKey.kind');
  if (kind === 'MultiHash' && version === 1)
    throw badRequest('The kind MultiHash needs version 2.', 'partitionKey.version');
  for (const path of paths) {
    const segments = parsePath(path);
    if (segments.some((segment) => segment === '*' || segment === '[]'))
      throw badRequest('A partition key path cannot go through arrays.', 'partitionKey.paths');
  }
  if (new Set(paths).size !== paths.length) throw badRequest('The same path stands twice.', 'partitionKey.paths');
  return { paths, kind, version, ...(version === 1 && versionIn(given) === 1 ? { versionStated: true } : {}) };
}

/** A number; Java's client writes `V1` and `V2`. */
function versionIn(given: Uint8Array): unknown {
  const value = valueOf(fieldOf(given, 'version'));
  return value === 'V1' ? 1 : value === 'V2' ? 2 : value;
}

function textsOf(raw: Raw | undefined, argument: string): string[] {
  if (raw === undefined || raw.type !== BsonType.array) throw badRequest(`${argument} must be an array`, argument);
  const cursor = new ElementCursor(raw.bytes, raw.start);
  const texts: string[] = [];
  while (cursor.next()) {
    if (cursor.type !== BsonType.string) throw badRequest(`${argument} must hold strings`, argument);
    texts.push(textOfRaw(cursor.raw()));
  }
  return texts;
}

const indexingModes = ['consistent', 'lazy', 'none'];

/** The policy with the service's defaults: consistent, automatic, every path but the ETag. */
function writeIndexingPolicy(writer: BsonWriter, raw: Raw | undefined): void {
  if (raw !== undefined && raw.type !== BsonType.object)
    throw badRequest('indexingPolicy must be an object', 'indexingPolicy');
  const given = raw?.slice();
  const field = (name: string): Raw | undefined => (given === undefined ? undefined : fieldOf(given, name));
  const mode = valueOf(field('indexingMode')) ?? 'consistent';
  if (typeof mode !== 'string' || !indexingModes.includes(mode.toLowerCase()))
    throw badRequest('indexingPolicy.indexingMode must be consistent, lazy or none', 'indexingPolicy.indexingMode');
  writer.beginObject('indexingPolicy').string('indexingMode', mode.toLowerCase());
  const isNone = mode.toLowerCase() === 'none';
  // Whatever was given: the service has no other combinations left, and shows what it does.
  writer.boolean('automatic', !isNone);
  writePaths(writer, 'includedPaths', field('includedPaths'), isNone ? [] : ['/*'], undefined);
  writePaths(writer, 'excludedPaths', field('excludedPaths'), [], isNone ? undefined : '/"_etag"/?');
  if (given !== undefined) {
    const cursor = new ElementCursor(given);
    while (cursor.next()) {
      const name = cursor.name();
      if (!['indexingMode', 'automatic', 'includedPaths', 'excludedPaths'].includes(name))
        writer.raw(name, cursor.raw());
    }
  }
  writer.end();
}

/** The given entries, or `fallback`; and `always`, unless it is among them. */
function writePaths(
  writer: BsonWriter,
  name: string,
  raw: Raw | undefined,
  fallback: readonly string[],
  always: string | undefined,
): void {
  writer.beginArray(name);
  const seen = new Set<string>();
  if (raw === undefined) for (const path of fallback) writer.beginObject('').string('path', path).end();
  else {
    if (raw.type !== BsonType.array) throw badRequest(`indexingPolicy.${name} must be an array`, name);
    const cursor = new ElementCursor(raw.bytes, raw.start);
    while (cursor.next()) {
      const entry = cursor.raw();
      const path = entry.type === BsonType.object ? valueOf(fieldOf(entry.slice(), 'path')) : undefined;
      if (typeof path !== 'string' || !path.startsWith('/'))
        throw badRequest(`indexingPolicy.${name}: every entry needs a path that starts with "/"`, name);
      seen.add(path);
      // Kinds of index, of before there was one for all: the service takes them and shows none.
      writer.beginObject('').string('path', path).end();
    }
  }
  if (always !== undefined && !seen.has(always)) writer.beginObject('').string('path', always).end();
  writer.end();
}

/** The throughput asked for in the headers of a creation, as an offer's content. */
export function throughputOf(request: CosmosRequest): Uint8Array | undefined {
  const manual = headerOf(request, 'x-ms-offer-throughput');
  const autoscale = headerOf(request, 'x-ms-cosmos-offer-autopilot-settings');
  if (autoscale !== undefined) return autoscaleThroughput(autoscaleIn(bsonOfJson(Buffer.from(autoscale))));
  return manual === undefined ? undefined : manualThroughput(checkedManual(Number(manual)));
}

/** The throughput in the body of a replaced offer. */
export function throughputIn(offer: Uint8Array): Uint8Array {
  const content = fieldOf(offer, 'content');
  if (content?.type !== BsonType.object) throw badRequest('content must be an object', 'content');
  const settings = fieldOf(content.slice(), 'offerAutopilotSettings');
  if (settings?.type === BsonType.object) return autoscaleThroughput(autoscaleIn(settings.slice()));
  return manualThroughput(checkedManual(valueOf(fieldOf(content.slice(), 'offerThroughput'))));
}

function autoscaleIn(settings: Uint8Array): Autoscale {
  const maxThroughput = checkedAutoscale(valueOf(fieldOf(settings, 'maxThroughput')));
  const policy = objectIn(objectIn(settings, 'autoUpgradePolicy'), 'throughputPolicy');
  const percent = policy && valueOf(fieldOf(policy, 'incrementPercent'));
  if (percent === undefined || percent === null) return { maxThroughput, incrementPercent: undefined };
  if (typeof percent !== 'number' || !Number.isInteger(percent) || percent < 0)
    throw badRequest('incrementPercent must be a whole number that is not negative', 'autoUpgradePolicy');
  return { maxThroughput, incrementPercent: percent };
}

function objectIn(document: Uint8Array | undefined, name: string): Uint8Array | undefined {
  const raw = document && fieldOf(document, name);
  return raw?.type === BsonType.object ? raw.slice() : undefined;
}

function invalidThroughput(least: number, step: number): string {
  return `The offer should have valid throughput values between ${least} and ${throughputMax} inclusive in increments of ${step}.`;
}

function checkedManual(value: unknown): number {
  if (
    typeof value !== 'number' ||
    !Number.isInteger(value) ||
    value < manualMin ||
    value > throughputMax ||
    value % manualStep !== 0
  )
    throw badRequest(invalidThroughput(manualMin, manualStep), 'x-ms-offer-throughput');
  return value;
}

function checkedAutoscale(value: unknown): number {
  if (typeof value === 'number' && value < autoscaleMin)
    throw badRequest(
      `Requested throughput ${value} is less than required minimum throughput ${autoscaleMin}.`,
      'x-ms-cosmos-offer-autopilot-settings',
    );
  if (typeof value !== 'number' || value > throughputMax || value % autoscaleStep !== 0)
    throw badRequest(invalidThroughput(autoscaleMin, autoscaleStep), 'x-ms-cosmos-offer-autopilot-settings');
  return value;
}

/** What a replacement may not change. */
export function checkUnchanged(before: PartitionKeyDefinition, after: PartitionKeyDefinition | undefined): void {
  if (after === undefined) {
    if (before.systemKey === true) return;
  } else if (before.paths.length === after.paths.length && before.paths.every((path, i) => path === after.paths[i]))
    return;
  throw new DatabaseError('BadRequest', 'Document collection partition key cannot be changed.', {
    argument: 'partitionKey',
  });
}
