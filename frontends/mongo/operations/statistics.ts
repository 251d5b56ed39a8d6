// collStats, dbStats: sizes of what is stored.

import { declaredIndexesOf } from '../../../core/declared-index.ts';
import type { BsonWriter } from '../../../model/bson/write.ts';
import { truthOf, numberOf, isNumber } from '../bson-input.ts';
import { collectionOf, namespaceOfCall, type Call, type Operation } from '../call.ts';
import { sizesOf, type Sizes } from '../counting.ts';
import { badValue } from '../errors.ts';
import { checkDatabaseName } from '../namespace.ts';

function scaleOf({ args }: Call): number {
  const value = args.get('scale');
  if (value === undefined || !truthOf(value)) return 1;
  const scale = isNumber(value) ? Math.trunc(numberOf(value)) : NaN;
  if (!(scale >= 1)) throw badValue('scale has to be a number of at least 1');
  return scale;
}

function writeSizes(writer: BsonWriter, { documents, bytes }: Sizes, scale: number): void {
  const scaled = Math.floor(bytes / scale);
  writer.double('avgObjSize', documents === 0 ? 0 : bytes / documents).double('storageSize', scaled);
  writer.int32('scaleFactor', scale);
}

export const collStats: Operation = {
  arguments: new Set(['collStats', 'collstats', 'scale', 'queryExecStats']),
  run: (call) => {
    const namespace = namespaceOfCall(call);
    const scale = scaleOf(call);
    const container = collectionOf(call, namespace);
    const sizes = container === undefined ? { documents: 0, bytes: 0 } : sizesOf(call, container);
    return {
      fields: (writer) => {
        writer
          .string('ns', namespace.text)
          .double('size', Math.floor(sizes.bytes / scale))
          .int32('count', sizes.documents);
        writeSizes(writer, sizes, scale);
        writer
          .double('freeStorageSize', 0)
          .boolean('capped', false)
          .int32('nindexes', container === undefined ? 0 : declaredIndexesOf(container).length + 1);
        writer.double('totalIndexSize', 0).double('totalSize', Math.floor(sizes.bytes / scale));
        writer.beginObject('indexSizes').end().boolean('sharded', false);
      },
    };
  },
};

export const dbStats: Operation = {
  arguments: new Set(['dbStats', 'dbstats', 'scale', 'freeStorage']),
  run: (call) => {
    const { database } = call.request;
    checkDatabaseName(database);
    const scale = scaleOf(call);
    const { catalog } = call.engine;
    const containers = catalog.databaseOrNone(database) === undefined ? [] : catalog.containers(database);
    let documents = 0;
    let bytes = 0;
    for (const container of containers) {
      const sizes = sizesOf(call, container);
      documents += sizes.documents;
      bytes += sizes.bytes;
    }
    return {
      fields: (writer) => {
        writer.string('db', database).int64('collections', BigInt(containers.length)).int64('views', 0n);
        writer.int64('objects', BigInt(documents)).double('dataSize', Math.floor(bytes / scale));
        writeSizes(writer, { documents, bytes }, scale);
        writer
          .int64('indexes', BigInt(containers.length))
          .double('indexSize', 0)
          .double('totalSize', Math.floor(bytes / scale));
      },
    };
  },
};
