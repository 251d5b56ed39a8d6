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

/** Codes after which it is begun anew: something it read was written, or its partition was split. */
const again: ReadonlySet<string> = new Set(['RetryWith', 'PartitionGone']);

export interface TransactEngine extends WriteEngine {
  readonly nextTime: () => HybridTime;
}

export interface Transacted<Value> {
  readonly value: Value;
  /** Request units, as the partition was charged. */
  readonly charge: number;
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
          // A partition that was split meanwhile is found again.
          const now = engine.catalog.container(container.database, container.id);
          return await attemptOnce(engine, now, key, body, context);
        } catch (error) {
          if (!(error instanceof DatabaseError) || attempt >= attemptsMax || !again.has(error.code)) throw error;
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
  engine.throughput.admit(partition);
  const { nowSeconds, nextTime } = engine;
  // The watch begins before the snapshot: a write in between is told, not missed.
  const { watch, release } = partition.watches.watch(partitionKeyText(partitionKey));
  const reading = openReading(engine.state, container, { partitionKey }, nowSeconds);
  try {
    const transaction = new LogicalTransaction({ partition, reading, partitionKey, nowSeconds, nextTime, watch });
    const value = await body(transaction);
    const { charge } = transaction;
    const writes = transaction.hasWrites
      ? await engine.submit((staging) => {
          engine.state.enter(partition);
          return transaction.commit(staging);
        })
      : [];
    engine.throughput.take(partition, charge);
    return { value, charge, writes };
  } finally {
    reading.release();
    release();
  }
}
