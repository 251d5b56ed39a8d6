// POST /$batch: an entity group transaction. Up to 100 writes to different entities of one table and one partition key
// are made all or not at all, as one entry of the log; or one query is answered. Source: "Performing entity group
// transactions" (Azure Storage REST reference).
//
// Everything is checked before anything is written. The answer is 202 around the answers of all operations, or around
// that of the one that failed, whose sentence begins with its number; a body that is no batch fails the request itself.

import { randomUUID } from 'node:crypto';
import { DatabaseError } from '../../../model/errors.ts';
import type { ContainerRecord } from '../../../model/resource.ts';
import type { Answer } from '../answer.ts';
import { authorize, authorizeKey } from '../authorize.ts';
import { answerOfChangeset, answerOfQuery, type PartAnswer } from '../batch-answer.ts';
import type { Call } from '../call.ts';
import { decodePart } from '../decode.ts';
import { encodeFailure } from '../encode.ts';
import { failureAt, refusal, tableErrorOf } from '../errors.ts';
import { batchBytesMax, batchOperationsMax } from '../limits.ts';
import { PartReader, readBatch, readPart, type PartRequest } from '../multipart.ts';
import { headerOf, type EntityKey, type TableRequest } from '../request.ts';
import { tableOf } from '../tables.ts';
import { prepareWrite, type PreparedWrite } from '../write-entity.ts';

const writes: ReadonlySet<string> = new Set([
  'insert-entity',
  'update-entity',
  'merge-entity',
  'insert-or-replace-entity',
  'insert-or-merge-entity',
  'delete-entity',
]);

const queries: ReadonlySet<string> = new Set(['read-entity', 'query-entities']);

/** Where a list goes on: a batch has no next page. */
const continuations = ['NextPartitionKey', 'NextRowKey', 'NextTableName'];

export function commitBatch(call: Call): Promise<Answer> {
  const { body, query, headers } = call.request;
  if (body.length > batchBytesMax) throw refusal('RequestBodyTooLarge', 'body');
  for (const name of continuations) if (query.has(name)) throw refusal('InvalidQueryParameterValue', name);
  const batch = readBatch(headerOf({ headers }, 'content-type'), body);
  return batch.kind === 'query' ? answerQuery(call, batch.part) : commit(call, batch.parts);
}

interface Operation {
  readonly prepared: PreparedWrite;
  readonly part: PartRequest;
}

async function commit(call: Call, parts: readonly Buffer[]): Promise<Answer> {
  const { engine, context } = call;
  if (parts.length > batchOperationsMax)
    return answerOfFailure(call, 0, undefined, refusal('InvalidInput', 'body', tooMany));
  const group = new EntityGroup();
  const operations: Operation[] = [];
  const reader = new PartReader();
  const requests = new PartRequests(call);
  let table: ContainerRecord | undefined;
  let part: PartRequest | undefined;
  try {
    for (const bytes of parts) {
      part = undefined;
      part = reader.read(bytes);
      const request = requests.of(part);
      const prepared = prepareWrite(request, part.body);
      authorizeKey(call.principal, prepared.key);
      group.add(request, prepared.key);
      table ??= tableOf({ ...call, request });
      operations.push({ prepared, part });
    }
  } catch (error) {
    return answerOfFailure(call, operations.length, part, error);
  }
  const result = await engine.execute(
    {
      kind: 'batch-items',
      database: table!.database,
      container: table!.id,
      partitionKey: [operations[0]!.prepared.key.partitionKey],
      writes: operations.map(({ prepared }) => prepared.write),
    },
    context,
  );
  if (result.kind === 'aborted')
    return answerOfFailure(call, result.index, operations[result.index]!.part, result.error);
  return answerOfChangeset(
    operations.map(({ prepared, part }, i) => ({
      answer: prepared.answerOf(result.written[i]!),
      contentId: part.contentId,
    })),
  );
}

const tooMany = `The batch request operation exceeds the maximum ${batchOperationsMax} changes per change set.`;

