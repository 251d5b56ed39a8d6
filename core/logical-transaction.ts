// One attempt at a transaction in one logical partition: reads see a snapshot and, over it, what the transaction itself
// wrote; nothing is stored until it commits. Its writes are evaluated here as the partition would, so that the one who
// runs it learns of conflicts, conditions and unique keys at once, and again by the partition at the commit.
//
// Invariant: it commits only if everything it read is at the commit as it saw it, absent items too, and if it read the
// logical partition as a whole, nothing of it was written since. So transactions are serialisable with each other and
// with all other writes of the logical partition, in the order of their commits. One that wrote nothing needs no check:
// it took place at its snapshot.

import { everything } from '../indexer/filter.ts';
import { DatabaseError } from '../model/errors.ts';
import type { HybridTime } from '../model/hybrid-time.ts';
import type { Item, ItemWrite, PartitionKeyValue, Written } from '../model/operation.ts';
import { partitionKeyText } from '../model/partition-key.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { readCharge, roundCharge } from './charge.ts';
import { itemCharge, writeCharge } from './charged-terms.ts';
import { checkCondition } from './condition.ts';
import { isExpired } from './expiry.ts';
import { identityOf, storedForm } from './incoming.ts';
import type { Partition } from './partition.ts';
import type { Staging } from './proposal.ts';
import { containerRows, type SystemView } from './query/container-rows.ts';
import { positionsPerPartition } from './query/indexed-rows.ts';
import type { RowSource, ScannedItem } from './query/row-source.ts';
import type { Reading } from './reading.ts';
import { itemExists, itemMissing } from './refusals.ts';
import { StagedVersions, type ItemIdentity } from './staged-versions.ts';
import type { StoredItem } from './stored-item.ts';
import { asTransaction } from './transaction.ts';
import { UniqueGuard } from './unique.ts';
import { walkByCreation } from './walk.ts';

/** Writes of one transaction, and bytes of the bodies it may write: all of it is one entry of the log. */
export const transactionWritesMax = 1_000;
export const transactionBytesMax = 3 * 1024 * 1024;

/** Items that a transaction made have these numbers of creation until they are stored: above every real one. */
const provisionalFrom = positionsPerPartition - 4 * transactionWritesMax;

type Body = Extract<ItemWrite, { readonly body: Uint8Array }>;

/** What was written, as the transaction saw it and as it is stored. */
export interface StoredWrite {
  readonly provisional: Written;
  readonly stored: Written;
}

export class LogicalTransaction {
  readonly container: ContainerRecord;
  readonly partitionKey: PartitionKeyValue;
  readonly #partition: Partition;
  readonly #reading: Reading;
  readonly #key: string;
  readonly #nowSeconds: number;
  readonly #nextTime: () => HybridTime;
  readonly #watch: { readonly isTouched: boolean };
  readonly #seen = new Map<string, HybridTime | undefined>();
  readonly #staged = new StagedVersions();
  readonly #unique = new UniqueGuard();
  readonly #writes: { readonly write: ItemWrite; readonly provisional: Written }[] = [];
  /** Present versions of what was written; undefined for what was deleted. */
  readonly #overlay = new Map<string, Item | undefined>();
  #bytes = 0;
  #numbers = 0;
  #sawWhole = false;
  #charge = 0;

  constructor(parts: {
    readonly partition: Partition;
    readonly reading: Reading;
    readonly partitionKey: PartitionKeyValue;
    readonly nowSeconds: number;
    readonly nextTime: () => HybridTime;
    readonly watch: { readonly isTouched: boolean };
  }) {
    this.container = parts.reading.container;
    this.partitionKey = parts.partitionKey;
    this.#partition = parts.partition;
    this.#reading = parts.reading;
    this.#key = partitionKeyText(parts.partitionKey);
    this.#nowSeconds = parts.nowSeconds;
    this.#nextTime = parts.nextTime;
    this.#watch = parts.watch;
  }

