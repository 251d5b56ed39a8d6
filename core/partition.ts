// One physical partition: a deterministic state machine over its part of the log group. Writes are evaluated
// against the applied state plus what earlier proposals of the same commit group staged; only durable records
// are applied, and readers see only what is applied.
//
// Invariants: a write stages nothing unless all its checks passed; LSNs are dense from 1; a record is applied once.

import { DatabaseError } from '../model/errors.ts';
import { BsonWriter } from '../model/bson/write.ts';
import { fieldOf, textOfRaw } from '../model/bson/walk.ts';
import type { HybridTime } from '../model/hybrid-time.ts';
import type { Condition, Item, ItemWrite, PartitionKeyValue, WriteView, Written } from '../model/operation.ts';
import { partitionKeyText } from '../model/partition-key.ts';
import { bodyOf, RecordKind, recordHeaderBytes, type RecordHeader } from '../model/record.ts';
import type { ContainerRecord, PartitionRecord } from '../model/resource.ts';
import { mergeView } from '../model/view.ts';
import { adoptCollectionBody, sqlIdOf } from './adopt.ts';
import { deleteCharge, failedConditionCharge, insertCharge, replaceCharge } from './charge.ts';
import type { Staging } from './commit.ts';
import { isExpired, ttlOf } from './expiry.ts';
import { idOf, partitionKeyOf } from './identify.ts';
import { ItemMap, type Slot } from './item-map.ts';

/** Where the bytes of a record are: the embedded log, or the local store of a follower. */
export interface Records {
  /** The record of that sequence, verified; undefined when it was trimmed. */
  get(sequence: number): Uint8Array | undefined;
}

/** Told about versions that ended, so that their records can be removed in time. */
export interface Graveyard {
  superseded(sequence: number, bytes: number): void;
}

interface StagedVersion {
  readonly body: Uint8Array;
  readonly time: HybridTime;
  readonly lsn: number;
  readonly created: number;
  readonly sequence: number;
}

/** Identity of an item, carried beside its draft so that `apply` need not read the body again. */
interface ItemIdentity {
  readonly id: string;
  readonly key: string;
}

export class Partition {
  readonly record: PartitionRecord;
  readonly items = new ItemMap();
  readonly #records: Records;
  readonly #graveyard: Graveyard;
  /** Current definition of the container it belongs to; replaced when the container's settings are. */
  container: ContainerRecord;
  /** Set when its container was deleted: queued writes and paused reads must stop. */
  dropped = false;
  #lsn = 0;
  #stagedLsn = 0;
  readonly #staged = new Map<string, StagedVersion | undefined>();
  #undo: { readonly name: string; readonly had: boolean; readonly before: StagedVersion | undefined }[] = [];
  #undoLsn = 0;

  constructor(container: ContainerRecord, record: PartitionRecord, records: Records, graveyard: Graveyard) {
    this.container = container;
    this.record = record;
    this.#records = records;
    this.#graveyard = graveyard;
  }

  /** LSN of the last applied record. */
  get lsn(): number {
    return this.#lsn;
  }

  // Staging, driven by the commit group.

  begin(): void {
    this.#undo = [];
    this.#undoLsn = this.#stagedLsn;
  }

  rollback(): void {
    for (const { name, had, before } of this.#undo.reverse()) {
      if (had) this.#staged.set(name, before);
      else this.#staged.delete(name);
    }
    this.#undo = [];
    this.#stagedLsn = this.#undoLsn;
  }

  discard(): void {
    this.#staged.clear();
    this.#undo = [];
    this.#stagedLsn = this.#lsn;
  }