async function answerQuery(call: Call, bytes: Buffer): Promise<Answer> {
  let part: PartRequest | undefined;
  try {
    part = readPart(bytes);
    const request = requestOf(call, part, queries);
    return answerOfQuery({ answer: await request.row.run!({ ...call, request }), contentId: part.contentId });
  } catch (error) {
    return answerOfFailure(call, 0, part, error, answerOfQuery);
  }
}

/** The request in a part, for what may stand there and for what the credentials of the batch open. */
function requestOf(
  { request: envelope, principal }: Call,
  part: PartRequest,
  operations: ReadonlySet<string>,
): TableRequest {
  if (!isOfAccount(part.url, envelope)) throw refusal('InvalidInput', 'path');
  const request = decodePart(envelope, part);
  if (!operations.has(request.row.operation)) throw refusal('InvalidInput', 'operation');
  authorize(principal, request);
  return request;
}

/**
 * The requests in the parts of a change set. Parts of one request line and one object of headers have one request, whose
 * body is that of the first of them.
 */
class PartRequests {
  readonly #call: Call;
  #part: PartRequest | undefined;
  #request: TableRequest | undefined;

  constructor(call: Call) {
    this.#call = call;
  }

  of(part: PartRequest): TableRequest {
    const last = this.#part;
    const isSame = last?.headers === part.headers && last.url === part.url && last.verb === part.verb;
    if (!isSame) this.#request = requestOf(this.#call, part, writes);
    this.#part = part;
    return this.#request!;
  }
}

/** A host that names an account names that of the batch; other hosts leave it to the path, which `decodePart` reads. */
function isOfAccount(url: string, { accountName, isPathStyle }: TableRequest): boolean {
  if (url.startsWith('/')) return true;
  const host = /^https?:\/\/([^/?#]*)/i.exec(url)?.[1]?.toLowerCase();
  if (host === undefined || isPathStyle || !host.includes('.table.')) return true;
  const label = host.slice(0, host.indexOf('.'));
  return label === accountName || label === `${accountName}-secondary`;
}

/** What operations of one transaction have in common, and what tells them apart. */
class EntityGroup {
  #sentTable: string | undefined;
  #table: string | undefined;
  #partitionKey: string | undefined;
  readonly #rowKeys = new Set<string>();

  add({ table = '' }: TableRequest, { partitionKey, rowKey }: EntityKey): void {
    const name = table === this.#sentTable ? this.#table : table.toLowerCase();
    this.#sentTable ??= table;
    this.#table ??= name;
    this.#partitionKey ??= partitionKey;
    if (name !== this.#table || partitionKey !== this.#partitionKey)
      throw refusal('CommandsInBatchActOnDifferentPartitions', 'PartitionKey');
    if (this.#rowKeys.has(rowKey)) throw refusal('InvalidDuplicateRow', 'RowKey');
    this.#rowKeys.add(rowKey);
  }
}

/** One failed operation in the place of all. Throws what concerns the server and not the operation. */
function answerOfFailure(
  { request: envelope }: Call,
  index: number,
  part: PartRequest | undefined,
  error: unknown,
  wrap: (answer: PartAnswer) => Answer = (answer) => answerOfChangeset([answer]),
): Answer {
  if (!(error instanceof DatabaseError)) throw error;
  const { status, word } = tableErrorOf(error);
  const isCosmos = envelope.flavour === 'cosmos';
  // Cosmos DB looks for such rows before it begins, and blames the first operation for keys that differ.
  if (status === 500 || status === 503 || (isCosmos && word === 'InvalidDuplicateRow')) throw error;
  const blamed = isCosmos && word === 'CommandsInBatchActOnDifferentPartitions' ? 0 : index;
  const requestId = randomUUID();
  const answer = encodeFailure(failureAt(blamed, error), part ?? envelope, requestId);
  return { ...wrap({ answer, contentId: part?.contentId }), requestId };
}
