// insert: each document commits by itself; with `ordered` the first failure ends the command.

import { idField } from '../../../core/identify.ts';
import { type BsonWriter } from '../../../model/bson/write.ts';
import { depthMax } from '../../../model/bson/types.ts';
import { validateBson } from '../../../model/bson/validate.ts';
import { fieldOf, type Raw } from '../../../model/bson/walk.ts';
import { mongoProfileOf } from '../../../model/mongo-profile.ts';
import type { ItemWrite, WriteOutcome } from '../../../model/operation.ts';
import type { ContainerRecord } from '../../../model/resource.ts';
import { ensureCollection, namespaceOfCall, type Call, type Operation, type Reply } from '../call.ts';
import { documentBytesMax } from '../decode.ts';
import { prepareDocument } from '../document.ts';
import { badValue } from '../errors.ts';
import type { Namespace } from '../namespace.ts';
import { withRetries, type Statements } from '../retry.ts';
import {
  checkBatch,
  insertError,
  statementError,
  withWriteConcern,
  writeFailures,
  type WriteFailure,
} from '../write-reply.ts';

/** Documents handed to the core at once; what they did is remembered before the next are. */
const stepItems = 256;

const inserted = { matched: 1, modified: 0 };

interface Prepared {
  readonly index: number;
  readonly id: Raw;
  readonly write: ItemWrite;
}

async function run(call: Call): Promise<Reply> {
  const { args } = call;
  const namespace = namespaceOfCall(call);
  const { documents, sequence } = args.documents('documents');
  checkBatch(documents.length);
  const ordered = args.boolean('ordered', true);
  if (!sequence) for (const document of documents) validateBson(document, 0, document.length, depthMax);
  const container = await ensureCollection(call, namespace);
  return withRetries(call, async (statements) => {
    const failures: WriteFailure[] = [];
    let count = 0;
    for (let start = 0; start < documents.length; start += stepItems) {
      if (ordered && failures.length > 0) break;
      count += await insertStep(call, namespace, container, documents, start, ordered, statements, failures);
    }
    failures.sort((a, b) => a.index - b.index);
    return withWriteConcern(call, (writer: BsonWriter) => {
      writer.int32('n', count);
      writeFailures(writer, failures);
    });
  });
}

async function insertStep(
  call: Call,
  namespace: Namespace,
  container: ContainerRecord,
  documents: readonly Uint8Array[],
  start: number,
  ordered: boolean,
  statements: Statements,
  failures: WriteFailure[],
): Promise<number> {
  const end = Math.min(start + stepItems, documents.length);
  const prepared: Prepared[] = [];
  let count = 0;
  let refused: WriteFailure | undefined;
  for (let index = start; index < end; index++) {
    if (statements.recall(index) !== undefined) {
      count++;
      continue;
    }
    try {
      prepared.push(prepare(call, container, documents[index]!, index));
    } catch (error) {
      refused = { index, error: statementError(error) };
      if (ordered) break;
      failures.push(refused);
    }
  }
  const outcomes = prepared.length === 0 ? [] : await write(call, container, prepared, ordered);
  for (const [i, outcome] of outcomes.entries()) {
    const { index, id } = prepared[i]!;
    if (outcome.kind === 'written') {
      count++;
      statements.record(index, inserted);
      call.shared.time.observe(outcome.written.item.time);
    } else if (outcome.kind === 'failed') {
      failures.push({ index, error: insertError(outcome.error, namespace, id) });
    }
  }
  if (ordered && refused !== undefined && failures.length === 0) failures.push(refused);
  return count;
}

function write(
  call: Call,
  container: ContainerRecord,
  prepared: readonly Prepared[],
  ordered: boolean,
): Promise<readonly WriteOutcome[]> {
  return call.engine.execute(
    {
      kind: 'write-items',
      database: container.database,
      container: container.id,
      writes: prepared.map((each) => each.write),
      ordered,
    },
    call.context,
  );
}

function prepare({ shared }: Call, container: ContainerRecord, document: Uint8Array, index: number): Prepared {
  if (document.length > documentBytesMax)
    throw badValue(`object to insert too large. size in bytes: ${document.length}, max size: ${documentBytesMax}`);
  const { makesIds, bodyOfInsert } = mongoProfileOf(container.profile);
  const prepared = prepareDocument(document, shared.time.next(), makesIds ? shared.ids.nextRaw : () => undefined);
  const body = bodyOfInsert(prepared);
  const id = (fieldOf(prepared, '_id') ?? fieldOf(body, idField[container.profile]))!;
  return { index, id, write: { kind: 'create-item', body, view: 'exact' } };
}

export const insert: Operation = {
  arguments: new Set(['insert', 'documents', 'ordered', 'bypassDocumentValidation', 'bypassEmptyTsReplacement']),
  run,
};
