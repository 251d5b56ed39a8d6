// The body of a batch: an array of operations as the SDKs for JavaScript, Python, Go, Java and Rust write it.
// (The one for .NET sends HybridRow, a binary format, which is refused by name.)

import { valueOfJson } from '../../model/bson/json-read.ts';
import { BsonType, depthMax } from '../../model/bson/types.ts';
import { childOf, ElementCursor, Raw, textOfRaw } from '../../model/bson/walk.ts';
import { badRequest, DatabaseError } from '../../model/errors.ts';
import { parseEtag } from '../../model/etag.ts';
import type { HybridTime } from '../../model/hybrid-time.ts';
import type { Condition, Edit, ItemWrite, PartitionKeyValue } from '../../model/operation.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import { valueOf } from '../../model/value.ts';
import { parseKey } from './call.ts';
import type { Deployment } from '../deployment.ts';
import { editOf, parsePatch } from './patch.ts';
import { testOfCondition } from './patch-condition.ts';
import { checkedItem } from './write-item.ts';

/** Operations in one batch. */
export const batchOperationsMax = 100;

/** First byte of a HybridRow batch. */
const hybridRowByte = 0x81;

export const batchKinds = ['Create', 'Upsert', 'Replace', 'Delete', 'Patch', 'Read'] as const;
export type BatchKind = (typeof batchKinds)[number];

export interface BatchOperation {
  readonly kind: BatchKind;
  readonly write: ItemWrite;
  /** It only looks: `write` edits nothing. */
  readonly reads: boolean;
  readonly ifNoneMatch: HybridTime | '*' | undefined;
}

/** Reads a batch. `partitionKey` is the one of the whole batch, or undefined when every operation brings its own. */
export function parseBatch(
  body: Uint8Array,
  container: ContainerRecord,
  partitionKey: PartitionKeyValue | undefined,
  deployment: Deployment,
): readonly BatchOperation[] {
  if (body[0] === hybridRowByte)
    throw new DatabaseError('NotSupported', 'batches in HybridRow form are not supported; send JSON', {
      argument: 'body',
    });
  // An item lies two levels deep: in an operation, in the array.
  const list = valueOfJson(body, { levelsMax: depthMax + 2 });
  if (!(list instanceof Raw) || list.type !== BsonType.array)
    throw badRequest('a batch must be an array of operations', 'body');
  const cursor = new ElementCursor(list.bytes, list.start);
  const operations: BatchOperation[] = [];
  while (cursor.next()) {
    if (operations.length === batchOperationsMax)
      throw badRequest(
        `Batch request has more operations than what is supported. The most is ${batchOperationsMax}.`,
        'body',
      );
    const raw = cursor.raw();
    if (raw.type !== BsonType.object) throw badRequest('an operation of a batch must be an object', 'body');
    operations.push(parseOperation(raw, container, partitionKey ?? keyIn(raw, container), deployment));
  }
  if (operations.length === 0) throw badRequest('Batch request has no operations.', 'body');
  return operations;
}

/**
 * One operation. An item or a patch that is none does not spoil the batch: it stands as a write that fails in its turn,
 * when those before it have been made.
 */
function parseOperation(
  raw: Raw,
  container: ContainerRecord,
  partitionKey: PartitionKeyValue,
  deployment: Deployment,
): BatchOperation {
  const given = valueOf(childOf(raw, 'operationType'));
  const kind = batchKinds.find((one) => one === given);
  if (kind === undefined)
    throw badRequest('operationType must be Create, Read, Replace, Upsert, Delete or Patch', 'operationType');
  const condition = conditionIn(raw);
  const change = (make: () => ItemWrite): BatchOperation => {
    const operation = (write: ItemWrite): BatchOperation => ({ kind, write, reads: false, ifNoneMatch: undefined });
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
      const body = itemBodyIn(raw);
      return change(() => ({
        kind: kind === 'Create' ? 'create-item' : 'upsert-item',
        body: checkedItem(container, body),
        view: 'sql',
        partitionKey,
        condition,
      }));
    }
    case 'Replace': {
      const id = idIn(raw);
      const body = itemBodyIn(raw);
      return change(() => ({
        kind: 'replace-item',
        body: checkedItem(container, body),
        view: 'sql',
        partitionKey,
        id,
        renames: true,
        condition,
      }));
    }
    case 'Delete': {
      const id = idIn(raw);
      return change(() => ({ kind: 'delete-item', id, partitionKey, condition }));
    }
    case 'Patch': {
      const id = idIn(raw);
      const body = bodyIn(raw);
      return change(() => {
        const patch = parsePatch(body);
        const test =
          patch.condition === undefined ? undefined : testOfCondition(patch.condition, container, deployment);
        return { kind: 'edit-item', id, partitionKey, edit: editOf(patch.operations, condition, test, container) };
      });
    }
    case 'Read':
      return {
        kind,
        write: { kind: 'edit-item', id: idIn(raw), partitionKey, edit: look },
        reads: true,
        ifNoneMatch: condition?.ifNoneMatch,
      };
  }
}

/** An edit that changes nothing: the read of a batch sees what the batch did before it. */
const look: Edit = (current) => {
  if (current === undefined)
    throw new DatabaseError('ItemNotFound', 'no item with that id in this logical partition', { argument: 'id' });
  return undefined;
};

function bodyIn(raw: Raw): Raw {
  const body = childOf(raw, 'resourceBody');
  if (body === undefined) throw badRequest('the operation needs a resourceBody', 'resourceBody');
  return body;
}

function itemBodyIn(raw: Raw): Uint8Array {
  const body = bodyIn(raw);
  if (body.type !== BsonType.object) throw badRequest('resourceBody must be an object', 'resourceBody');
  return body.slice();
}

function idIn(raw: Raw): string {
  const id = childOf(raw, 'id');
  if (id === undefined || id.type !== BsonType.string) throw badRequest('the operation needs an id', 'id');
  return textOfRaw(id);
}

/** The key beside an operation of a bulk request: JSON within a string. */
function keyIn(raw: Raw, container: ContainerRecord): PartitionKeyValue {
  const key = valueOf(childOf(raw, 'partitionKey'));
  if (typeof key !== 'string') throw badRequest('the operation needs a partitionKey', 'partitionKey');
  return parseKey(container, key);
}

function conditionIn(raw: Raw): Condition | undefined {
  const ifMatch = valueOf(childOf(raw, 'ifMatch'));
  const ifNoneMatch = valueOf(childOf(raw, 'ifNoneMatch'));
  if (typeof ifMatch !== 'string' && typeof ifNoneMatch !== 'string') return undefined;
  return {
    ifMatch: typeof ifMatch === 'string' ? parseEtag(ifMatch) : undefined,
    ifNoneMatch: typeof ifNoneMatch === 'string' ? parseEtag(ifNoneMatch) : undefined,
  };
}
