// POST …/docs with x-ms-cosmos-is-batch-request: up to 100 operations. Atomic (transactional batch): all or
// nothing in one logical partition; a failure answers 207 with 424 for every operation that did not fail itself.
// Not atomic (bulk): each stands alone, and by default one that fails stops none.

import { failureCharge, roundCharge } from '../../../core/charge.ts';
import { DatabaseError } from '../../../model/errors.ts';
import type { Item, Written, WriteOutcome } from '../../../model/operation.ts';
import type { ContainerRecord } from '../../../model/resource.ts';
import { isRecordIo } from '../../../model/hybrid-row/record-io.ts';
import { batchResult } from '../batch-rows.ts';
import { authorizeBatch } from '../authorize.ts';
import { parseBatch, type BatchOperation } from '../batch.ts';
import { containerOf, keyOf, touch, wantsContent, type Call } from '../call.ts';
import { headerOf, isTrue } from '../decode.ts';
import { jsonOfItem, type Answer } from '../encode.ts';
import { cosmosErrorOf, retryAfterMsOf } from '../errors.ts';
import { etagOf } from '../../../model/etag.ts';
import { placeOf, scopeOf } from '../scope.ts';

const multiStatus = 207;
const failedDependency = 424;

/** One entry of the answer; the body is JSON already. */
interface Outcome {
  readonly status: number;
  readonly substatus?: number | undefined;
  readonly charge: number;
  readonly item?: Item | undefined;
  readonly shown?: boolean | undefined;
  readonly retryAfterMs?: number | undefined;
}

export function batchItems(call: Call): Promise<Answer> {
  return isTrue(headerOf(call.request, 'x-ms-cosmos-batch-atomic')) ? atomic(call) : bulk(call);
}

async function atomic(call: Call): Promise<Answer> {
  const { engine, context, request } = call;
  const container = containerOf(call);
  const partitionKey = keyOf(call, container);
  const partition = touch(call, container, partitionKey);
  const operations = parseBatch(request.body, container, partitionKey, call.deployment);
  authorizeBatch(request, call.principal, call.account, container, operations);
  const result = await engine.execute(
    {
      kind: 'batch-items',
      database: container.database,
      container: container.id,
      partitionKey,
      writes: operations.map(({ write }) => write),
    },
    context,
  );
  const outcomes: Outcome[] =
    result.kind === 'committed'
      ? result.written.map((written, i) => outcomeOf(written, operations[i]!, wantsContent(request)))
      : operations.map((_, i) =>
          i === result.index ? failureOf(result.error) : { status: failedDependency, charge: 0 },
        );
  const isCommitted = result.kind === 'committed';
  return answerOf(
    container,
    outcomes,
    isCommitted ? 200 : multiStatus,
    { engine, container, partition },
    isCommitted ? sumOf(outcomes) : result.charge,
    isRecordIo(request.body),
  );
}

async function bulk(call: Call): Promise<Answer> {
  const { engine, context, request } = call;
  const container = containerOf(call);
  const place = placeOf(call, container, scopeOf(call, container));
  const operations = parseBatch(request.body, container, undefined, call.deployment);
  authorizeBatch(request, call.principal, call.account, container, operations);
  const outcomes = await engine.execute(
    {
      kind: 'write-items',
      database: container.database,
      container: container.id,
      writes: operations.map(({ write }) => write),
      ordered: headerOf(request, 'x-ms-cosmos-batch-continue-on-error')?.toLowerCase() === 'false',
    },
    context,
  );
  const shown = wantsContent(request);
  const entries = outcomes.map((outcome, i) => entryOf(outcome, operations[i]!, shown));
  const status = entries.every((entry) => entry.status < 400) ? 200 : multiStatus;
  return answerOf(container, entries, status, place, sumOf(entries), isRecordIo(request.body));
}

function entryOf(outcome: WriteOutcome, operation: BatchOperation, shown: boolean): Outcome {
  if (outcome.kind === 'written') return outcomeOf(outcome.written, operation, shown);
  return outcome.kind === 'failed' ? failureOf(outcome.error) : { status: failedDependency, charge: 0 };
}

function outcomeOf({ item, change, charge }: Written, operation: BatchOperation, shown: boolean): Outcome {
  if (operation.reads) {
    return operation.ifNoneMatch === item.time
      ? { status: 304, charge, item }
      : { status: 200, charge, item, shown: true };
  }
  if (change === 'deleted') return { status: 204, charge };
  return { status: change === 'created' ? 201 : 200, charge, item, shown: shown && !operation.minimal };
}

function sumOf(outcomes: readonly Outcome[]): number {
  return roundCharge(outcomes.reduce((sum, { charge }) => sum + charge, 0));
}

function failureOf(error: Error): Outcome {
  if (!(error instanceof DatabaseError)) throw error;
  const { status, substatus } = cosmosErrorOf(error);
  return { status, substatus, charge: failureCharge(error.code), retryAfterMs: retryAfterMsOf(error) };
}

function answerOf(
  container: ContainerRecord,
  outcomes: readonly Outcome[],
  status: number,
  place: Answer['place'],
  charge: number,
  asRows: boolean,
): Answer {
  const body = asRows ? rowsOf(container, outcomes) : jsonOf(container, outcomes);
  return { status, body, charge, place, itemCount: outcomes.length };
}

/** For the client that sent rows. */
function rowsOf(container: ContainerRecord, outcomes: readonly Outcome[]): Uint8Array {
  return batchResult(
    outcomes.map(({ status, substatus, charge, item, shown, retryAfterMs }) => ({
      statusCode: status,
      subStatusCode: substatus,
      eTag: item && etagOf(item.time),
      resourceBody: item !== undefined && shown === true ? jsonOfItem(container, item) : undefined,
      retryAfterMilliseconds: retryAfterMs,
      requestCharge: charge,
    })),
  );
}

function jsonOf(container: ContainerRecord, outcomes: readonly Outcome[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [i, outcome] of outcomes.entries()) {
    let head = `${i === 0 ? '[' : ','}{"statusCode":${outcome.status},"requestCharge":${outcome.charge}`;
    if (outcome.substatus !== undefined && outcome.substatus !== 0) head += `,"subStatusCode":${outcome.substatus}`;
    if (outcome.retryAfterMs !== undefined) head += `,"retryAfterMilliseconds":${outcome.retryAfterMs}`;
    if (outcome.item !== undefined) head += `,"eTag":${JSON.stringify(etagOf(outcome.item.time))}`;
    if (outcome.item !== undefined && outcome.shown === true) {
      parts.push(Buffer.from(`${head},"resourceBody":`), jsonOfItem(container, outcome.item), Buffer.from('}'));
    } else parts.push(Buffer.from(`${head}}`));
  }
  parts.push(Buffer.from(']'));
  return Buffer.concat(parts);
}
