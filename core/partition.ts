// One physical partition: a deterministic state machine over its part of the log group. Writes are evaluated
// against the applied state plus what earlier proposals of the same commit group staged; only durable records
// are applied, and readers see only what is applied.
//
// Invariants: a write stages nothing unless all its checks passed; LSNs are dense from 1; a record is applied once.

import { equal, everything } from '../indexer/filter.ts';
import { idEquals } from '../indexer/identity.ts';
import { NumberCursor } from '../indexer/lookup.ts';
import type { PartitionIndex } from '../indexer/partition-index.ts';
import { createdPath } from '../indexer/paths.ts';
import { effectivePartitionKey, isInRange } from '../model/effective-partition-key.ts';
import { DatabaseError } from '../model/errors.ts';
import { BsonWriter } from '../model/bson/write.ts';
import { secondsOf } from '../model/hybrid-time.ts';
import type { Condition, Item, ItemWrite, PartitionKeyValue, WriteView, Written } from '../model/operation.ts';
import { parsePartitionKeyHeader, partitionKeyText } from '../model/partition-key.ts';
import { bodyOf, RecordFlag, RecordKind, recordHeaderBytes, type RecordHeader } from '../model/record.ts';
import { firstLsnOf, type ContainerRecord, type PartitionRecord } from '../model/resource.ts';
import { readCharge } from './charge.ts';
import { itemCharge, writeCharge } from './charged-terms.ts';
import { checkCondition } from './condition.ts';
import type { Staging } from './proposal.ts';
import { defaultTtlOf, isExpired, ttlOf } from './expiry.ts';
import { checkedForm, factsOfRecord, identityOf, storedForm } from './incoming.ts';
import { indexOptionsOf, type IndexHome, type IndexOptions, type OpenedIndex } from './index-home.ts';
import { optionsText } from './index-options.ts';
import type { Rebuilding } from './rebuild.ts';
import { KeyWatches } from './key-watches.ts';
import { immutable, itemExists, itemMissing, containerGone, partitionGone } from './refusals.ts';
import { StagedVersions, type CurrentVersion, type DraftNote, type ItemIdentity } from './staged-versions.ts';
import { absentItem, factsOf, StoredItem } from './stored-item.ts';
import { uniqueKeysOf } from './unique-key.ts';
import { UniqueGuard } from './unique.ts';

/** Where the bytes of a record are: the embedded log, or the local store of a follower. */
export interface Records {
  /** The record of that sequence, verified; undefined when it was trimmed. */
  get(sequence: number): Uint8Array | undefined;
}

/** Told about versions that ended, so that their records can be removed in time. */
export interface Graveyard {
  /** `killer` is the sequence of the record that ended it; a tombstone ends itself. */
  superseded(sequence: number, bytes: number, killer: number): void;
}

/** Longer identities are found in the index by hash and must be compared (`indexer/composite-key.ts`). */
const comparedIdentityLengthMin = 170;

export class Partition {
  readonly record: PartitionRecord;
  /** Set while its index is being built anew, or those of the partitions it will be split into. */
  rebuilding: Rebuilding | undefined;
  /** Set when it was split: nothing is written to it any more. Readings that began before go on. */
  retired = false;
  #index: PartitionIndex;
  #indexText: string;
  readonly #lsnFloor: number;
  readonly #records: Records;
  readonly #graveyard: Graveyard;
  readonly #home: IndexHome;
  /** Current definition of the container it belongs to; replaced when the container's settings are. */
  container: ContainerRecord;
  /** Set when its container was deleted: queued writes and paused reads must stop. */
  dropped = false;
  #liveBytes: number;
  /** False while nothing told what it holds: it was made of another, whose items it must take. */
  readonly isKnown: boolean;
  #lsn: number;
  #stagedLsn: number;
  readonly watches = new KeyWatches();
  readonly #staged = new StagedVersions(this.watches);
  readonly #unique = new UniqueGuard();
  #undoLsn = 0;

  constructor(
    container: ContainerRecord,
    record: PartitionRecord,
    records: Records,
    graveyard: Graveyard,
    home: IndexHome,
    /** Its index, when that was built before the partition was. */
    opened?: OpenedIndex,
  ) {
    this.container = container;
    this.record = record;
    this.#records = records;
    this.#graveyard = graveyard;
    this.#home = home;
    const options = indexOptionsOf(container);
    const { index, liveBytes, outdated, lsnFloor, known } = opened ?? home.openIndex(record.partition, options);
    this.isKnown = known;
    this.#index = index;
    this.#indexText = outdated ? '' : optionsText(options);
    this.#lsnFloor = lsnFloor;
    this.#liveBytes = liveBytes;
    this.#lsn = this.#stagedLsn = Math.max(index.lsn, firstLsnOf(record));
  }

