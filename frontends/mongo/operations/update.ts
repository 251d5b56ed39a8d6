// update: statements in order, each to the first document its filter selects or to all of them (`multi`).

import { BsonType } from '../../../model/bson/types.ts';
import type { Raw } from '../../../model/bson/walk.ts';
import { boundScope, commandScope } from '../aggregate/command.ts';
import type { Scope } from '../aggregate/scope.ts';
import { Arguments, requireSimpleCollation } from '../arguments.ts';
import { namespaceOfCall, type Call, type Operation, type Reply } from '../call.ts';
import { updateAll, updateFirst, updateRequest } from '../change.ts';
import { failedToParse, MongoError } from '../errors.ts';
import { hintOf } from '../hint.ts';
import type { Namespace } from '../namespace.ts';
import { ownBytes, withRetries } from '../retry.ts';
import type { Outcome } from '../sessions.ts';
import { parseSort } from '../sort.ts';
import { checkBatch, statementError, withWriteConcern, writeFailures, type WriteFailure } from '../write-reply.ts';

const statementFields = new Set([
  'q',
  'u',
  'c',
  'multi',
  'upsert',
  'upsertSupplied',
  'collation',
  'arrayFilters',
  'hint',
  'sort',
  'sampleId',
]);

async function run(call: Call): Promise<Reply> {
  const { args } = call;
  const namespace = namespaceOfCall(call);
  const { documents } = args.documents('updates');
  checkBatch(documents.length);
  const ordered = args.boolean('ordered', true);
  const scope = commandScope(call, args);
  return withRetries(call, async (statements) => {
    const failures: WriteFailure[] = [];
    const upserted: { readonly index: number; readonly id: Raw }[] = [];
    let matched = 0;
    let modified = 0;
    for (const [index, statement] of documents.entries()) {
      try {
        let outcome = statements.recall(index);
        if (outcome === undefined) {
          outcome = await updateStatement(call, namespace, scope, statement);
          statements.record(index, outcome);
        }
        matched += outcome.matched;
        modified += outcome.modified;
        if (outcome.upserted !== undefined) upserted.push({ index, id: outcome.upserted });
      } catch (error) {
        failures.push({ index, error: statementError(error) });
        if (ordered) break;
      }
    }
    return withWriteConcern(call, (writer) => {
      writer.int32('n', matched).int32('nModified', modified);
      if (upserted.length > 0) {
        writer.beginArray('upserted');
        for (const { index, id } of upserted) writer.beginObject('').int32('index', index).raw('_id', id).end();
        writer.end();
      }
      writeFailures(writer, failures);
    });
  });
}

async function updateStatement(
  call: Call,
  namespace: Namespace,
  outer: Scope,
  statement: Uint8Array,
): Promise<Outcome> {
  const fields = new Arguments('update.updates', statement, statementFields);
  requireSimpleCollation(fields);
  const update = fields.required('u');
  if (fields.has('c') && update.type !== BsonType.array)
    throw new MongoError(51198, 'Constant values may only be specified for pipeline updates');
  const scope = boundScope(outer, fields, 'c');
  fields.required('q');
  const multi = fields.boolean('multi');
  const sortSpec = fields.document('sort');
  if (multi && sortSpec !== undefined) throw failedToParse('Cannot specify sort with multi=true');
  const request = updateRequest(
    scope,
    fields.document('q')!,
    update,
    fields.array('arrayFilters') ?? [],
    sortSpec === undefined ? undefined : parseSort(sortSpec),
    fields.boolean('upsert'),
    hintOf(call, namespace, fields),
  );
  if (multi) {
    const { matched, modified, upserted } = await updateAll(call, namespace, request);
    return { matched, modified, upserted: upserted && ownBytes(upserted) };
  }
  const updated = await updateFirst(call, namespace, request);
  if (updated.kind === 'none') return { matched: 0, modified: 0 };
  if (updated.kind === 'inserted') return { matched: 1, modified: 0, upserted: ownBytes(updated.id) };
  return { matched: 1, modified: updated.edited.after === updated.edited.before ? 0 : 1 };
}

export const update: Operation = {
  arguments: new Set(['update', 'updates', 'ordered', 'bypassDocumentValidation', 'bypassEmptyTsReplacement', 'let']),
  run,
};