  #stage(identity: ItemIdentity, version: StagedVersion | undefined): void {
    const name = nameOfIdentity(identity);
    this.#undo.push({ name, had: this.#staged.has(name), before: this.#staged.get(name) });
    this.#staged.set(name, version);
  }

  /** The item as the next write of this commit group must see it. */
  #current(identity: ItemIdentity, nowSeconds: number): Item | undefined {
    if (this.#staged.size > 0) {
      const name = nameOfIdentity(identity);
      if (this.#staged.has(name)) {
        const staged = this.#staged.get(name);
        return staged && { ...staged, id: identity.id, partition: this.record };
      }
    }
    const slot = this.items.find(identity.id, identity.key);
    return slot === undefined || isExpired(this.container, slot, nowSeconds) ? undefined : this.read(slot);
  }

  #sequenceOf(identity: ItemIdentity): number {
    const staged = this.#staged.size > 0 ? this.#staged.get(nameOfIdentity(identity)) : undefined;
    return staged?.sequence ?? this.items.find(identity.id, identity.key)?.sequence ?? 0;
  }

  /** Evaluates one write and stages its record. Throws DatabaseError and stages nothing when it may not be done. */
  write(write: ItemWrite, staging: Staging, nowSeconds: number): Written {
    if (this.dropped) throw containerGone(this.container);
    switch (write.kind) {
      case 'create-item':
      case 'upsert-item':
      case 'replace-item': {
        const renames = write.kind === 'replace-item' && write.renames === true;
        const identity = this.#identityOf(write.body, write.view, write.partitionKey, renames ? undefined : write.id);
        if (renames && write.id !== undefined && write.id !== identity.id)
          return this.#rename({ id: write.id, key: identity.key }, identity, write, staging, nowSeconds);
        const current = this.#current(identity, nowSeconds);
        if (current === undefined && write.kind === 'replace-item') throw itemMissing();
        if (current !== undefined && write.kind === 'create-item') throw itemExists();
        // An upsert's If-Match is about a version to overwrite: with nothing there, there is nothing to lose.
        if (current !== undefined || write.kind !== 'upsert-item' || write.condition?.ifMatch === undefined)
          checkCondition(write.condition, current?.time);
        return this.#put(identity, current, this.#storedForm(identity, current, write.body, write.view), staging);
      }
      case 'delete-item': {
        const identity = { id: write.id, key: partitionKeyText(write.partitionKey) };
        const current = this.#current(identity, nowSeconds);
        if (current === undefined) throw itemMissing();
        checkCondition(write.condition, current.time);
        return this.#delete(identity, current, staging);
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
            charge: failedConditionCharge,
          };
        if (edited === 'delete') {
          if (current === undefined) throw itemMissing();
          return this.#delete(identity, current, staging);
        }
        const after = this.#identityOf(edited, 'exact', undefined, undefined);
        if (after.id !== identity.id) throw immutable('the id');
        if (after.key !== identity.key) throw immutable('the partition key');
        return this.#put(identity, current, edited, staging);
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
    const body = this.#storedForm(after, current, write.body, write.view);
    this.#delete(before, current, staging);
    const { item } = this.#put(after, undefined, body, staging);
    const charge = replaceCharge(current.body.length, body.length);
    return { container: this.container, item, change: 'replaced', charge };
  }

  /** The bytes to store for an incoming body: a write through another view than the stored one is a diff. */
  #storedForm(identity: ItemIdentity, current: Item | undefined, incoming: Uint8Array, view: WriteView): Uint8Array {
    if (view === 'exact') return incoming;
    const body =
      this.container.profile === 'collection' ? adoptCollectionBody(incoming, identity.id, current?.body) : incoming;
    const stored = current === undefined ? body : mergeView(current.body, body);
    if (idOf(this.container, stored) !== identity.id)
      throw new DatabaseError('BadRequest', "'id' and '_id' name different items", { argument: '_id' });
    return stored;
  }

  #identityOf(
    body: Uint8Array,
    view: WriteView,
    partitionKey: PartitionKeyValue | undefined,
    id: string | undefined,
  ): ItemIdentity {
    const own = view === 'sql' && this.container.profile === 'collection' ? sqlIdOf(body) : idOf(this.container, body);
    if (id !== undefined && id !== own)
      throw new DatabaseError('BadRequest', 'the id in the body differs from the id in the address', {
        argument: 'id',
      });
    const key = partitionKeyText(partitionKeyOf(this.container, body));
    if (partitionKey !== undefined && partitionKeyText(partitionKey) !== key)
      throw new DatabaseError('PartitionKeyMismatch', 'the partition key given differs from the one in the item', {
        argument: 'partitionKey',
      });
    return { id: own, key };
  }

  #put(identity: ItemIdentity, current: Item | undefined, body: Uint8Array, staging: Staging): Written {
    const time = staging.hybridTime();
    const lsn = this.#stagedLsn + 1;
    const created = current?.created ?? lsn;
    const sequence = staging.nextSequence();
    staging.add({
      kind: current === undefined ? RecordKind.insert : RecordKind.replace,
      partition: this.record.partition,
      lsn,
      hybridTime: time,
      supersedes: current === undefined ? 0 : this.#sequenceOf(identity),
      created,
      ttlSeconds: ttlOf(body),
      flags: 0,
      body,
      note: identity,
    });
    this.#stagedLsn = lsn;
    this.#stage(identity, { body, time, lsn, created, sequence });
    return {
      container: this.container,
      item: { body, id: identity.id, time, lsn, created, partition: this.record },
      change: current === undefined ? 'created' : 'replaced',
      charge: current === undefined ? insertCharge(body.length) : replaceCharge(current.body.length, body.length),
    };
  }

  #delete(identity: ItemIdentity, current: Item, staging: Staging): Written {
    const lsn = this.#stagedLsn + 1;
    const time = staging.hybridTime();
    staging.add({
      kind: RecordKind.delete,
      partition: this.record.partition,
      lsn,
      hybridTime: time,
      supersedes: this.#sequenceOf(identity),
      created: current.created,
      ttlSeconds: 0,
      flags: 0,
      body: new BsonWriter(64).beginDocument().string('id', identity.id).string('key', identity.key).end().finish(),
      note: identity,
    });
    this.#stagedLsn = lsn;
    this.#stage(identity, undefined);
    return {
      container: this.container,
      item: { ...current, lsn, time },
      change: 'deleted',
      charge: deleteCharge(current.body.length),
    };
  }

  /** Takes one durable record into the state. `note` is the identity when this process wrote the record. */
  apply(header: RecordHeader, record: Uint8Array, note?: unknown): void {
    const identity = (note as ItemIdentity | undefined) ?? this.#identityOfRecord(header, record);
    this.#lsn = header.lsn;
    if (this.#stagedLsn < header.lsn) this.#stagedLsn = header.lsn;
    if (this.#staged.size > 0) {
      const name = nameOfIdentity(identity);
      const staged = this.#staged.get(name);
      if (staged === undefined || staged.sequence <= header.sequence) this.#staged.delete(name);
    }
    const slot = this.items.find(identity.id, identity.key);
    const bytes = record.length - recordHeaderBytes;
    if (slot !== undefined) this.#graveyard.superseded(slot.sequence, slot.bytes + recordHeaderBytes);
    if (header.kind === RecordKind.delete) {
      if (slot !== undefined) this.items.remove(slot);
      this.#graveyard.superseded(header.sequence, record.length);
      return;
    }
    if (slot !== undefined && slot.created === header.created) {
      slot.sequence = header.sequence;
      slot.lsn = header.lsn;
      slot.time = header.hybridTime;
      slot.ttlSeconds = header.ttlSeconds;
      this.items.resize(slot, bytes);
      return;
    }
    if (slot !== undefined) this.items.remove(slot);
    this.items.insert({
      id: identity.id,
      key: identity.key,
      created: header.created,
      sequence: header.sequence,
      lsn: header.lsn,
      time: header.hybridTime,
      ttlSeconds: header.ttlSeconds,
      bytes,
      live: true,
      next: undefined,
    });
  }

  #identityOfRecord(header: RecordHeader, record: Uint8Array): ItemIdentity {
    const body = bodyOf(record);
    if (header.kind === RecordKind.delete)
      return { id: textOfRaw(fieldOf(body, 'id')!), key: textOfRaw(fieldOf(body, 'key')!) };
    return { id: idOf(this.container, body), key: partitionKeyText(partitionKeyOf(this.container, body)) };
  }

  // Reading.

  /** The current version's bytes with what the slot knows of it. */
  read(slot: Slot): Item {
    const record = this.#records.get(slot.sequence);
    if (record === undefined) throw new DatabaseError('Internal', `record ${slot.sequence} is missing`);
    return {
      body: bodyOf(record),
      id: slot.id,
      time: slot.time as HybridTime,
      lsn: slot.lsn,
      created: slot.created,
      partition: this.record,
    };
  }

  find(id: string, partitionKey: PartitionKeyValue, nowSeconds: number): Item | undefined {
    const slot = this.items.find(id, partitionKeyText(partitionKey));
    return slot === undefined || isExpired(this.container, slot, nowSeconds) ? undefined : this.read(slot);
  }

  findAll(id: string, nowSeconds: number): Item[] {
    return this.items
      .findAll(id)
      .filter((slot) => !isExpired(this.container, slot, nowSeconds))
      .map((slot) => this.read(slot));
  }

  /** Items in order of creation, after the one created at `after`; only those whose key text `wanted` accepts. */
  *scan(after: number, nowSeconds: number, wanted?: (key: string) => boolean): Generator<Item> {
    for (const slot of this.items.after(after)) {
      if (this.dropped) throw containerGone(this.container);
      if (wanted !== undefined && !wanted(slot.key)) continue;
      if (!isExpired(this.container, slot, nowSeconds)) yield this.read(slot);
    }
  }
}

