// What a body that comes in says of itself, what is stored of it, and what a record says of it later.

import { fieldOf, textOfRaw } from '../model/bson/walk.ts';
import { DatabaseError } from '../model/errors.ts';
import type { Item, PartitionKeyValue, WriteView } from '../model/operation.ts';
import { partitionKeyText } from '../model/partition-key.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { mergeView } from '../model/view.ts';
import { adoptCollectionBody, sqlIdOf } from './adopt.ts';
import { idOf, partitionKeyOf } from './identify.ts';
import { bodyOf, RecordKind, type RecordHeader } from '../model/record.ts';
import type { ItemIdentity } from './staged-versions.ts';

/** The bytes to store for an incoming body: a write through another view than the stored one is a diff. */
export function storedForm(
  container: ContainerRecord,
  identity: ItemIdentity,
  current: Item | undefined,
  incoming: Uint8Array,
  view: WriteView,
): Uint8Array {
  if (view === 'exact') return incoming;
  const body =
    container.profile === 'collection' ? adoptCollectionBody(incoming, identity.id, current?.body) : incoming;
  const stored = current === undefined ? body : mergeView(current.body, body);
  if (idOf(container, stored) !== identity.id)
    throw new DatabaseError('BadRequest', "'id' and '_id' name different items", { argument: '_id' });
  return stored;
}

/** The identity in a body; a key or id that the protocol gives beside it must agree. */
export function identityOf(
  container: ContainerRecord,
  body: Uint8Array,
  view: WriteView,
  partitionKey: PartitionKeyValue | undefined,
  id: string | undefined,
): ItemIdentity {
  const own = view === 'sql' && container.profile === 'collection' ? sqlIdOf(body) : idOf(container, body);
  if (id !== undefined && id !== own)
    throw new DatabaseError('BadRequest', 'the id in the body differs from the id in the address', {
      argument: 'id',
    });
  const key = partitionKeyText(partitionKeyOf(container, body));
  if (partitionKey !== undefined && partitionKeyText(partitionKey) !== key)
    throw new DatabaseError('PartitionKeyMismatch', 'the partition key given differs from the one in the item', {
      argument: 'partitionKey',
    });
  return { id: own, key };
}

/** The identity of the item that a record is about. */
export function identityOfRecord(container: ContainerRecord, header: RecordHeader, record: Uint8Array): ItemIdentity {
  const body = bodyOf(record);
  if (header.kind === RecordKind.delete)
    return { id: textOfRaw(fieldOf(body, 'id')!), key: textOfRaw(fieldOf(body, 'key')!) };
  return { id: idOf(container, body), key: partitionKeyText(partitionKeyOf(container, body)) };
}
