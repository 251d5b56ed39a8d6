// Databases, containers, offers and partition key ranges as the documents that clients see (docs: the "Databases",
// "Collections", "Offers" and "Partition key ranges" pages of the REST reference). BSON, so that one form serves
// answers and queries over them alike.

import { jsonOfBson } from '../../model/bson/json-write.ts';
import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, fieldOf } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { etagOf } from '../../model/etag.ts';
import { secondsOf, type HybridTime } from '../../model/hybrid-time.ts';
import type { ContainerRecord, DatabaseRecord, PartitionRecord } from '../../model/resource.ts';
import { linksOfContainer, ridOfDatabase, ridOfOffer, ridOfRange, selfOfDatabase } from './links.ts';

/** Where a container's settings keep its throughput. Not part of what the container shows. */
export const offerField = 'offer';

/** RU/s of a container that was made without saying. */
export const throughputDefault = 400;

function writeSystem(writer: BsonWriter, rid: string, self: string, time: HybridTime): BsonWriter {
  return writer.string('_rid', rid).string('_self', self).string('_etag', etagOf(time)).double('_ts', secondsOf(time));
}

export function databaseDocument(database: DatabaseRecord): Uint8Array {
  const writer = new BsonWriter().beginDocument().string('id', database.id);
  writeSystem(writer, ridOfDatabase(database), selfOfDatabase(database), database.time);
  return writer.string('_colls', 'colls/').string('_users', 'users/').end().finish();
}

export function containerDocument(container: ContainerRecord): Uint8Array {
  const { rid, self } = linksOfContainer(container);
  const writer = new BsonWriter().beginDocument().string('id', container.id);
  const cursor = new ElementCursor(container.settings);
  while (cursor.next()) {
    const name = cursor.name();
    if (name !== offerField) writer.raw(name, cursor.raw());
  }
  writePartitionKey(writer, container);
  writeSystem(writer, rid, self, container.time);
  return writer
    .string('_docs', 'docs/')
    .string('_sprocs', 'sprocs/')
    .string('_triggers', 'triggers/')
    .string('_udfs', 'udfs/')
    .string('_conflicts', 'conflicts/')
    .end()
    .finish();
}

function writePartitionKey(writer: BsonWriter, { partitionKey }: ContainerRecord): void {
  writer.beginObject('partitionKey').beginArray('paths');
  for (const path of partitionKey.paths) writer.string('', path);
  writer.end().string('kind', partitionKey.kind).double('version', partitionKey.version);
  if (partitionKey.systemKey === true) writer.boolean('systemKey', true);
  writer.end();
}

export function rangeDocument(container: ContainerRecord, partition: PartitionRecord, lsn: number): Uint8Array {
  const rid = ridOfRange(container, partition);
  const writer = new BsonWriter().beginDocument().string('id', String(partition.range));
  writer.string('minInclusive', partition.minInclusive).string('maxExclusive', partition.maxExclusive);
  writer.double('ridPrefix', partition.range).double('throughputFraction', 1 / container.partitions.length);
  writer.string('status', 'online').beginArray('parents');
  for (const parent of partition.parents) writer.string('', String(parent));
  writer.end();
  writeSystem(writer, rid, `${linksOfContainer(container).self}pkranges/${rid}/`, container.time);
  return writer.double('_lsn', lsn).end().finish();
}

export function offerDocument(container: ContainerRecord): Uint8Array {
  const { rid, self } = linksOfContainer(container);
  const offerRid = ridOfOffer(container);
  const writer = new BsonWriter().beginDocument().string('id', offerRid);
  writer.string('offerVersion', 'V2').string('offerType', 'Invalid');
  const content = fieldOf(container.settings, offerField);
  if (content?.type === BsonType.object) writer.raw('content', content);
  else writer.document('content', manualThroughput(throughputDefault));
  writer.string('resource', self).string('offerResourceId', rid);
  return writeSystem(writer, offerRid, `offers/${offerRid}/`, container.time).end().finish();
}

export function manualThroughput(requestUnits: number): Uint8Array {
  return new BsonWriter().beginDocument().double('offerThroughput', requestUnits).end().finish();
}

/** Autoscale runs between a tenth of its maximum and the maximum; what is provisioned now is the tenth. */
export function autoscaleThroughput(requestUnitsMax: number): Uint8Array {
  return new BsonWriter()
    .beginDocument()
    .double('offerThroughput', requestUnitsMax / 10)
    .beginObject('offerAutopilotSettings')
    .double('maxThroughput', requestUnitsMax)
    .end()
    .end()
    .finish();
}

export function jsonOf(document: Uint8Array): Uint8Array {
  return jsonOfBson(document);
}
