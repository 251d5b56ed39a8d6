// The state of one log group: the catalog and every partition of an account in this process, folded from the
// group's log. It only sends each record where it belongs; what records mean is `catalog.ts` and `partition.ts`.

import { RecordKind, type RecordHeader } from '../model/record.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { Catalog, systemPartition, type CatalogListener } from './catalog.ts';
import type { StateMachine } from './commit.ts';
import { LogMarks } from './log-marks.ts';
import { Partition, type Graveyard, type Records } from './partition.ts';

export class GroupState implements StateMachine, CatalogListener {
  readonly catalog: Catalog;
  /** Where the change feeds of the partitions go on in the log. */
  readonly marks = new LogMarks();
  readonly #partitions = new Map<number, Partition>();
  readonly #records: Records;
  readonly #graveyard: Graveyard;
  readonly #touched = new Set<Partition>();

  constructor(records: Records, graveyard: Graveyard) {
    this.#records = records;
    this.#graveyard = graveyard;
    this.catalog = new Catalog(this, graveyard);
  }

  partition(number: number): Partition | undefined {
    return this.#partitions.get(number);
  }

  partitions(): IterableIterator<Partition> {
    return this.#partitions.values();
  }

  /** Bytes of all live items. */
  get liveBytes(): number {
    let bytes = 0;
    for (const partition of this.#partitions.values()) bytes += partition.items.bytes;
    return bytes;
  }

  /** Announces that a proposal is about to stage writes in this partition. Throws when its container is going. */
  enter(partition: Partition): Partition {
    this.catalog.requireAlive(partition.container);
    if (!this.#touched.has(partition)) {
      this.#touched.add(partition);
      partition.begin();
    }
    return partition;
  }

  begin(): void {
    this.#touched.clear();
    this.catalog.begin();
  }

  rollback(): void {
    this.catalog.rollback();
    for (const partition of this.#touched) partition.rollback();
  }

  discard(): void {
    this.catalog.discard();
    for (const partition of this.#partitions.values()) partition.discard();
  }

  apply(header: RecordHeader, record: Uint8Array, note?: unknown): void {
    if (header.partition === systemPartition) {
      this.catalog.apply(header, record);
      return;
    }
    const partition = this.#partitions.get(header.partition);
    this.marks.applied(header.partition, partition === undefined ? 0 : header.lsn, header.sequence);
    if (partition !== undefined) {
      partition.apply(header, record, note);
      return;
    }
    // Its container was deleted later in the log and the records before that are history.
    if (header.kind !== RecordKind.heartbeat) this.#graveyard.superseded(header.sequence, record.length);
  }

  containerPut(container: ContainerRecord): void {
    for (const record of container.partitions) {
      const known = this.#partitions.get(record.partition);
      if (known === undefined)
        this.#partitions.set(record.partition, new Partition(container, record, this.#records, this.#graveyard));
      else known.container = container;
    }
  }

  containerDropped(container: ContainerRecord): void {
    for (const record of container.partitions) {
      const partition = this.#partitions.get(record.partition);
      if (partition === undefined) continue;
      partition.dropped = true;
      this.#partitions.delete(record.partition);
      this.marks.forget(record.partition);
      for (const slot of partition.items.after(0)) this.#graveyard.superseded(slot.sequence, slot.bytes);
    }
  }
}