  /** Item numbers are log sequences. */
  get index(): PartitionIndex {
    return this.#index;
  }

  /** True when the index was built for another policy than the container's. */
  get isIndexOutdated(): boolean {
    return this.#indexText !== optionsText(indexOptionsOf(this.container));
  }

  /** From now on that is its index, built for this policy. */
  useIndex(index: PartitionIndex, options: IndexOptions): void {
    this.#index = index;
    this.#indexText = optionsText(options);
  }

  /** Nothing is written to it any more. */
  get isOver(): boolean {
    return this.dropped || this.retired;
  }

  /** Begins as a part of a partition that ended with the record `sequence`, with the items of that one in its range. */
  adopt(parent: Partition, sequence: number): void {
    if (this.isKnown) return;
    const cursor = new NumberCursor(parent.index.now(), everything);
    for (let number = cursor.next(); number !== 0; number = cursor.next()) {
      const item = this.read(number);
      if (!this.owns(item.key)) continue;
      this.#liveBytes += item.body.length;
      this.#index.add(number, item.lsn, item.body, factsOf(item));
    }
    if (this.#index.lsn < this.#lsn) this.#index.kill(0, this.#lsn);
    this.#home.begun(this.record.partition, sequence, this.#lsn);
  }

  /** Whether its range has the key of that text. */
  owns(key: string): boolean {
    return isInRange(this.record, effectivePartitionKey(this.container.partitionKey, parsePartitionKeyHeader(key)));
  }

  /** Ends: that record split it. */
  retire(sequence: number): void {
    this.retired = true;
    this.#home.retire(this.record.partition, sequence);
  }

  /** The log was read to its end. */
  recovered(): void {
    this.#lsn = this.#stagedLsn = Math.max(this.#lsn, this.#lsnFloor);
  }

  /** LSN of the last record that a proposal of the present commit group staged, or that was applied. */
  get stagedLsn(): number {
    return this.#stagedLsn;
  }

  /** LSN of the last applied record. */
  get lsn(): number {
    return this.#lsn;
  }

  /** Live items, expired ones that nobody removed yet included. */
  get itemCount(): number {
    return this.index.items;
  }

  /** Bytes of their bodies. */
  get liveBytes(): number {
    return this.#liveBytes;
  }

  // Staging, driven by the commit group.

  begin(): void {
    this.#staged.begin();
    this.#undoLsn = this.#stagedLsn;
  }

  rollback(): void {
    this.#staged.rollback();
    this.#stagedLsn = this.#undoLsn;
  }

  discard(): void {
    this.#staged.discard();
    this.#unique.clear();
    this.#stagedLsn = this.#lsn;
  }

  /** The item as the next write of this commit group must see it. */
  #current(identity: ItemIdentity, nowSeconds: number): CurrentVersion | undefined {
    const last = this.#last(identity);
    return last instanceof StoredItem && isExpired(this.container, last, nowSeconds) ? undefined : last;
  }

