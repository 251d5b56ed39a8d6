// The state of one log group: the catalog and every partition of an account in this process, folded from the
// group's log. It only sends each record where it belongs; what records mean is `catalog.ts` and `partition.ts`.

import { RecordKind, type RecordHeader } from '../model/record.ts';
import { firstLsnOf, type ContainerRecord, type PartitionRecord } from '../model/resource.ts';
import { Catalog, systemPartition, type CatalogListener } from './catalog.ts';
import type { StateMachine } from './proposal.ts';
import type { IndexMoment } from './index-moment.ts';
import { LogMarks } from './log-marks.ts';
import { Partition, type Graveyard, type Records } from './partition.ts';
import { indexOptionsOf, type IndexHome, type OpenedIndex } from './index-home.ts';
import { optionsText } from './index-options.ts';
import { partitionGone } from './refusals.ts';

/** A reader that needs the versions as they were at a sequence. */
export interface Hold {
  readonly sequence: number;
  readonly release: () => void;
}

export class GroupState implements StateMachine, CatalogListener {
  readonly catalog: Catalog;
  /** Where the change feeds of the partitions go on in the log. */
  readonly marks = new LogMarks();
  readonly #partitions = new Map<number, Partition>();
  readonly #records: Records;
  readonly #graveyard: Graveyard;
  readonly #home: IndexHome;
  /** Partitions whose index was built for another policy than their container has now. */
  readonly outdated = new Set<Partition>();
  readonly #touched = new Set<Partition>();
  readonly #holds = new Set<Hold>();
  #sequence = 0;
  #hybridTime = 0;

  constructor(records: Records, graveyard: Graveyard, home: IndexHome) {
    this.#records = records;
    this.#graveyard = graveyard;
    this.#home = home;
    this.catalog = new Catalog(this, graveyard);
  }

  /** Who keeps the indexes. */
  get home(): IndexHome {
    return this.#home;
  }

  /** Sequence of the last applied record. */
  get sequence(): number {
    return this.#sequence;
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
    for (const partition of this.#partitions.values()) bytes += partition.liveBytes;
    return bytes;
  }

  /** Announces that a proposal is about to stage writes in this partition. Throws when its container is going. */
  enter(partition: Partition): Partition {
    if (partition.retired) throw partitionGone();
    this.catalog.requireAlive(partition.container, partition.record.partition);
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

  /** What the keeper of the indexes must know of the present moment. */
  moment(): IndexMoment {
    const sequence = this.#sequence;
    return {
      sequence,
      hybridTime: this.#hybridTime,
      catalogLsn: this.catalog.lsn,
      catalog: () => this.catalog.sequencesAt(sequence),
      liveBytesOf: (partition) => this.#partitions.get(partition)?.liveBytes ?? 0,
    };
  }

  /** Keeps superseded records readable that are live now, until the hold is released. */
  hold(): Hold {
    const hold: Hold = { sequence: this.#sequence, release: () => void this.#holds.delete(hold) };
    this.#holds.add(hold);
    return hold;
  }

  /** Versions that records above this sequence ended are still being read. Infinity when nobody reads. */
  heldFrom(): number {
    let lowest = Infinity;
    for (const { sequence } of this.#holds) if (sequence < lowest) lowest = sequence;
    return lowest + 1;
  }

  apply(header: RecordHeader, record: Uint8Array, note?: unknown): void {
    this.#sequence = header.sequence;
    this.#hybridTime = header.hybridTime;
    if (header.partition === systemPartition) {
      this.catalog.apply(header, record);
      return;
    }
    const partition = this.#partitions.get(header.partition);
    if (partition !== undefined) {
      this.marks.applied(header.partition, header.lsn, header.sequence);
      partition.apply(header, record, note);
      return;
    }
    // Its container was deleted later in the log and the records before that are history.
    if (header.kind !== RecordKind.heartbeat)
      this.#graveyard.superseded(header.sequence, record.length, header.sequence);
  }

  containerPut(container: ContainerRecord): void {
    const ended: Partition[] = [];
    for (const record of container.partitions) {
      const known = this.#partitions.get(record.partition);
      if (known === undefined) this.#begin(container, record, ended);
      else known.container = container;
      const partition = this.#partitions.get(record.partition)!;
      if (partition.isIndexOutdated) this.outdated.add(partition);
    }
    for (const partition of ended) {
      this.#partitions.delete(partition.record.partition);
      this.outdated.delete(partition);
      partition.retire(this.#sequence);
    }
  }

  /** A partition that is new, or made of another that ends with it. */
  #begin(container: ContainerRecord, record: PartitionRecord, ended: Partition[]): void {
    const parent = this.#partitions.get(record.origins.at(-1)?.partition ?? systemPartition);
    const target = parent?.rebuilding?.targets.find(({ range }) => range?.minInclusive === record.minInclusive);
    let opened: OpenedIndex | undefined;
    if (target !== undefined) {
      target.build.install(record.partition);
      const { build, liveBytes } = target;
      const outdated = optionsText(parent!.rebuilding!.options) !== optionsText(indexOptionsOf(container));
      opened = { index: build.index, liveBytes, outdated, lsnFloor: 0, known: true };
      this.#home.begun(record.partition, this.#sequence, firstLsnOf(record));
    }
    const partition = new Partition(container, record, this.#records, this.#graveyard, this.#home, opened);
    this.#partitions.set(record.partition, partition);
    if (parent === undefined) return;
    partition.adopt(parent, this.#sequence);
    if (!ended.includes(parent)) ended.push(parent);
  }

  containerDropped(container: ContainerRecord, killer: number): void {
    for (const record of container.partitions) {
      const partition = this.#partitions.get(record.partition);
      if (partition === undefined) continue;
      this.#partitions.delete(record.partition);
      this.outdated.delete(partition);
      partition.drop(killer);
      for (const { partition: number } of [record, ...record.origins]) this.marks.forget(number);
    }
  }
}
