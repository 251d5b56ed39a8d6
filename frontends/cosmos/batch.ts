// The body of a batch: an array of operations as the SDKs for JavaScript, Python, Go, Java and Rust write it, or the
// rows of the one for .NET (batch-rows.ts). The first byte tells which.

import { valueOfJson } from '../../model/bson/json-read.ts';
import { BsonType, depthMax } from '../../model/bson/types.ts';
import { childOf, ElementCursor, Raw } from '../../model/bson/walk.ts';
import { badRequest, DatabaseError } from '../../model/errors.ts';
import { parseEtag } from '../../model/etag.ts';
import type { HybridTime } from '../../model/hybrid-time.ts';
import type { Condition, Edit, ItemWrite, PartitionKeyValue } from '../../model/operation.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import { isRecordIo } from '../../model/hybrid-row/record-io.ts';
import { valueOf, type Value } from '../../model/value.ts';
import { rowsOfBatch } from './batch-rows.ts';
import { valueOfBody } from './body.ts';
import { parseKey } from './call.ts';
import type { Deployment } from '../deployment.ts';
import { editOf, parsePatch } from './patch.ts';
import { testOfCondition } from './patch-condition.ts';
import { checkedItem, itemIn } from './write-item.ts';

/** Operations in one batch. */
export const batchOperationsMax = 100;

export interface BatchOperation {
  readonly write: ItemWrite;
  /** It only looks: `write` edits nothing. */
  readonly reads: boolean;
  readonly ifNoneMatch: HybridTime | '*' | undefined;
  /** The client wants no body for this one. */
  readonly minimal: boolean;
}

/** What an operation says, in either form; bodies and keys are read when its kind is known. */
interface Entry {
  readonly kind: Value;
  readonly id: Value;
  readonly key: Value;
  readonly ifMatch: Value;
  readonly ifNoneMatch: Value;
  readonly minimal: boolean;
  /** Absent: there is no body. */
  readonly item?: ((container: ContainerRecord) => Uint8Array) | undefined;
  readonly patch?: (() => Value) | undefined;
}

/** Reads a batch. `partitionKey` is the one of the whole batch, or undefined when every operation brings its own. */
export function parseBatch(
  body: Uint8Array,
  container: ContainerRecord,
  partitionKey: PartitionKeyValue | undefined,
  deployment: Deployment,
): readonly BatchOperation[] {
  const operations: BatchOperation[] = [];
  for (const entry of isRecordIo(body) ? entriesOfRows(body) : entriesOfJson(body)) {
    if (operations.length === batchOperationsMax)
      throw badRequest(
        `Batch request has more operations than what is supported. The most is ${batchOperationsMax}.`,
        'body',
      );
    operations.push(operationOf(entry, container, partitionKey, deployment));
  }
  if (operations.length === 0) throw badRequest('Batch request has no operations.', 'body');
  return operations;
}

function* entriesOfJson(body: Uint8Array): Generator<Entry> {
  // An item lies two levels deep: in an operation, in the array.
  const list = valueOfJson(body, { levelsMax: depthMax + 2 });
  if (!(list instanceof Raw) || list.type !== BsonType.array)
    throw badRequest('a batch must be an array of operations', 'body');
  const cursor = new ElementCursor(list.bytes, list.start);
  while (cursor.next()) {
    const raw = cursor.raw();
    if (raw.type !== BsonType.object) throw badRequest('an operation of a batch must be an object', 'body');
    const valueIn = (name: string): Value => valueOf(childOf(raw, name));
    const resource = childOf(raw, 'resourceBody');
    yield {
      kind: valueIn('operationType'),
      id: valueIn('id'),
      key: valueIn('partitionKey'),
      ifMatch: valueIn('ifMatch'),
      ifNoneMatch: valueIn('ifNoneMatch'),
      minimal: false,
      item: resource && ((container) => itemOf(resource, container)),
      patch: resource && (() => valueOf(resource)),
    };
  }
}

