// Verifies a store from below: every record by itself, the chain of each log, and what the logs fold to. It trusts
// nothing that a server trusts, and goes on after damage, to tell how much there is.
//
// What holds, and is checked, per log:
//  - a record's checksum, its place, its BSON; entries are whole;
//  - between neighbours the chain, and epochs and times that never fall;
//  - a record may be missing only below the trim mark; within a partition LSNs rise, and by more than one only
//    where at least as many records are missing;
//  - a version supersedes the last known one of its item;
//  - the catalog folds, and the version of every record names its item.

import { validateBson } from '../model/bson/validate.ts';
import { effectivePartitionKey, isInRange } from '../model/effective-partition-key.ts';
import { DatabaseError } from '../model/errors.ts';
import {
  bodyOf,
  checksumOf,
  decodeHeader,
  RecordFlag,
  recordFault,
  recordHeaderBytes,
  RecordKind,
  type RecordHeader,
} from '../model/record.ts';
import { firstLsnOf, type ContainerRecord, type PartitionRecord } from '../model/resource.ts';
import { Catalog, systemPartition } from './catalog.ts';
import { checkIndex } from './check-index.ts';
import { idOf, partitionKeyOf } from './identify.ts';
import type { IndexKeeper } from './index-keeper.ts';
import { openEmbeddedLog, recordKey, recordPlaceOf, trimmedToOf } from './storage/embedded-log.ts';
import type { Store } from './storage/store.ts';

/** Faults listed in words; all are counted. */
export const faultsListedMax = 100;

/** What a log holds. */
export interface LogReport {
  readonly account: number;
  readonly group: number;
  records: number;
  bytes: number;
  entries: number;
  /** Records removed because they were superseded. */
  trimmed: number;
  databases: number;
  containers: number;
  partitions: number;
  items: number;
}

export interface CheckReport {
  readonly logs: LogReport[];
  faultCount: number;
  readonly faults: string[];
}

export interface CheckOptions {
  /** Told how many records were read. */
  readonly onRecords?: ((records: number) => void) | undefined;
  /** Opens the index of a log as a server would; absent: only logs are checked. */
  readonly openIndex?: ((account: number, group: number) => Promise<IndexKeeper>) | undefined;
}

export async function checkStore(store: Store, options: CheckOptions = {}): Promise<CheckReport> {
  const report: CheckReport = { logs: [], faultCount: 0, faults: [] };
  const tell = (fault: string): void => {
    report.faultCount++;
    if (report.faults.length < faultsListedMax) report.faults.push(fault);
  };
  let log: LogCheck | undefined;
  let seen = 0;
  try {
    for await (const chunk of store.scan({})) {
      for (const [key, record] of chunk) {
        const place = recordPlaceOf(key);
        if (place === undefined) continue;
        if (log === undefined || log.report.account !== place.account || log.report.group !== place.group) {
          await log?.finish(options.openIndex);
          log = new LogCheck(store, place.account, place.group, tell);
          report.logs.push(log.report);
        }
        log.take(place.sequence, record);
      }
      seen += chunk.length;
      options.onRecords?.(seen);
    }
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    tell(`the store cannot be read further: ${error.message}`);
  }
  await log?.finish(options.openIndex);
  return report;
}

/** What is known of a partition while its log is read. */
interface Track {
  lsn: number;
  /** Records missing from the log when its last record was met. */
  missing: number;
  /** Sequence of the last version of each item, by the LSN of its first. */
  readonly versions: Map<number, number>;
}

class LogCheck {
  readonly report: LogReport;
  readonly #store: Store;
  readonly #tell: (fault: string) => void;
  readonly #trimmedTo: number;
  readonly #catalog: Catalog;
  /** Containers by the numbers of their partitions. */
  readonly #containers = new Map<number, ContainerRecord>();
  readonly #tracks = new Map<number, Track>();
  #before: { readonly header: RecordHeader; readonly checksum: number } | undefined;
  #expected = 1;
  #missing = 0;
  /** Why the fold stopped. */
  #unfolded: string | undefined;

