// findAndModify: changes or removes the first document in the order given, and answers it as it was or is.

import type { BsonWriter } from '../../../model/bson/write.ts';
import type { Raw } from '../../../model/bson/walk.ts';
import { commandScope } from '../aggregate/command.ts';
import type { Scope } from '../aggregate/scope.ts';
import { requireSimpleCollation } from '../arguments.ts';
import { namespaceOfCall, writableCollectionOf, type Call, type Operation, type Reply } from '../call.ts';
import { updateFirst, updateRequest } from '../change.ts';
import { editOne } from '../edit.ts';
import { failedToParse } from '../errors.ts';
import type { Namespace } from '../namespace.ts';
import { parseProjection, type Projection } from '../projection.ts';
import { ownBytes, withRetries } from '../retry.ts';
import { hintOf, type NaturalHint } from '../hint.ts';
import { Filter } from '../selection.ts';
import type { Outcome } from '../sessions.ts';
import { parseSort, type Sort } from '../sort.ts';
import { withWriteConcern } from '../write-reply.ts';

const noFields = new Uint8Array([5, 0, 0, 0, 0]);

async function run(call: Call): Promise<Reply> {
  const { args } = call;
  const namespace = namespaceOfCall(call);
  requireSimpleCollation(args);
  const natural = hintOf(call, namespace, args);
  const remove = args.boolean('remove');
  const update = args.get('update');
  const wantsNew = args.boolean('new');
  const upsert = args.boolean('upsert');
  if (remove && update !== undefined) throw failedToParse('Cannot specify both an update and remove=true');
  if (remove && upsert) throw failedToParse('Cannot specify both upsert=true and remove=true');
  if (remove && wantsNew)
    throw failedToParse("Cannot specify both new=true and remove=true; 'remove' always returns the deleted document");
  if (!remove && update === undefined) throw failedToParse('Either an update or remove=true must be specified');
  const query = args.document('query') ?? noFields;
  const scope = commandScope(call, args);
  const sortSpec = args.document('sort');
  const sort = sortSpec === undefined ? undefined : parseSort(sortSpec);
  const fields = args.document('fields');
  const projection = fields === undefined ? undefined : parseProjection(fields, { scope, stage: false });
  return withRetries(call, async (statements) => {
    let outcome = statements.recall(0);
    if (outcome === undefined) {
      outcome = remove
        ? await removeFirst(call, namespace, new Filter(query, natural, scope), sort, projection)
        : await modifyFirst(call, namespace, scope, query, update!, sort, upsert, natural, wantsNew, projection);
      statements.record(0, outcome);
    }
    return withWriteConcern(call, replyFields(outcome, remove));
  });
}

async function removeFirst(
  call: Call,
  namespace: Namespace,
  filter: Filter,
  sort: Sort | undefined,
  projection: Projection | undefined,
): Promise<Outcome> {
  const container = writableCollectionOf(call, namespace);
  const edited = container && (await editOne(call, container, filter, sort, () => 'delete'));
  if (edited === undefined) return { matched: 0, modified: 0 };
  return { matched: 1, modified: 0, value: projected(edited.before, edited.before, filter, projection) };
}

async function modifyFirst(
  call: Call,
  namespace: Namespace,
  scope: Scope,
  query: Uint8Array,
  update: Raw,
  sort: Sort | undefined,
  upsert: boolean,
  natural: NaturalHint | undefined,
  wantsNew: boolean,
  projection: Projection | undefined,
): Promise<Outcome> {
  const request = updateRequest(scope, query, update, call.args.array('arrayFilters') ?? [], sort, upsert, natural);
  const updated = await updateFirst(call, namespace, request);
  if (updated.kind === 'none') return { matched: 0, modified: 0 };
  if (updated.kind === 'inserted') {
    const { document } = updated;
    const value = wantsNew ? projected(document, document, request.filter, projection) : undefined;
    return { matched: 1, modified: 0, upserted: ownBytes(updated.id), value };
  }
  const { before, after } = updated.edited;
  return { matched: 1, modified: 1, value: projected(wantsNew ? after! : before, before, request.filter, projection) };
}

/** What is shown of a document. A positional `$` stands for the position that matched before the change. */
function projected(
  shown: Uint8Array,
  matched: Uint8Array,
  filter: Filter,
  projection: Projection | undefined,
): Uint8Array {
  if (projection === undefined) return shown;
  return projection.project(shown, projection.needsPosition ? filter.position(matched) : -1);
}

function replyFields({ matched, upserted, value }: Outcome, removed: boolean): (writer: BsonWriter) => void {
  return (writer) => {
    writer.beginObject('lastErrorObject').int32('n', matched);
    if (!removed) writer.boolean('updatedExisting', matched > 0 && upserted === undefined);
    if (upserted !== undefined) writer.raw('upserted', upserted);
    writer.end();
    if (value === undefined) writer.null('value');
    else writer.document('value', value);
  };
}

export const findAndModify: Operation = {
  arguments: new Set([
    'findAndModify',
    'findandmodify',
    'arrayFilters',
    'bypassDocumentValidation',
    'bypassEmptyTsReplacement',
    'collation',
    'fields',
    'hint',
    'let',
    'new',
    'query',
    'remove',
    'sort',
    'update',
    'upsert',
  ]),
  run,
};