function* entriesOfRows(body: Uint8Array): Generator<Entry> {
  for (const row of rowsOfBatch(body)) {
    const { resourceBody } = row;
    yield {
      kind: row.operationType,
      id: row.id,
      key: row.partitionKey,
      ifMatch: row.ifMatch,
      ifNoneMatch: row.ifNoneMatch,
      minimal: row.minimalReturnPreference,
      item: resourceBody && ((container) => itemIn(container, resourceBody)),
      patch: resourceBody && (() => valueOfBody(resourceBody)),
    };
  }
}

function operationOf(
  entry: Entry,
  container: ContainerRecord,
  shared: PartitionKeyValue | undefined,
  deployment: Deployment,
): BatchOperation {
  const condition = conditionIn(entry);
  const partitionKey = shared ?? keyIn(entry, container);
  const { minimal } = entry;
  const change = (write: ItemWrite): BatchOperation => ({ write, reads: false, ifNoneMatch: undefined, minimal });
  const body = (): Uint8Array => {
    if (entry.item === undefined) throw badRequest('the operation needs a resourceBody', 'resourceBody');
    return entry.item(container);
  };
  switch (entry.kind) {
    case 'Create':
      return change({ kind: 'create-item', body: body(), view: 'sql', partitionKey, condition });
    case 'Upsert':
      return change({ kind: 'upsert-item', body: body(), view: 'sql', partitionKey, condition });
    case 'Replace':
      return change({
        kind: 'replace-item',
        body: body(),
        view: 'sql',
        partitionKey,
        id: idIn(entry),
        renames: true,
        condition,
      });
    case 'Delete':
      return change({ kind: 'delete-item', id: idIn(entry), partitionKey, condition });
    case 'Patch': {
      const given = entry.patch?.();
      if (!(given instanceof Raw)) throw badRequest('the operation needs a resourceBody', 'resourceBody');
      const patch = parsePatch(given);
      const holds = patch.condition === undefined ? undefined : testOfCondition(patch.condition, container, deployment);
      const edit = editOf(patch.operations, condition, holds);
      return change({ kind: 'edit-item', id: idIn(entry), partitionKey, edit });
    }
    case 'Read':
      return {
        write: { kind: 'edit-item', id: idIn(entry), partitionKey, edit: look },
        reads: true,
        ifNoneMatch: condition?.ifNoneMatch,
        minimal,
      };
    default:
      throw badRequest('operationType must be Create, Read, Replace, Upsert, Delete or Patch', 'operationType');
  }
}

/** An edit that changes nothing: the read of a batch sees what the batch did before it. */
const look: Edit = (current) => {
  if (current === undefined)
    throw new DatabaseError('ItemNotFound', 'no item with that id in this logical partition', { argument: 'id' });
  return undefined;
};

function itemOf(body: Raw, container: ContainerRecord): Uint8Array {
  if (body.type !== BsonType.object) throw badRequest('resourceBody must be an object', 'resourceBody');
  return checkedItem(container, body.slice());
}

function idIn({ id }: Entry): string {
  if (typeof id !== 'string') throw badRequest('the operation needs an id', 'id');
  return id;
}

/** The key beside an operation of a bulk request: JSON within a string. */
function keyIn({ key }: Entry, container: ContainerRecord): PartitionKeyValue {
  if (typeof key !== 'string') throw badRequest('the operation needs a partitionKey', 'partitionKey');
  return parseKey(container, key);
}

function conditionIn({ ifMatch, ifNoneMatch }: Entry): Condition | undefined {
  if (typeof ifMatch !== 'string' && typeof ifNoneMatch !== 'string') return undefined;
  return {
    ifMatch: typeof ifMatch === 'string' ? parseEtag(ifMatch) : undefined,
    ifNoneMatch: typeof ifNoneMatch === 'string' ? parseEtag(ifNoneMatch) : undefined,
  };
}
