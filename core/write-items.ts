// Writes to items: one, many independent ones, and all or nothing. Each becomes a proposal or several; partitions
// evaluate them (`partition.ts`).

import { DatabaseError } from '../model/errors.ts';
import type {
  Context,
  ItemWrite,
  Operation,
  PartitionKeyValue,
  Result,
  WriteOutcome,
  Written,
} from '../model/operation.ts';
import { haveSameParts } from '../model/partition-key.ts';
import type { ContainerRecord } from '../model/resource.ts';
import type { Catalog } from './catalog.ts';
import { failureCharge, roundCharge } from './charge.ts';
import type { GroupState } from './group.ts';
import { partitionKeyOf } from './identify.ts';
import type { Partition } from './partition.ts';
import type { Proposal, Staging } from './proposal.ts';
import { checkedPartitionKey } from './router.ts';
import type { Throughput } from './throughput.ts';
import { asTransaction } from './transaction.ts';
import { turnName, type Turns } from './turns.ts';

/** What a write needs of the engine. */
export interface WriteEngine {
  readonly catalog: Catalog;
  readonly state: GroupState;
  readonly throughput: Throughput;
  readonly nowSeconds: number;
  readonly turns: Turns;
  submit<Value>(proposal: Proposal<Value>): Promise<Value>;
  partitionFor(container: ContainerRecord, key: PartitionKeyValue, context: Context): Partition;
}

/** Writes of one `write-items` that share an entry: bounds how long one proposal holds the event loop. */
const writesPerEntryMax = 64;
const bytesPerEntryMax = 2 * 1024 * 1024;

/** Times a write is routed again because its partition was being split. */
const routesMax = 4;

/** Runs what routes itself again when the partition that it went to was split meanwhile. */
async function routed<Value>(run: () => Promise<Value>): Promise<Value> {
  for (let routes = 1; ; routes++)
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.code !== 'PartitionGone' || routes === routesMax) throw error;
    }
}

export async function writeItem(
  engine: WriteEngine,
  { database, container: id, write }: Operation<'write-item'>,
  context: Context,
): Promise<Result<'write-item'>> {
  if (engine.turns.holdsWrites) await passAll(engine, engine.catalog.container(database, id), [write]);
  return routed(() => {
    const container = engine.catalog.container(database, id);
    const partition = partitionOfWrite(engine, container, write, context);
    return engine.submit((staging) => {
      // Writes that came at once were admitted together: now that those before are charged, it is asked again.
      engine.throughput.admit(partition);
      return chargedWrite(engine, engine.state.enter(partition), write, staging);
    });
  });
}

/** Evaluates one write and charges the partition for it, also when it fails there. */
function chargedWrite(engine: WriteEngine, partition: Partition, write: ItemWrite, staging: Staging): Written {
  try {
    const written = partition.write(write, staging, engine.nowSeconds);
    engine.throughput.take(partition, written.charge);
    return written;
  } catch (error) {
    if (error instanceof DatabaseError) engine.throughput.take(partition, failureCharge(error.code));
    throw error;
  }
}

export async function writeItems(
  engine: WriteEngine,
  { database, container: id, writes, ordered }: Operation<'write-items'>,
  context: Context,
): Promise<Result<'write-items'>> {
  const named = engine.catalog.container(database, id);
  if (engine.turns.holdsWrites) await passAll(engine, named, writes);
  // All parts are queued at once, so that they share fsyncs; after a failure the later ones of an ordered list do nothing.
  let failed = false;
  const parts: Promise<WriteOutcome[]>[] = [];
  for (let start = 0; start < writes.length;) {
    const end = endOfPart(writes, start);
    const part = writes.slice(start, end);
    const written = routed(() =>
      engine.submit((staging) => {
        if (ordered && failed) return [];
        const container = engine.catalog.container(database, id);
        const outcomes = writeEach(engine, container, part, ordered, staging, context);
        failed ||= outcomes.some((outcome) => outcome.kind === 'failed');
        return outcomes;
      }),
    );
    written.catch(() => {
      failed = true;
    });
    parts.push(written);
    start = end;
  }
  const outcomes = (await Promise.all(parts)).flat();
  while (outcomes.length < writes.length) outcomes.push({ kind: 'skipped' });
  return outcomes;
}