  constructor(store: Store, account: number, group: number, tell: (fault: string) => void) {
    this.#store = store;
    this.#trimmedTo = trimmedToOf(store, { account, group });
    const counts = {
      records: 0,
      bytes: 0,
      entries: 0,
      trimmed: 0,
      databases: 0,
      containers: 0,
      partitions: 0,
      items: 0,
    };
    this.report = { account, group, ...counts };
    this.#tell = (fault) => tell(`account ${account}, log ${group}: ${fault}`);
    const listener = {
      containerPut: (container: ContainerRecord) => {
        for (const record of container.partitions) {
          if (!this.#containers.has(record.partition)) this.#beginPartition(container, record);
          this.#containers.set(record.partition, container);
        }
        const living = new Set(container.partitions.map(({ partition }) => partition));
        for (const { partition } of container.partitions.flatMap(({ origins }) => origins)) {
          if (living.has(partition)) continue;
          this.#containers.delete(partition);
          this.#tracks.delete(partition);
        }
      },
      containerDropped: (container: ContainerRecord) => {
        for (const { partition } of container.partitions) {
          this.#containers.delete(partition);
          this.#tracks.delete(partition);
        }
      },
    };
    this.#catalog = new Catalog(listener, { superseded: () => undefined });
  }

  /** A partition made of another begins with the versions of that one which are in its range. */
  #beginPartition(container: ContainerRecord, record: PartitionRecord): void {
    const parent = this.#tracks.get(record.origins.at(-1)?.partition ?? systemPartition);
    if (record.origins.length === 0) return;
    const versions = new Map<number, number>();
    for (const [created, sequence] of parent?.versions ?? []) {
      const stored = this.#read(sequence);
      if (stored === undefined) continue;
      const key = partitionKeyOf(container, bodyOf(stored));
      if (isInRange(record, effectivePartitionKey(container.partitionKey, key))) versions.set(created, sequence);
    }
    this.#tracks.set(record.partition, { lsn: firstLsnOf(record), missing: this.#missing, versions });
  }

  take(sequence: number, record: Uint8Array): void {
    const { report } = this;
    report.records++;
    report.bytes += record.length;
    this.#checkGap(sequence);
    const fault = recordFault(record);
    if (fault !== undefined) {
      this.#tell(`record ${sequence}: ${fault}`);
      this.#before = undefined;
      // Its place is taken; what it was cannot be known.
      this.#missing++;
      this.#unfolded ??= `record ${sequence} is damaged`;
      return;
    }
    const header = decodeHeader(record);
    if (header.sequence !== sequence) this.#tell(`record ${sequence} says that it is ${header.sequence}`);
    this.#checkNeighbour(sequence, header);
    if ((header.flags & RecordFlag.lastOfEntry) !== 0) report.entries++;
    this.#before = { header, checksum: checksumOf(record) };
    if (header.kind === RecordKind.open || header.kind === RecordKind.heartbeat) return;
    this.#checkVersion(sequence, header);
    this.#checkBody(sequence, record);
    this.#fold(sequence, header, record);
  }

