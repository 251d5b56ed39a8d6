// find: documents in batches behind a cursor.

import { collectionOf, namespaceOfCall, type Call, type Operation } from '../call.ts';
import { openCursor } from '../cursor-reply.ts';
import { findArguments, findOf, sourceOfFind } from '../query.ts';
import { listSource } from '../source.ts';

export const find: Operation = {
  arguments: findArguments,
  run: (call: Call) => {
    const { args } = call;
    const namespace = namespaceOfCall(call);
    const wanted = findOf(call, namespace, args);
    const container = collectionOf(call, namespace);
    const source = container === undefined ? listSource([]) : sourceOfFind(call, container, wanted).source;
    return openCursor(call, namespace.text, source, {
      batchSize: args.count('batchSize'),
      singleBatch: args.boolean('singleBatch'),
      noTimeout: args.boolean('noCursorTimeout'),
    });
  },
};