export async function batchItems(
  engine: WriteEngine,
  { database, container: id, partitionKey, writes }: Operation<'batch-items'>,
  context: Context,
): Promise<Result<'batch-items'>> {
  if (engine.turns.holdsWrites) {
    const container = engine.catalog.container(database, id);
    await engine.turns.passed(turnName(container, checkedPartitionKey(container, partitionKey)));
  }
  let index = 0;
  let charge = 0;
  try {
    const written = await routed(() => {
      const container = engine.catalog.container(database, id);
      const partition = engine.partitionFor(container, checkedPartitionKey(container, partitionKey), context);
      return engine.submit((staging) => {
        engine.throughput.admit(partition);
        engine.state.enter(partition);
        const transaction = asTransaction(staging);
        return writes.map((write, i) => {
          index = i;
          const done = chargedWrite(engine, partition, withKey(write, partitionKey), transaction);
          charge += done.charge;
          return done;
        });
      });
    });
    return { kind: 'committed', written };
  } catch (error) {
    if (!(error instanceof DatabaseError) || notOfOneWrite.has(error.code)) throw error;
    return { kind: 'aborted', index, error, charge: roundCharge(charge + failureCharge(error.code)) };
  }
}

/** Codes that concern the batch as a whole, most because it may have happened: never reported as an abort. */
const notOfOneWrite: ReadonlySet<string> = new Set([
  'TooManyRequests',
  'OutcomeUnknown',
  'NotLeader',
  'Internal',
  'Unavailable',
  'StorageFull',
]);

/** Waits for the transactions that plain writes must wait for now. A write that is wrong is told so later. */
async function passAll(engine: WriteEngine, container: ContainerRecord, writes: readonly ItemWrite[]): Promise<void> {
  for (const write of writes) {
    let name: string;
    try {
      name = turnName(container, keyOfWrite(container, write));
    } catch {
      continue;
    }
    await engine.turns.passed(name);
  }
}

function partitionOfWrite(
  engine: WriteEngine,
  container: ContainerRecord,
  write: ItemWrite,
  context: Context,
): Partition {
  return engine.partitionFor(container, keyOfWrite(container, write), context);
}

function keyOfWrite(container: ContainerRecord, write: ItemWrite): PartitionKeyValue {
  if (write.kind === 'delete-item' || write.kind === 'edit-item')
    return checkedPartitionKey(container, write.partitionKey);
  // The body decides; a key given beside it is compared with it where the write is evaluated.
  return write.partitionKey === undefined
    ? partitionKeyOf(container, write.body)
    : checkedPartitionKey(container, write.partitionKey);
}

function withKey(write: ItemWrite, partitionKey: PartitionKeyValue): ItemWrite {
  const own = write.partitionKey;
  return own !== undefined && haveSameParts(own, partitionKey) ? write : { ...write, partitionKey };
}

function writeEach(
  engine: WriteEngine,
  container: ContainerRecord,
  writes: readonly ItemWrite[],
  ordered: boolean,
  staging: Staging,
  context: Context,
): WriteOutcome[] {
  const outcomes: WriteOutcome[] = [];
  for (const write of writes) {
    try {
      const partition = engine.state.enter(partitionOfWrite(engine, container, write, context));
      outcomes.push({ kind: 'written', written: chargedWrite(engine, partition, write, staging) });
    } catch (error) {
      // The whole part is routed again.
      if (!(error instanceof DatabaseError) || error.code === 'PartitionGone') throw error;
      outcomes.push({ kind: 'failed', error });
      if (ordered) break;
    }
  }
  return outcomes;
}

function endOfPart(writes: readonly ItemWrite[], start: number): number {
  let bytes = 0;
  let end = start;
  while (end < writes.length && end - start < writesPerEntryMax) {
    const write = writes[end]!;
    bytes += 'body' in write ? write.body.length : 0;
    if (end > start && bytes > bytesPerEntryMax) break;
    end++;
  }
  return end;
}
