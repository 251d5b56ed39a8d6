// delete: statements in order, each of the first document its filter selects (`limit` 1) or of all (0).

import { commandScope } from '../aggregate/command.ts';
import type { Scope } from '../aggregate/scope.ts';
import { Arguments, requireSimpleCollation } from '../arguments.ts';
import { namespaceOfCall, writableCollectionOf, type Call, type Operation, type Reply } from '../call.ts';
import { editMany, editOne } from '../edit.ts';
import { failedToParse } from '../errors.ts';
import { numberOf } from '../bson-input.ts';
import { hintOf } from '../hint.ts';
import type { Namespace } from '../namespace.ts';
import { withRetries } from '../retry.ts';
import { Filter } from '../selection.ts';
import type { Outcome } from '../sessions.ts';
import { checkBatch, statementError, withWriteConcern, writeFailures, type WriteFailure } from '../write-reply.ts';

const statementFields = new Set(['q', 'limit', 'collation', 'hint', 'sampleId']);

async function run(call: Call): Promise<Reply> {
  const { args } = call;
  const namespace = namespaceOfCall(call);
  const { documents } = args.documents('deletes');
  checkBatch(documents.length);
  const ordered = args.boolean('ordered', true);
  const scope = commandScope(call, args);
  return withRetries(call, async (statements) => {
    const failures: WriteFailure[] = [];
    let count = 0;
    for (const [index, statement] of documents.entries()) {
      try {
        let outcome = statements.recall(index);
        if (outcome === undefined) {
          outcome = await deleteStatement(call, namespace, scope, statement);
          statements.record(index, outcome);
        }
        count += outcome.matched;
      } catch (error) {
        failures.push({ index, error: statementError(error) });
        if (ordered) break;
      }
    }
    return withWriteConcern(call, (writer) => {
      writer.int32('n', count);
      writeFailures(writer, failures);
    });
  });
}

async function deleteStatement(
  call: Call,
  namespace: Namespace,
  scope: Scope,
  statement: Uint8Array,
): Promise<Outcome> {
  const fields = new Arguments('delete.deletes', statement, statementFields);
  requireSimpleCollation(fields);
  fields.required('q');
  const limit = numberOf(fields.required('limit'));
  if (limit !== 0 && limit !== 1) throw failedToParse(`The limit field in delete objects must be 0 or 1. Got ${limit}`);
  const filter = new Filter(fields.document('q'), hintOf(call, namespace, fields), scope);
  const container = writableCollectionOf(call, namespace);
  if (container === undefined) return { matched: 0, modified: 0 };
  if (limit === 0) return editMany(call, container, filter, () => 'delete');
  const deleted = await editOne(call, container, filter, undefined, () => 'delete');
  return { matched: deleted === undefined ? 0 : 1, modified: 0 };
}

export const deleteDocuments: Operation = { arguments: new Set(['delete', 'deletes', 'ordered', 'let']), run };
