// listCollections: what a database consists of.

import { BinarySubtype } from '../../../model/bson/types.ts';
import { writeUint32BE } from '../../../model/bytes.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import type { ContainerRecord } from '../../../model/resource.ts';
import type { Operation } from '../call.ts';
import { batchSizeOf, openCursor } from '../cursor-reply.ts';
import { checkDatabaseName, isCollectionName } from '../namespace.ts';
import { Filter } from '../selection.ts';
import { listSource } from '../source.ts';

/** A number of a container as a UUID of its own making (RFC 9562, version 8). */
function uuidOf({ number, databaseNumber }: ContainerRecord): Uint8Array {
  const bytes = new Uint8Array(16);
  writeUint32BE(bytes, 0, databaseNumber);
  bytes[6] = 0x80;
  bytes[8] = 0x80;
  writeUint32BE(bytes, 12, number);
  return bytes;
}

function writeIdIndex(writer: BsonWriter): void {
  writer.int32('v', 2).beginObject('key').int32('_id', 1).end().string('name', '_id_');
}

function collectionDocument(container: ContainerRecord): Uint8Array {
  const writer = new BsonWriter(256).beginDocument().string('name', container.id).string('type', 'collection');
  writer.beginObject('options').end();
  writer.beginObject('info').boolean('readOnly', false).binary('uuid', BinarySubtype.uuid, uuidOf(container)).end();
  writer.beginObject('idIndex');
  writeIdIndex(writer);
  return writer.end().end().finish();
}

function nameDocument(container: ContainerRecord): Uint8Array {
  return new BsonWriter(96).beginDocument().string('name', container.id).string('type', 'collection').end().finish();
}

export const listCollections: Operation = {
  arguments: new Set(['listCollections', 'filter', 'nameOnly', 'authorizedCollections', 'cursor']),
  run: (call) => {
    const { args, request, engine } = call;
    checkDatabaseName(request.database);
    const filter = new Filter(args.document('filter'));
    const containers =
      engine.catalog.databaseOrNone(request.database) === undefined ? [] : engine.catalog.containers(request.database);
    const listed = containers.filter(({ id }) => isCollectionName(id));
    const documentOf = args.boolean('nameOnly') ? nameDocument : collectionDocument;
    const source = listSource(
      listed.filter((container) => filter.matches(collectionDocument(container))).map(documentOf),
    );
    return openCursor(call, `${request.database}.$cmd.listCollections`, source, { batchSize: batchSizeOf(call) });
  },
};
