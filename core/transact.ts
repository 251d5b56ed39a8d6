// Runs transactions in logical partitions: those of one logical partition one after the other, since they would only
// undo each other's work. One whose reads were outdated by a plain write runs again from its beginning with a new
// snapshot, and then plain writes of its logical partition wait for it: else a busy item would starve it.

import { DatabaseError } from '../model/errors.ts';
import type { HybridTime } from '../model/hybrid-time.ts';
import type { Context, PartitionKeyValue } from '../model/operation.ts';
import { partitionKeyText } from '../model/partition-key.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { LogicalTransaction, type StoredWrite } from './logical-transaction.ts';
import { openReading } from './reading.ts';
import { checkedPartitionKey } from './router.ts';
import { turnName } from './turns.ts';
import type { WriteEngine } from './write-items.ts';

/** Times a transaction is begun before its caller is told to try again later. */
export const attemptsMax = 5;

export interface TransactEngine extends WriteEngine {
  readonly nextTime: () => HybridTime;
}

export interface Transacted<Value> {
  readonly value: Value;
  /** What was written, in order. */
  readonly writes: readonly StoredWrite[];
}

/**
 * Runs `body` with a transaction and commits what it wrote; nothing is stored when it throws. It may run several times.
 */
export function transact<Value>(
  engine: TransactEngine,
  container: ContainerRecord,
  partitionKey: PartitionKeyValue,
  body: (transaction: LogicalTransaction) => Promise<Value>,
  context: Context,
): Promise<Transacted<Value>> {
  const key = checkedPartitionKey(container, partitionKey);
  const name = turnName(container, key);
  return engine.turns.take(name, async () => {
    let letOn: (() => void) | undefined;
    try {
      for (let attempt = 1; ; attempt++) {
        if (context.signal?.aborted === true) throw new DatabaseError('Cancelled', 'the caller went away');
        try {
          return await attemptOnce(engine, container, key, body, context);
        } catch (error) {
          const isOutdated = error instanceof DatabaseError && error.code === 'RetryWith';
          if (!isOutdated || attempt >= attemptsMax) throw error;
          letOn ??= engine.turns.holdWrites(name);
        }
      }
    } finally {
      letOn?.();
    }
  });
}

async function attemptOnce<Value>(
  engine: TransactEngine,
  container: ContainerRecord,
  partitionKey: PartitionKeyValue,
  body: (transaction: LogicalTransaction) => Promise<Value>,
  context: Context,
): Promise<Transacted<Value>> {
  const partition = engine.partitionFor(container, partitionKey, context);
  const { nowSeconds, nextTime } = engine;
  // The watch begins before the snapshot: a write in between is told, not missed.
  const { watch, release } = partition.watches.watch(partitionKeyText(partitionKey));
  const reading = openReading(engine.state, container, { partitionKey }, nowSeconds);
  try {
    const transaction = new LogicalTransaction({ partition, reading, partitionKey, nowSeconds, nextTime, watch });
    const value = await body(transaction);
    if (!transaction.hasWrites) return { value, writes: [] };
    const writes = await engine.submit((staging) => {
      engine.state.enter(partition);
      return transaction.commit(staging);
    });
    return { value, writes };
  } finally {
    reading.release();
    release();
  }
}
