// Databases, containers and partition key ranges as the documents that clients see (docs: the "Databases",
// "Collections" and "Partition key ranges" pages of the REST reference). BSON, so that one form serves
// answers and queries over them alike.

import { keptFields } from '../../core/door-settings.ts';
import { offerField } from '../../core/offer.ts';
import { jsonOfBson } from '../../model/bson/json-write.ts';
import { ElementCursor } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { etagOf } from '../../model/etag.ts';
import { secondsOf, type HybridTime } from '../../model/hybrid-time.ts';
import type { ContainerRecord, DatabaseRecord, PartitionRecord } from '../../model/resource.ts';
import { linksOfContainer, ridOfDatabase, ridOfRange, selfOfDatabase } from './links.ts';

/** Settings that are no part of the resource. */
const ownNames: readonly string[] = [offerField, ...keptFields];

function writeSystem(writer: BsonWriter, rid: string, self: string, time: HybridTime): BsonWriter {
  return writer.string('_rid', rid).string('_self', self).string('_etag', etagOf(time)).double('_ts', secondsOf(time));
}

export function databaseDocument(database: DatabaseRecord): Uint8Array {
  const writer = new BsonWriter().beginDocument().string('id', database.id);
  writeSystem(writer, ridOfDatabase(database), selfOfDatabase(database), database.time);
  return writer.string('_colls', 'colls/').string('_users', 'users/').end().finish();
}

export interface PartitionSize {
  readonly range: number;
  readonly bytes: number;
  readonly items: number;
}

export function containerDocument(container: ContainerRecord, sizes?: readonly PartitionSize[]): Uint8Array {
  const { rid, self } = linksOfContainer(container);
  const writer = new BsonWriter().beginDocument().string('id', container.id);
  const cursor = new ElementCursor(container.settings);
  while (cursor.next()) {
    const name = cursor.name();
    if (!ownNames.includes(name)) writer.raw(name, cursor.raw());
  }
  writePartitionKey(writer, container);
  writeSystem(writer, rid, self, container.time);
  if (sizes !== undefined) writeSizes(writer, sizes);
  return writer
    .string('_docs', 'docs/')
    .string('_sprocs', 'sprocs/')
    .string('_triggers', 'triggers/')
    .string('_udfs', 'udfs/')
    .string('_conflicts', 'conflicts/')
    .end()
    .finish();
}

/** The service samples the keys of a partition, too; here nothing is sampled. */
function writeSizes(writer: BsonWriter, sizes: readonly PartitionSize[]): void {
  writer.beginArray('statistics');
  for (const { range, bytes, items } of sizes) {
    writer
      .beginObject('')
      .string('id', String(range))
      .double('sizeInKB', Math.ceil(bytes / 1024));
    writer.double('documentCount', items).beginArray('partitionKeys').end().end();
  }
  writer.end();
}

function writePartitionKey(writer: BsonWriter, { partitionKey }: ContainerRecord): void {
  writer.beginObject('partitionKey').beginArray('paths');
  for (const path of partitionKey.paths) writer.string('', path);
  writer.end().string('kind', partitionKey.kind);
  // As in the service, version 1 is shown only to whom it was not left open: clients take none for it.
  if (partitionKey.version !== 1 || partitionKey.versionStated === true) writer.double('version', partitionKey.version);
  if (partitionKey.systemKey === true) writer.boolean('systemKey', true);
  writer.end();
}

export function rangeDocument(
  container: ContainerRecord,
  partition: PartitionRecord,
  lsn: number,
  status: 'online' | 'splitting' = 'online',
): Uint8Array {
  const rid = ridOfRange(container, partition);
  const writer = new BsonWriter().beginDocument().string('id', String(partition.range));
  writer.string('minInclusive', partition.minInclusive).string('maxExclusive', partition.maxExclusive);
  writer.double('ridPrefix', partition.range).double('throughputFraction', 1 / container.partitions.length);
  writer.string('status', status).beginArray('parents');
  for (const { range } of partition.origins) writer.string('', String(range));
  writer.end();
  writeSystem(writer, rid, `${linksOfContainer(container).self}pkranges/${rid}/`, container.time);
  return writer.double('_lsn', lsn).end().finish();
}

export function jsonOf(document: Uint8Array): Uint8Array {
  return jsonOfBson(document);
}
