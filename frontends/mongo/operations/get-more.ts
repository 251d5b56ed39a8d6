// getMore: the next batch of a cursor.

import { BsonType } from '../../../model/bson/types.ts';
import { readInt64 } from '../../../model/bytes.ts';
import { typeNameOf } from '../bson-input.ts';
import { collectionOf, ownerOf, type Call, type Operation } from '../call.ts';
import { continueCursor } from '../cursor-reply.ts';
import { MongoError, typeMismatch } from '../errors.ts';
import { checkedNamespace } from '../namespace.ts';

export const getMore: Operation = {
  arguments: new Set(['getMore', 'collection', 'batchSize', 'term', 'lastKnownCommittedOpTime']),
  run: (call: Call) => {
    const { args, request } = call;
    const id = args.required('getMore');
    if (id.type !== BsonType.int64)
      throw typeMismatch(
        `BSON field 'getMore.getMore' is the wrong type '${typeNameOf(id.type)}', expected type 'long'`,
      );
    const collection = args.string('collection');
    if (collection === undefined)
      throw new MongoError(40414, "BSON field 'getMore.collection' is missing but a required field");
    const namespace = checkedNamespace(request.database, collection);
    const batchSize = args.count('batchSize');
    // Refused before the cursor is taken: it can be asked again.
    const container = collectionOf(call, namespace);
    if (container !== undefined) call.engine.throughput.admitAll(container.partitions);
    const cursor = call.shared.cursors.take(readInt64(id.bytes, id.start), namespace.text, ownerOf(call));
    return continueCursor(call, cursor, batchSize);
  },
};