  /** As `#current`, but an expired version counts: it is still to be ended. */
  #last(identity: ItemIdentity): CurrentVersion | undefined {
    const staged = this.#staged.get(identity);
    if (staged === 'unknown') return this.#find(identity.id, identity.key);
    return staged === 'deleted' ? undefined : staged;
  }

  /** The live version of that identity, expired or not. */
  #find(id: string, key: string): StoredItem | undefined {
    const number = this.index.find(id, key);
    if (number === 0) return undefined;
    const item = this.read(number);
    if (id.length + key.length < comparedIdentityLengthMin) return item;
    return item.id === id && item.key === key ? item : undefined;
  }

  /** Evaluates one write and stages its record. Throws DatabaseError and stages nothing when it may not be done. */
  write(write: ItemWrite, staging: Staging, nowSeconds: number): Written {
    if (this.dropped) throw containerGone(this.container);
    if (this.retired) throw partitionGone();
    switch (write.kind) {
      case 'create-item':
      case 'upsert-item':
      case 'replace-item': {
        const renames = write.kind === 'replace-item' && write.renames === true;
        const identity = identityOf(
          this.container,
          write.body,
          write.view,
          write.partitionKey,
          renames ? undefined : write.id,
        );
        if (renames && write.id !== undefined && write.id !== identity.id)
          return this.#rename({ id: write.id, key: identity.key }, identity, write, staging, nowSeconds);
        const current = this.#current(identity, nowSeconds);
        if (current === undefined && write.kind === 'replace-item') throw itemMissing();
        if (current !== undefined && write.kind === 'create-item') throw itemExists();
        // An upsert's If-Match is about a version to overwrite: with nothing there, there is nothing to lose.
        if (current !== undefined || write.kind !== 'upsert-item' || write.condition?.ifMatch === undefined)
          checkCondition(write.condition, current?.time);
        const body = storedForm(this.container, identity, current, write.body, write.view);
        return this.#put(identity, current, body, staging, nowSeconds);
      }
      case 'delete-item': {
        const identity = { id: write.id, key: partitionKeyText(write.partitionKey) };
        const current = this.#current(identity, nowSeconds);
        if (current === undefined) throw itemMissing();
        checkCondition(write.condition, current.time);
        return this.#delete(identity, current, staging, 0);
      }
      case 'edit-item': {
        const identity = { id: write.id, key: partitionKeyText(write.partitionKey) };
        const current = this.#current(identity, nowSeconds);
        checkCondition(write.condition, current?.time);
        const edited = write.edit(current);
        if (edited === undefined)
          return {
            container: this.container,
            item: current ?? absentItem(this.record, write.id),
            change: 'none',
            charge: readCharge(current?.body.length ?? 0),
          };
        if (edited === 'delete') {
          if (current === undefined) throw itemMissing();
          return this.#delete(identity, current, staging, 0);
        }
        const after = identityOf(this.container, edited, 'exact', undefined, undefined);
        if (after.id !== identity.id) throw immutable('the id');
        if (after.key !== identity.key) throw immutable('the partition key');
        const body = checkedForm(this.container, current?.body, edited);
        return this.#put(identity, current, body, staging, nowSeconds);
      }
    }
  }

  /** Deletes under the old id and creates under the new one: order of creation and `_rid` are those of a new item. */
  #rename(
    before: ItemIdentity,
    after: ItemIdentity,
    write: { readonly body: Uint8Array; readonly view: WriteView; readonly condition?: Condition | undefined },
    staging: Staging,
    nowSeconds: number,
  ): Written {
    const current = this.#current(before, nowSeconds);
    if (current === undefined) throw itemMissing();
    checkCondition(write.condition, current.time);
    if (this.#current(after, nowSeconds) !== undefined) throw itemExists();
    const body = storedForm(this.container, after, current, write.body, write.view);
    this.#checkUnique(after, body, nowSeconds, before);
    this.#delete(before, current, staging, 0);
    const written = this.#put(after, undefined, body, staging, nowSeconds);
    return { ...written, change: 'replaced', charge: writeCharge(this.container, current.body, body) };
  }

  /** `leaving`: an item that the same write deletes. */
  #checkUnique(identity: ItemIdentity, body: Uint8Array, nowSeconds: number, leaving?: ItemIdentity): void {
    if (uniqueKeysOf(this.container).length === 0) return;
    const read = (number: number): StoredItem | undefined => {
      const item = this.read(number);
      return isExpired(this.container, item, nowSeconds) ? undefined : item;
    };
    this.#unique.check(this.container, identity, body, { staged: this.#staged, index: this.index, read, leaving });
  }

  #put(
    identity: ItemIdentity,
    current: CurrentVersion | undefined,
    body: Uint8Array,
    staging: Staging,
    nowSeconds: number,
  ): Written {
    this.#checkUnique(identity, body, nowSeconds);
    if (current === undefined) this.expire(identity, staging, nowSeconds);
    const { id, key } = identity;
    const time = staging.hybridTime();
    const lsn = this.#stagedLsn + 1;
    const created = current?.created ?? lsn;
    const ttlSeconds = ttlOf(body);
    const sequence = staging.nextSequence();
    const endedBytes = current?.body.length ?? 0;
    const note: DraftNote = { id, key, created, seconds: secondsOf(time), ttlSeconds, endedBytes, body };
    staging.add({
      kind: current === undefined ? RecordKind.insert : RecordKind.replace,
      partition: this.record.partition,
      lsn,
      hybridTime: time,
      supersedes: current?.sequence ?? 0,
      created,
      ttlSeconds,
      flags: 0,
      body,
      note,
    });
    this.#stagedLsn = lsn;
    const item: CurrentVersion = { body, id, time, lsn, created, partition: this.record, sequence };
    this.#staged.stage(identity, item, sequence);
    this.#unique.stage(this.container, identity, body);
    return {
      container: this.container,
      item,
      change: current === undefined ? 'created' : 'replaced',
      charge: writeCharge(this.container, current?.body, body),
    };
  }

  /** Stages the end of an item whose time is over; false when there is none of that identity. */
  expire(identity: ItemIdentity, staging: Staging, nowSeconds: number): boolean {
    if (defaultTtlOf(this.container) === undefined) return false;
    const last = this.#last(identity);
    if (!(last instanceof StoredItem) || !isExpired(this.container, last, nowSeconds)) return false;
    this.#delete(identity, last, staging, RecordFlag.expired);
    return true;
  }

  #delete(identity: ItemIdentity, current: CurrentVersion, staging: Staging, flags: number): Written {
    const { id, key } = identity;
    const { created } = current;
    const lsn = this.#stagedLsn + 1;
    const time = staging.hybridTime();
    const sequence = staging.nextSequence();
    const body = new BsonWriter(64).beginDocument().string('id', id).string('key', key).end().finish();
    const seconds = secondsOf(time);
    const note: DraftNote = { id, key, created, seconds, ttlSeconds: 0, endedBytes: current.body.length, body };
    staging.add({
      kind: RecordKind.delete,
      partition: this.record.partition,
      lsn,
      hybridTime: time,
      supersedes: current.sequence,
      created,
      ttlSeconds: 0,
      flags,
      body,
      note,
    });
    this.#stagedLsn = lsn;
    this.#staged.stage(identity, undefined, sequence);
    return {
      container: this.container,
      item: { body: current.body, id, time, lsn, created, partition: this.record },
      change: 'deleted',
      charge: itemCharge(this.container, current.body),
    };
  }

  /** Takes one durable record into the state. `note` is the draft's when this process wrote the record. */
  apply(header: RecordHeader, record: Uint8Array, note?: unknown): void {
    const known = note as DraftNote | undefined;
    let ended = 0;
    if (header.supersedes !== 0) {
      ended = known?.endedBytes ?? (this.#records.get(header.supersedes)?.length ?? 0) - recordHeaderBytes;
      this.#graveyard.superseded(header.supersedes, ended + recordHeaderBytes, header.sequence);
      if (header.lsn > this.#lsn) this.#liveBytes -= ended;
    }
    if (header.kind === RecordKind.delete) this.#graveyard.superseded(header.sequence, record.length, header.sequence);
    // Recovery begins where the least flushed partition of the group needs it: others hold these records already.
    if (header.lsn <= this.#lsn) return;
    const facts = known ?? factsOfRecord(this.container, header, record);
    this.#lsn = header.lsn;
    if (this.#stagedLsn < header.lsn) this.#stagedLsn = header.lsn;
    this.watches.touch(facts.key);
    this.#staged.applied(header.sequence);
    if (this.#staged.isEmpty) this.#unique.clear();
    if (header.supersedes !== 0) this.index.kill(header.supersedes, header.lsn);
    if (header.kind !== RecordKind.delete) {
      this.#liveBytes += record.length - recordHeaderBytes;
      this.index.add(header.sequence, header.lsn, known?.body ?? bodyOf(record), facts);
    }
    this.#home.applied(this.record.partition, header.sequence, header.lsn, record.length);
    this.rebuilding?.applied(header, facts.key, ended, this);
  }

  /** Ends every live version: its container was deleted by that record. */
  drop(killer: number): void {
    this.dropped = true;
    const { items } = this.index;
    const bytes = items === 0 ? 0 : Math.round(this.#liveBytes / items) + recordHeaderBytes;
    const cursor = new NumberCursor(this.index.now(), everything);
    for (let number = cursor.next(); number !== 0; number = cursor.next())
      this.#graveyard.superseded(number, bytes, killer);
    this.#home.drop(this.record.partition, killer);
  }

  // Reading.

  /** The version with that number. It must not have been trimmed. */
  read(number: number): StoredItem {
    const record = this.#records.get(number);
    if (record === undefined) throw new DatabaseError('Internal', `record ${number} is missing`);
    return new StoredItem(this.container, this.record, record, number);
  }

  find(id: string, partitionKey: PartitionKeyValue, nowSeconds: number): Item | undefined {
    const item = this.#find(id, partitionKeyText(partitionKey));
    return item === undefined || isExpired(this.container, item, nowSeconds) ? undefined : item;
  }

  /** The live item whose first version had that LSN. */
  findCreated(lsn: number): Item | undefined {
    const number = new NumberCursor(this.index.now(), equal(createdPath, lsn)).next();
    return number === 0 ? undefined : this.read(number);
  }

  /** Every item of that id text, in any logical partition, at most `itemsMax` of them. */
  findAll(id: string, nowSeconds: number, itemsMax: number): Item[] {
    const items: Item[] = [];
    const cursor = new NumberCursor(this.index.now(), idEquals(id));
    for (let number = cursor.next(); number !== 0 && items.length < itemsMax; number = cursor.next()) {
      const item = this.read(number);
      if (item.id === id && !isExpired(this.container, item, nowSeconds)) items.push(item);
    }
    return items;
  }
}
