// What a body that comes in says of itself, what is stored of it, and what a record says of it later.

import type { VersionFacts } from '../indexer/fact-terms.ts';
import { fieldOf, textOfRaw } from '../model/bson/walk.ts';
import { DatabaseError } from '../model/errors.ts';
import { secondsOf } from '../model/hybrid-time.ts';
import type { Item, PartitionKeyValue, WriteView } from '../model/operation.ts';
import { checkEntity } from '../model/edm-rules.ts';
import { entityOfSql, sqlIdOfEntity, withEdmTypes } from '../model/entity-sql-view.ts';
import { haveSameParts, partitionKeyText } from '../model/partition-key.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { mergeView } from '../model/view.ts';
import { adoptCollectionBody, sqlIdOf } from './adopt.ts';
import { idOf, partitionKeyOf } from './identify.ts';
import { bodyOf, RecordKind, type RecordHeader } from '../model/record.ts';
import type { ItemIdentity } from './staged-versions.ts';

/**
 * The bytes to store for an incoming body: a write through another view than the stored one is a diff. Throws
 * BadRequest for what the container's profile cannot hold.
 */
export function storedForm(
  container: ContainerRecord,
  identity: ItemIdentity,
  current: Item | undefined,
  incoming: Uint8Array,
  view: WriteView,
): Uint8Array {
  if (view === 'exact') return checkedForm(container, current?.body, incoming);
  const body = adopted(container, identity, current, incoming);
  const merged = current === undefined ? body : mergeView(current.body, body);
  const stored =
    container.profile === 'table' ? checkedForm(container, current?.body, withEdmTypes(merged, current?.body)) : merged;
  if (idOf(container, stored) !== identity.id)
    throw new DatabaseError('BadRequest', "'id' and '_id' name different items", { argument: '_id' });
  return stored;
}

/** The incoming body in terms of the stored form, where the SQL view shows the identity under another name. */
function adopted(
  container: ContainerRecord,
  { id }: ItemIdentity,
  current: Item | undefined,
  incoming: Uint8Array,
): Uint8Array {
  if (container.profile === 'collection') return adoptCollectionBody(incoming, id, current?.body);
  return container.profile === 'table' ? entityOfSql(incoming, id, current?.body) : incoming;
}

/** The bytes that are to be stored. Throws BadRequest when the container's profile cannot hold them. */
export function checkedForm(container: ContainerRecord, stored: Uint8Array | undefined, body: Uint8Array): Uint8Array {
  if (container.profile === 'table') checkEntity(body, stored);
  return body;
}

/** The id text of a body that came in through that view. */
function incomingIdOf(container: ContainerRecord, body: Uint8Array, view: WriteView): string {
  if (view === 'sql' && container.profile === 'collection') return sqlIdOf(body);
  return view === 'sql' && container.profile === 'table' ? sqlIdOfEntity(body) : idOf(container, body);
}

/** The identity in a body; a key or id that the protocol gives beside it must agree. */
export function identityOf(
  container: ContainerRecord,
  body: Uint8Array,
  view: WriteView,
  partitionKey: PartitionKeyValue | undefined,
  id: string | undefined,
): ItemIdentity {
  const own = incomingIdOf(container, body, view);
  if (id !== undefined && id !== own)
    throw new DatabaseError('BadRequest', 'the id in the body differs from the id in the address', {
      argument: 'id',
    });
  const parts = partitionKeyOf(container, body);
  const key = partitionKeyText(parts);
  if (partitionKey !== undefined && !haveSameParts(partitionKey, parts) && partitionKeyText(partitionKey) !== key)
    throw new DatabaseError('PartitionKeyMismatch', 'the partition key given differs from the one in the item', {
      argument: 'partitionKey',
    });
  return { id: own, key };
}

/** What a record says of the item that it is about, as the index keeps it. */
export function factsOfRecord(container: ContainerRecord, header: RecordHeader, record: Uint8Array): VersionFacts {
  const { id, key } = identityOfRecord(container, header, record);
  const { created, ttlSeconds, hybridTime } = header;
  return { id, key, created, seconds: secondsOf(hybridTime), ttlSeconds };
}

/** The identity of the item that a record is about. */
export function identityOfRecord(container: ContainerRecord, header: RecordHeader, record: Uint8Array): ItemIdentity {
  const body = bodyOf(record);
  if (header.kind === RecordKind.delete)
    return { id: textOfRaw(fieldOf(body, 'id')!), key: textOfRaw(fieldOf(body, 'key')!) };
  return { id: idOf(container, body), key: partitionKeyText(partitionKeyOf(container, body)) };
}
