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

const batchKinds = ['Create', 'Upsert', 'Replace', 'Delete', 'Patch', 'Read'] as const;
export type BatchKind = (typeof batchKinds)[number];

export interface BatchOperation {
  readonly kind: BatchKind;
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
  /** Absent: there is no body. The first call sees that it is an object, the second what kind of one. */
  readonly item?: (() => (container: ContainerRecord) => Uint8Array) | undefined;
  readonly patch?: (() => Raw) | undefined;
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
    operations.push(operationOf(entry, container, partitionKey ?? keyIn(entry, container), deployment));
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
      item: resource && (() => itemOf(resource)),
      patch: resource && (() => resource),
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
      item: resourceBody && (() => (container) => itemIn(container, resourceBody)),
      patch: resourceBody && (() => patchOf(resourceBody)),
    };
  }
}

/**
 * One operation. An item or a patch that is none does not spoil the batch: it stands as a write that fails in its turn,
 * when those before it have been made.
 */
function operationOf(
  entry: Entry,
  container: ContainerRecord,
  partitionKey: PartitionKeyValue,
  deployment: Deployment,
): BatchOperation {
  const { minimal } = entry;
  const kind = batchKinds.find((one) => one === entry.kind);
  if (kind === undefined)
    throw badRequest('operationType must be Create, Read, Replace, Upsert, Delete or Patch', 'operationType');
  const condition = conditionIn(entry);
  const change = (make: () => ItemWrite): BatchOperation => {
    const operation = (write: ItemWrite): BatchOperation => ({
      kind,
      write,
      reads: false,
      ifNoneMatch: undefined,
      minimal,
    });
    try {
      return operation(make());
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error;
      const edit: Edit = () => {
        throw error;
      };
      return operation({ kind: 'edit-item', id: '', partitionKey, edit });
    }
  };
  switch (kind) {
    case 'Create':
    case 'Upsert': {
      const item = given(entry.item)();
      return change(() => ({
        kind: kind === 'Create' ? 'create-item' : 'upsert-item',
        body: item(container),
        view: 'sql',
        partitionKey,
        condition,
      }));
    }
    case 'Replace': {
      const id = idIn(entry);
      const item = given(entry.item)();
      return change(() => ({
        kind: 'replace-item',
        body: item(container),
        view: 'sql',
        partitionKey,
        id,
        renames: true,
        condition,
      }));
    }
    case 'Delete': {
      const id = idIn(entry);
      return change(() => ({ kind: 'delete-item', id, partitionKey, condition }));
    }
    case 'Patch': {
      const id = idIn(entry);
      const body = given(entry.patch);
      return change(() => {
        const patch = parsePatch(body());
        const test =
          patch.condition === undefined ? undefined : testOfCondition(patch.condition, container, deployment);
        return { kind: 'edit-item', id, partitionKey, edit: editOf(patch.operations, condition, test, container) };
      });
    }
    case 'Read':
      return {
        kind,
        write: { kind: 'edit-item', id: idIn(entry), partitionKey, edit: look },
        reads: true,
        ifNoneMatch: condition?.ifNoneMatch,
        minimal,
      };
  }
}

function given<T>(body: T | undefined): T {
  if (body === undefined) throw badRequest('the operation needs a resourceBody', 'resourceBody');
  return body;
}

/** An edit that changes nothing: the read of a batch sees what the batch did before it. */
const look: Edit = (current) => {
  if (current === undefined)
    throw new DatabaseError('ItemNotFound', 'no item with that id in this logical partition', { argument: 'id' });
  return undefined;
};

function itemOf(body: Raw): (container: ContainerRecord) => Uint8Array {
  if (body.type !== BsonType.object) throw badRequest('resourceBody must be an object', 'resourceBody');
  const document = body.slice();
  return (container) => checkedItem(container, document);
}

function patchOf(body: Uint8Array): Raw {
  const value = valueOfBody(body);
  if (!(value instanceof Raw)) throw badRequest('resourceBody must be an object', 'resourceBody');
  return value;
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
