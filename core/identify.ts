// Identity of an item from its body: id text and partition key values, by the profile of its container.
// Rules: data-model.md, "Identity". One place, so that a body read through any door names the same item.

import { DatabaseError } from '../model/errors.ts';
import { BsonType } from '../model/bson/types.ts';
import { findField, nameOf, textOfRaw } from '../model/bson/walk.ts';
import { idTextOf } from '../model/identity.ts';
import { partitionKeyOfItem } from '../model/partition-key.ts';
import type { PartitionKeyValue } from '../model/operation.ts';
import { isUnpartitioned, type ContainerRecord, type Profile } from '../model/resource.ts';

/** The field that carries the identity, by profile. */
export const idField: Readonly<Record<Profile, string>> = {
  documents: 'id',
  collection: '_id',
  table: 'RowKey',
  graph: 'id',
  relation: 'id',
};

const idNames: Readonly<Record<Profile, Uint8Array>> = {
  documents: nameOf(idField.documents),
  collection: nameOf(idField.collection),
  table: nameOf(idField.table),
  graph: nameOf(idField.graph),
  relation: nameOf(idField.relation),
};

/** Longest id text. Cosmos allows 1,023 characters, MongoDB any key up to the item's size; one bound for all. */
export const idBytesMax = 4096;

export function idOf(container: ContainerRecord, body: Uint8Array): string {
  const name = idField[container.profile];
  const value = findField(body, 0, idNames[container.profile]);
  if (value === undefined) throw new DatabaseError('BadRequest', `the item has no '${name}'`, { argument: name });
  if (container.profile === 'collection') {
    const id = idTextOf(value);
    if (id.length > idBytesMax)
      throw new DatabaseError('TooLarge', `'${name}' exceeds ${idBytesMax} bytes`, { argument: name });
    return id;
  }
  if (value.type !== BsonType.string)
    throw new DatabaseError('BadRequest', `'${name}' must be a string`, { argument: name });
  if (value.end - value.start > idBytesMax)
    throw new DatabaseError('TooLarge', `'${name}' exceeds ${idBytesMax} bytes`, { argument: name });
  return textOfRaw(value);
}

export function partitionKeyOf(container: ContainerRecord, body: Uint8Array): PartitionKeyValue {
  if (isUnpartitioned(container)) return [];
  return partitionKeyOfItem(container.partitionKey, body);
}