  async finish(openIndex: CheckOptions['openIndex']): Promise<void> {
    const { report } = this;
    if (this.#before !== undefined && (this.#before.header.flags & RecordFlag.lastOfEntry) === 0)
      this.#tell('the log ends within an entry');
    if (this.#unfolded !== undefined) {
      this.#tell(`the items cannot be counted: ${this.#unfolded}`);
      return;
    }
    const catalog = this.#catalog;
    for (const { id } of catalog.databases()) {
      report.databases++;
      report.containers += catalog.containers(id).length;
    }
    report.partitions = this.#containers.size;
    for (const partition of this.#containers.keys()) report.items += this.#tracks.get(partition)?.versions.size ?? 0;
    if (openIndex !== undefined) await this.#checkIndex(openIndex);
  }

  async #checkIndex(openIndex: NonNullable<CheckOptions['openIndex']>): Promise<void> {
    const { account, group } = this.report;
    const live = (partition: number): readonly number[] =>
      [...(this.#tracks.get(partition)?.versions.values() ?? [])].sort((a, b) => a - b);
    const log = await openEmbeddedLog(this.#store, { account, group });
    try {
      const keeper = await openIndex(account, group);
      try {
        await checkIndex(log, keeper, live, this.#tell);
      } finally {
        await keeper.close();
      }
    } catch (error) {
      this.#tell(`the index cannot be opened: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await log.close();
    }
  }

  #checkGap(sequence: number): void {
    const gap = sequence - this.#expected;
    if (gap > 0) {
      this.#missing += gap;
      this.report.trimmed += gap;
      this.#before = undefined;
      const firstLost = Math.max(this.#expected, this.#trimmedTo + 1);
      if (sequence - 1 >= firstLost) {
        const lost = sequence - firstLost;
        this.report.trimmed -= lost;
        this.#tell(
          lost === 1 ? `record ${firstLost} is missing` : `records ${firstLost} to ${sequence - 1} are missing`,
        );
        this.#unfolded ??= `record ${firstLost} is missing`;
      }
    }
    this.#expected = sequence + 1;
  }

  #checkNeighbour(sequence: number, header: RecordHeader): void {
    const before = this.#before;
    if (before === undefined) return;
    const within = (before.header.flags & RecordFlag.lastOfEntry) === 0;
    if (header.chain !== before.checksum)
      this.#tell(`record ${sequence} does not follow record ${sequence - 1}: the chain is broken`);
    if (header.epoch < before.header.epoch)
      this.#tell(`record ${sequence} was written by an earlier epoch than the one before it`);
    if (header.hybridTime < before.header.hybridTime) this.#tell(`record ${sequence} is older than the one before it`);
    if (header.index !== (within ? before.header.index + 1 : 0))
      this.#tell(`record ${sequence} has the wrong place in its entry`);
  }

  #checkVersion(sequence: number, header: RecordHeader): void {
    const { partition, lsn, created, supersedes } = header;
    let track = this.#tracks.get(partition);
    if (track === undefined) this.#tracks.set(partition, (track = { lsn: 0, missing: 0, versions: new Map() }));
    const skipped = lsn - track.lsn - 1;
    if (skipped < 0) this.#tell(`record ${sequence}: the LSNs of partition ${partition} do not rise`);
    else if (skipped > this.#missing - track.missing)
      this.#tell(
        `record ${sequence}: partition ${partition} goes from LSN ${track.lsn} to ${lsn}, and too few records are missing`,
      );
    track.lsn = lsn;
    track.missing = this.#missing;
    const last = track.versions.get(created) ?? 0;
    // The versions between the first record of a container and its current one may be trimmed.
    const isTrimmed = supersedes > last && supersedes <= this.#trimmedTo && this.#read(supersedes) === undefined;
    if (supersedes >= sequence || (last !== 0 && supersedes !== last && !isTrimmed))
      this.#tell(`record ${sequence} supersedes record ${supersedes}, not ${last}`);
    // An item that is made where an expired one still lay ends that one, too.
    if (supersedes !== 0 && created === lsn) track.versions.delete(this.#createdOf(supersedes));
    if (header.kind === RecordKind.delete) track.versions.delete(created);
    else track.versions.set(created, sequence);
  }

  #checkBody(sequence: number, record: Uint8Array): void {
    try {
      validateBson(record, recordHeaderBytes, record.length);
    } catch (error) {
      this.#tell(`record ${sequence}: its body is not BSON: ${error instanceof Error ? error.message : String(error)}`);
      this.#unfolded ??= `record ${sequence} is damaged`;
    }
  }

  #fold(sequence: number, header: RecordHeader, record: Uint8Array): void {
    if (this.#unfolded !== undefined) return;
    try {
      if (header.partition === systemPartition) this.#catalog.apply(header, record);
      else if (header.kind !== RecordKind.delete) this.#checkIdentity(header.partition, bodyOf(record));
    } catch (error) {
      this.#tell(`record ${sequence} cannot be applied: ${error instanceof Error ? error.message : String(error)}`);
      this.#unfolded = `record ${sequence} cannot be applied`;
    }
  }

  #checkIdentity(partition: number, body: Uint8Array): void {
    const container = this.#containers.get(partition);
    // Of a container that was deleted later in the log.
    if (container === undefined) return;
    idOf(container, body);
    partitionKeyOf(container, body);
  }

  #createdOf(sequence: number): number {
    const record = this.#read(sequence);
    return record === undefined ? 0 : decodeHeader(record).created;
  }

  #read(sequence: number): Uint8Array | undefined {
    const { account, group } = this.report;
    return this.#store.getSync(recordKey({ account, group }, sequence));
  }
}