function nameOfIdentity(identity: ItemIdentity): string {
  return `${identity.id.length}:${identity.id}${identity.key}`;
}

function absentItem(partition: PartitionRecord, id: string): Item {
  return { body: new Uint8Array([5, 0, 0, 0, 0]), id, time: 0 as HybridTime, lsn: 0, created: 0, partition };
}

function itemMissing(): DatabaseError {
  return new DatabaseError('ItemNotFound', 'no item with that id in this logical partition', { argument: 'id' });
}

function itemExists(): DatabaseError {
  return new DatabaseError('ItemExists', 'an item with the same id exists in this logical partition', {
    argument: 'id',
  });
}

function immutable(what: string): DatabaseError {
  return new DatabaseError('ImmutableField', `${what} of an item cannot change`);
}

function containerGone(container: ContainerRecord): DatabaseError {
  return new DatabaseError('ContainerNotFound', 'the container was deleted', { argument: container.id });
}

function checkCondition(condition: Condition | undefined, time: HybridTime | undefined): void {
  if (condition === undefined) return;
  const { ifMatch, ifNoneMatch } = condition;
  if (ifMatch !== undefined && (time === undefined || (ifMatch !== '*' && ifMatch !== time)))
    throw new DatabaseError('PreconditionFailed', 'the item has another version than If-Match names', {
      argument: 'If-Match',
    });
  if (ifNoneMatch !== undefined && time !== undefined && (ifNoneMatch === '*' || ifNoneMatch === time))
    throw new DatabaseError('PreconditionFailed', 'the item has the version If-None-Match excludes', {
      argument: 'If-None-Match',
    });
}
