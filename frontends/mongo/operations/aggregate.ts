// aggregate: the part of the pipeline that `pipeline.ts` offers, over one collection.

import { BsonType } from '../../../model/bson/types.ts';
import { Arguments, requireSimpleCollation } from '../arguments.ts';
import { collectionOf, namespaceOfCall, type Call, type Operation } from '../call.ts';
import { openCursor } from '../cursor-reply.ts';
import { failedToParse, MongoCode, MongoError } from '../errors.ts';
import { hintOf } from '../hint.ts';
import { applyStages, pipelineOf } from '../pipeline.ts';
import { Selection, selectionSource } from '../selection.ts';
import { listSource } from '../source.ts';

export const aggregate: Operation = {
  arguments: new Set([
    'aggregate',
    'allowDiskUse',
    'bypassDocumentValidation',
    'collation',
    'cursor',
    'explain',
    'hint',
    'let',
    'pipeline',
  ]),
  run: (call: Call) => {
    const { args } = call;
    const pipeline = pipelineOf(args.required('pipeline'));
    if (args.required('aggregate').type !== BsonType.string)
      throw new MongoError(
        MongoCode.CommandNotSupported,
        'aggregations without a collection are not supported by this server',
      );
    const namespace = namespaceOfCall(call);
    requireSimpleCollation(args);
    const natural = hintOf(call, namespace, args);
    if (args.boolean('explain'))
      throw new MongoError(MongoCode.NotImplemented, 'use the explain command instead of the option');
    const cursor = args.document('cursor');
    if (cursor === undefined)
      throw failedToParse("The 'cursor' option is required, except for aggregate with the explain argument");
    const batchSize = new Arguments('aggregate.cursor', cursor, new Set(['batchSize'])).count('batchSize');
    const container = collectionOf(call, namespace);
    const source =
      container === undefined
        ? listSource([])
        : selectionSource(
            new Selection(call, container, natural === undefined ? pipeline.head : pipeline.head.hinted(natural)),
          );
    return openCursor(call, namespace.text, applyStages(source, pipeline.stages), { batchSize });
  },
};
