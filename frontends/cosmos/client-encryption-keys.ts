// Client encryption keys of a database: data keys that clients made and wrapped with a key that the server never sees.
// The server keeps what it is given; the policy of a container names the keys that encrypt its paths.
// Source: ClientEncryptionKeyProperties and ClientEncryptionPolicy of the .NET and Java SDKs.

import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, fieldOf, type Raw, textOfRaw } from '../../model/bson/walk.ts';
import { badRequest } from '../../model/errors.ts';
import { parsePath, type PartitionKeyDefinition } from '../../model/partition-key.ts';
import { formatResourceId } from '../../model/resource-id.ts';
import { valueOf } from '../../model/value.ts';
import { databaseOf, type Call } from './call.ts';
import { withoutSystem, type ChildResource } from './child-resource.ts';
import { ridOfDatabase, selfOfDatabase } from './links.ts';

/** Bytes of a wrapped key as base64: what RSA-4096 gives is a fraction of it. */
const wrappedKeyCharactersMax = 8192;

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export const clientEncryptionKeys: ChildResource = {
  type: 'clientEncryptionKey',
  segment: 'clientencryptionkeys',
  feed: 'ClientEncryptionKeys',
  noun: 'client-encryption-key',
  ownerOf: (call) => {
    const database = databaseOf(call);
    return {
      owner: { kind: 'database', number: database.number },
      rid: ridOfDatabase(database),
      self: selfOfDatabase(database),
    };
  },
  ridOf: (_call, { owner }, number) =>
    formatResourceId({ kind: 'clientEncryptionKey', database: owner.number, number }),
  accept: (_call, body, before) => {
    const algorithm = textIn(body, 'encryptionAlgorithm');
    const wrapped = textIn(body, 'wrappedDataEncryptionKey');
    if (wrapped.length > wrappedKeyCharactersMax || !base64.test(wrapped))
      throw badRequest('wrappedDataEncryptionKey must be base64', 'wrappedDataEncryptionKey');
    const metadata = fieldOf(body, 'keyWrapMetadata');
    if (metadata?.type !== BsonType.object) throw missing('keyWrapMetadata');
    for (const name of ['type', 'name', 'value', 'algorithm']) {
      const part = fieldOf(metadata.slice(), name);
      if (part !== undefined && part.type !== BsonType.string && part.type !== BsonType.null)
        throw badRequest(`keyWrapMetadata.${name} must be a text`, 'keyWrapMetadata');
    }
    // A rewrap changes who can unwrap the key, not what it encrypted.
    if (before !== undefined && textIn(before.body, 'encryptionAlgorithm') !== algorithm)
      throw badRequest('the encryptionAlgorithm of a key cannot change', 'encryptionAlgorithm');
    if (before !== undefined && textIn(body, 'id') !== before.id)
      throw badRequest('the id of a key cannot change', 'id');
    return withoutSystem(body);
  },
};

function missing(name: string): Error {
  return badRequest(`The input content is invalid because the required properties - '${name}; ' - are missing`, name);
}

function textIn(body: Uint8Array, name: string): string {
  const raw = fieldOf(body, name);
  if (raw?.type !== BsonType.string || textOfRaw(raw) === '') throw missing(name);
  return textOfRaw(raw);
}

const policyField = 'clientEncryptionPolicy';
const algorithms = ['AEAD_AES_256_CBC_HMAC_SHA256'];
const encryptionTypes = ['Deterministic', 'Randomized'];

/** Throws BadRequest when a container's policy is not one, or names no key of its database. */
export function checkEncryptionPolicy(
  call: Call,
  raw: Raw | undefined,
  partitionKey: PartitionKeyDefinition | undefined,
): void {
  if (raw === undefined || raw.type === BsonType.null) return;
  if (raw.type !== BsonType.object) throw badRequest(`${policyField} must be an object`, policyField);
  const policy = raw.slice();
  const version = valueOf(fieldOf(policy, 'policyFormatVersion'));
  if (version !== 1 && version !== 2)
    throw badRequest(`${policyField}.policyFormatVersion must be 1 or 2`, 'policyFormatVersion');
  const paths = fieldOf(policy, 'includedPaths');
  if (paths?.type !== BsonType.array)
    throw badRequest(`${policyField}.includedPaths must be an array`, 'includedPaths');
  const owner = { kind: 'database', number: databaseOf(call).number } as const;
  const seen = new Set<string>();
  const cursor = new ElementCursor(paths.bytes, paths.start);
  while (cursor.next()) {
    if (cursor.type !== BsonType.object) throw badRequest('an included path must be an object', 'includedPaths');
    const entry = cursor.raw().slice();
    const path = textIn(entry, 'path');
    if (path[0] !== '/' || path.length < 2 || path.indexOf('/', 1) > 0)
      throw badRequest('only paths of the top level can be encrypted, and they begin with "/"', 'path');
    if (seen.has(path)) throw badRequest('the same path stands twice', 'path');
    seen.add(path);
    const type = textIn(entry, 'encryptionType');
    if (!encryptionTypes.includes(type))
      throw badRequest(`encryptionType must be one of ${encryptionTypes.join(', ')}`, 'encryptionType');
    if (!algorithms.includes(textIn(entry, 'encryptionAlgorithm')))
      throw badRequest(`encryptionAlgorithm must be ${algorithms.join(', ')}`, 'encryptionAlgorithm');
    if (isIdentity(path, partitionKey) && (version < 2 || type !== 'Deterministic'))
      throw badRequest('the id and the partition key need policyFormatVersion 2 and Deterministic encryption', 'path');
    const key = textIn(entry, 'clientEncryptionKeyId');
    if (call.engine.catalog.childOrNone(owner, 'clientEncryptionKey', key) === undefined)
      throw badRequest(`there is no client encryption key of that id in the database`, 'clientEncryptionKeyId');
  }
}

function isIdentity(path: string, partitionKey: PartitionKeyDefinition | undefined): boolean {
  const name = path.slice(1);
  return name === 'id' || (partitionKey?.paths ?? []).some((each) => parsePath(each)[0] === name);
}
