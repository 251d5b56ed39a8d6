// aggregate: a pipeline over one collection, or over documents that it makes itself.

import { BsonType } from '../../../model/bson/types.ts';
import { commandScope } from '../aggregate/command.ts';
import { applyStages, pipelineOf, type CompiledPipeline } from '../aggregate/pipeline.ts';
import { tallySource } from '../aggregate/tally-source.ts';
import { Arguments, requireSimpleCollation } from '../arguments.ts';
import { collectionOf, namespaceOfCall, type Call, type Operation } from '../call.ts';
import { openCursor } from '../cursor-reply.ts';
import { failedToParse, inContext, MongoCode, MongoError } from '../errors.ts';
import { hintOf, type NaturalHint } from '../hint.ts';
import { checkedNamespace, type Namespace } from '../namespace.ts';
import { sourceOfFind } from '../query.ts';
import { listSource, type Source } from '../source.ts';

/** The namespace of a cursor over documents that no collection holds. */
const withoutCollection = '$cmd.aggregate';

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
    const namespace = namespaceOfAggregate(call);
    const pipeline = pipelineOf(args.required('pipeline'), {
      call,
      database: namespace.database,
      scope: commandScope(call, args),
      surrounding: 'top',
      level: 0,
    });
    requireSimpleCollation(args);
    const natural = hintOf(call, namespace, args);
    args.boolean('allowDiskUse');
    if (args.boolean('explain'))
      throw new MongoError(MongoCode.NotImplemented, 'use the explain command instead of the option');
    const cursor = args.document('cursor');
    if (cursor === undefined)
      throw failedToParse("The 'cursor' option is required, except for aggregate with the explain argument");
    const batchSize = new Arguments('aggregate.cursor', cursor, new Set(['batchSize'])).count('batchSize');
    return openCursor(call, namespace.text, explained(sourceOf(call, namespace, pipeline, natural)), { batchSize });
  },
};

function namespaceOfAggregate(call: Call): Namespace {
  const { args, request } = call;
  if (args.required('aggregate').type === BsonType.string) return namespaceOfCall(call);
  return checkedNamespace(request.database, withoutCollection);
}

function sourceOf(
  call: Call,
  namespace: Namespace,
  pipeline: CompiledPipeline,
  natural: NaturalHint | undefined,
): Source {
  const { stages, makesDocuments } = pipeline;
  const { filter } = pipeline.head;
  const head = { ...pipeline.head, filter: natural === undefined ? filter : filter.hinted(natural) };
  if (makesDocuments) return pipeline.open(() => listSource([]));
  if (namespace.collection === withoutCollection)
    throw new MongoError(
      MongoCode.InvalidNamespace,
      "{aggregate: 1} is not valid for a pipeline that does not begin with '$documents'; a collection name is needed.",
    );
  const container = collectionOf(call, namespace);
  if (container === undefined) return applyStages(listSource([]), stages);
  const selected = (): Source => sourceOfFind(call, container, { ...head, projection: undefined }).source;
  const { tally } = pipeline;
  if (tally === undefined) return applyStages(selected(), stages);
  const first = tallySource(call, container, head, tally, () => applyStages(selected(), stages.slice(0, 1)));
  return applyStages(first, stages.slice(1));
}

/** What fails while documents are made is told as MongoDB tells it. */
function explained(source: Source): Source {
  return {
    next: async (itemsMax, bytesMax, signal) => {
      try {
        return await source.next(itemsMax, bytesMax, signal);
      } catch (error) {
        throw inContext('PlanExecutor error during aggregation', error);
      }
    },
    get heldBytes() {
      return source.heldBytes;
    },
    close: () => source.close(),
  };
}
