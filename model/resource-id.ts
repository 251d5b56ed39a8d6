// Resource ids of Cosmos (`_rid`): bytes that name a resource by numbers, in base64 with `-` for `/`. A
// database has 4 bytes, a container or user 4 more, their children 8 more (protocol facts §3.2). SDKs keep
// session state by container ids, the .NET one takes ids apart; links of ids are accepted wherever names are.
//
//   0 … 3    database number, big-endian
//   4 … 7    container or user number, big-endian; the highest bit tells a container from a user
//   8 … 15   child: for an item the LSN of its first version (44 bits) and its partition (16 bits), for others
//            a number; bytes 8 … 12 its low 40 bits, little-endian; 13, 14 partition, big-endian; 15 the kind in
//            the upper half and the top 4 bits of the LSN in the lower. A client encryption key has no user:
//            bytes 4 … 7 are 0, 8 … 11 its number, little-endian, and byte 12 the kind (2)
//
// Invariant: one id, one spelling, and the other way round.

import { readUint32BE, writeUint32BE } from './bytes.ts';
import { assert } from './errors.ts';

/** Kinds of children of a container, as the service numbers them. */
export const childKinds = {
  item: 0x0,
  conflict: 0x4,
  partitionKeyRange: 0x5,
  userDefinedFunction: 0x6,
  trigger: 0x7,
  storedProcedure: 0x8,
} as const;
export type ChildKind = keyof typeof childKinds;

export type ResourceId =
  | { readonly kind: 'database'; readonly database: number }
  | { readonly kind: 'container'; readonly database: number; readonly container: number }
  | { readonly kind: 'user'; readonly database: number; readonly user: number }
  | { readonly kind: 'permission'; readonly database: number; readonly user: number; readonly number: number }
  | { readonly kind: 'clientEncryptionKey'; readonly database: number; readonly number: number }
  | {
      readonly kind: ChildKind;
      readonly database: number;
      readonly container: number;
      /** 0 for children that belong to no partition. */
      readonly partition: number;
      /** LSN of an item's first version; the number of another child. */
      readonly number: number;
    };

export const databaseNumberMax = 2 ** 32 - 1;
/** Containers and users share 32 bits, one of which tells them apart. */
export const containerNumberMax = 2 ** 31 - 1;
export const partitionNumberMax = 2 ** 16 - 1;
export const childNumberMax = 2 ** 44 - 1;

const clientEncryptionKeyNumberMax = 2 ** 32 - 1;

const containerBit = 0x80000000;
/** Byte 12 of a client encryption key's id. */
const clientEncryptionKeyKind = 2;
const two40 = 2 ** 40;

function isWithin(number: number, most: number): boolean {
  return Number.isInteger(number) && number >= 0 && number <= most;
}

function textOf(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('/', '-');
}

function writeChild(bytes: Buffer, kind: number, partition: number, number: number): void {
  assert(isWithin(partition, partitionNumberMax), 'a partition number fits 16 bits');
  assert(isWithin(number, childNumberMax), 'the number of a child resource fits 44 bits');
  bytes.writeUIntLE(number % two40, 8, 5);
  bytes.writeUInt16BE(partition, 13);
  bytes[15] = (kind << 4) | Math.floor(number / two40);
}

/** The id as text. */
export function formatResourceId(id: ResourceId): string {
  assert(isWithin(id.database, databaseNumberMax), 'a database number fits 32 bits');
  const bytes = Buffer.alloc(id.kind === 'database' ? 4 : id.kind === 'container' || id.kind === 'user' ? 8 : 16);
  writeUint32BE(bytes, 0, id.database);
  if (id.kind === 'database') return textOf(bytes);
  if (id.kind === 'clientEncryptionKey') {
    assert(isWithin(id.number, clientEncryptionKeyNumberMax), 'the number of a key fits 32 bits');
    bytes.writeUInt32LE(id.number, 8);
    bytes[12] = clientEncryptionKeyKind;
    return textOf(bytes);
  }
  const isContainer = id.kind !== 'user' && id.kind !== 'permission';
  const parent = isContainer ? id.container : id.user;
  assert(isWithin(parent, containerNumberMax), 'a container or user number fits 31 bits');
  writeUint32BE(bytes, 4, isContainer ? (parent | containerBit) >>> 0 : parent);
  if (id.kind === 'permission') {
    assert(id.user > 0, 'a permission belongs to a user');
    writeChild(bytes, 0, 0, id.number);
  }
  if (id.kind !== 'permission' && id.kind !== 'container' && id.kind !== 'user')
    writeChild(bytes, childKinds[id.kind], id.partition, id.number);
  return textOf(bytes);
}

const kindOfNumber = new Map<number, ChildKind>(
  Object.entries(childKinds).map(([kind, number]) => [number, kind as ChildKind]),
);

/** The id that a text says; undefined for every text that `formatResourceId` does not give. */
export function parseResourceId(text: string): ResourceId | undefined {
  if (text.length !== 8 && text.length !== 12 && text.length !== 24) return undefined;
  const bytes = Buffer.from(text.replaceAll('-', '/'), 'base64');
  // Each id has one spelling: padding, unused bits and the alphabet must be those that we write.
  if (textOf(bytes) !== text) return undefined;
  const database = readUint32BE(bytes, 0);
  if (bytes.length === 4) return { kind: 'database', database };
  if (bytes.length !== 8 && bytes.length !== 16) return undefined;
  const second = readUint32BE(bytes, 4);
  const isContainer = second >= containerBit;
  const parent = second % containerBit;
  if (bytes.length === 8)
    return isContainer ? { kind: 'container', database, container: parent } : { kind: 'user', database, user: parent };
  const number = bytes.readUIntLE(8, 5) + (bytes[15]! & 15) * two40;
  const partition = bytes.readUInt16BE(13);
  const kindNumber = bytes[15]! >> 4;
  if (!isContainer && parent === 0) {
    const isKey = bytes[12] === clientEncryptionKeyKind && partition === 0 && bytes[15] === 0;
    return isKey ? { kind: 'clientEncryptionKey', database, number: bytes.readUInt32LE(8) } : undefined;
  }
  if (!isContainer)
    return kindNumber === 0 && partition === 0 ? { kind: 'permission', database, user: parent, number } : undefined;
  const kind = kindOfNumber.get(kindNumber);
  return kind === undefined ? undefined : { kind, database, container: parent, partition, number };
}