  /** Request units so far. */
  get charge(): number {
    return roundCharge(this.#charge);
  }

  /** Adds what its caller did beside reading and writing items. */
  addCharge(charge: number): void {
    this.#charge += charge;
  }

  get hasWrites(): boolean {
    return this.#writes.length > 0;
  }

  /** The item of that id as the transaction sees it. */
  find(id: string): Item | undefined {
    if (this.#overlay.has(id)) return this.#overlay.get(id);
    const found = this.#stored(id);
    if (!this.#seen.has(id)) this.#seen.set(id, found?.time);
    return found;
  }

  read(id: string): Item {
    const item = this.find(id);
    if (item === undefined) throw itemMissing();
    this.#charge += readCharge(item.body.length);
    return item;
  }

  /** The item whose first version has that number: of the log, or one that the transaction made. */
  findCreated(created: number): Item | undefined {
    for (const item of this.#overlay.values()) if (item?.created === created) return item;
    const stored = this.#partition.findCreated(created);
    return stored === undefined ? undefined : this.find(stored.id);
  }

  #stored(id: string): StoredItem | undefined {
    const [reading] = this.#reading.partitions;
    const number = reading!.index.find(id, this.#key, reading!.view);
    const item = number === 0 ? undefined : reading!.item(number);
    return item !== undefined && item.id === id && item.key === this.#key ? item : undefined;
  }

  /** Evaluates a write. Throws DatabaseError and changes nothing when it may not be done. */
  write(write: ItemWrite): Written {
    const evaluated = this.#evaluate({ ...write, partitionKey: this.partitionKey });
    this.#charge += evaluated.charge;
    this.#writes.push({ write: { ...write, partitionKey: this.partitionKey }, provisional: evaluated });
    return evaluated;
  }

  #evaluate(write: ItemWrite): Written {
    if (this.#writes.length >= transactionWritesMax)
      throw new DatabaseError('TooLarge', `a transaction has at most ${transactionWritesMax} writes`);
    if (write.kind === 'delete-item') {
      const current = this.find(write.id);
      if (current === undefined) throw itemMissing();
      checkCondition(write.condition, current.time);
      this.#forget(write.id);
      return {
        container: this.container,
        item: current,
        change: 'deleted',
        charge: itemCharge(this.container, current.body),
      };
    }
    if (write.kind === 'edit-item') throw new DatabaseError('NotSupported', 'a transaction here edits no items');
    return this.#put(write);
  }

  #put(write: Body): Written {
    const { id } = identityOf(this.container, write.body, write.view, this.partitionKey, undefined);
    const before = write.kind === 'replace-item' ? (write.id ?? id) : id;
    if (before !== id && write.kind === 'replace-item' && write.renames !== true)
      throw new DatabaseError('BadRequest', 'the id in the body differs from the id in the address', {
        argument: 'id',
      });
    const current = this.find(before);
    if (current === undefined && write.kind === 'replace-item') throw itemMissing();
    if (current !== undefined && write.kind === 'create-item') throw itemExists();
    if (before !== id && this.find(id) !== undefined) throw itemExists();
    if (current !== undefined || write.kind !== 'upsert-item' || write.condition?.ifMatch === undefined)
      checkCondition(write.condition, current?.time);
    const body = storedForm(this.container, this.#identity(id), current, write.body, write.view);
    if (this.#bytes + body.length > transactionBytesMax)
      throw new DatabaseError('TooLarge', `a transaction writes at most ${transactionBytesMax} bytes`);
    this.#checkUnique(id, body, before);
    if (before !== id) this.#forget(before);
    const keepsPlace = current !== undefined && before === id;
    const item = this.#stage(id, body, keepsPlace ? current.created : provisionalFrom + ++this.#numbers);
    return {
      container: this.container,
      item,
      change: current === undefined ? 'created' : 'replaced',
      charge: writeCharge(this.container, current?.body, body),
    };
  }

  #identity(id: string): ItemIdentity {
    return { id, key: this.#key };
  }

  #checkUnique(id: string, body: Uint8Array, before: string): void {
    const partition = this.#partition;
    const read = (number: number): StoredItem | undefined => {
      const item = partition.read(number);
      return isExpired(this.container, item, this.#nowSeconds) ? undefined : item;
    };
    const leaving = before === id ? undefined : this.#identity(before);
    const state = { staged: this.#staged, index: partition.index, read, leaving };
    this.#unique.check(this.container, this.#identity(id), body, state);
  }

  #stage(id: string, body: Uint8Array, created: number): Item {
    const time = this.#nextTime();
    const item: Item = { body, id, time, lsn: created, created, partition: this.#partition.record };
    this.#bytes += body.length;
    this.#staged.stage(this.#identity(id), { ...item, sequence: created }, created);
    this.#unique.stage(this.container, this.#identity(id), body);
    this.#overlay.set(id, item);
    return item;
  }

  #forget(id: string): void {
    this.#staged.stage(this.#identity(id), undefined, 0);
    this.#overlay.set(id, undefined);
  }

  /** Every item of the logical partition, for queries: by the index as long as nothing was written. */
  rows(systemOf: SystemView): RowSource {
    this.#sawWhole = true;
    if (this.#overlay.size === 0) return containerRows(this.#reading, systemOf);
    const reading = this.#reading.partitions[0]!;
    const overlay = this.#overlay;
    const rowOf = (item: Item): ScannedItem & { readonly item: Item } => ({
      position: item.created,
      document: item.body,
      system: systemOf(item),
      item,
    });
    return {
      *scan({ after = 0 }): Iterable<ScannedItem> {
        for (const item of walkByCreation(reading, everything, { after }))
          if (item !== undefined) {
            const written = overlay.has(item.id) ? overlay.get(item.id) : item;
            // One that was deleted and made again comes later.
            if (written?.created === item.created) yield rowOf(written);
          }
        for (const item of overlay.values())
          if (item !== undefined && item.created > Math.max(after, provisionalFrom)) yield rowOf(item);
      },
    };
  }

  /** Within a proposal: checks what was read and stages what was written. Throws RetryWith when that no longer holds. */
  commit(staging: Staging): StoredWrite[] {
    if (this.#sawWhole && this.#watch.isTouched) throw outdated();
    const { partitionKey } = this;
    for (const [id, time] of this.#seen) {
      const edit = (current: Item | undefined): undefined => {
        if (current?.time !== time) throw outdated();
      };
      this.#partition.write({ kind: 'edit-item', id, partitionKey, edit }, staging, this.#nowSeconds);
    }
    const transaction = asTransaction(staging);
    const times = new Map<HybridTime, HybridTime>();
    return this.#writes.map(({ write, provisional }) => {
      const stored = this.#partition.write(conditionOnStored(write, times), transaction, this.#nowSeconds);
      times.set(provisional.item.time, stored.item.time);
      return { provisional, stored };
    });
  }
}

/** A condition may name the version that an earlier write of the transaction made. */
function conditionOnStored(write: ItemWrite, times: ReadonlyMap<HybridTime, HybridTime>): ItemWrite {
  const { condition } = write;
  if (condition === undefined) return write;
  const storedOf = (time: HybridTime | '*' | undefined): HybridTime | '*' | undefined =>
    typeof time === 'number' ? (times.get(time) ?? time) : time;
  const { ifMatch, ifNoneMatch } = condition;
  return { ...write, condition: { ifMatch: storedOf(ifMatch), ifNoneMatch: storedOf(ifNoneMatch) } };
}

function outdated(): DatabaseError {
  return new DatabaseError('RetryWith', 'what the transaction read was written meanwhile; try it again');
}
