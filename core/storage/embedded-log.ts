// The log of one process on its own store. Key: account u32, 'L', group u16, sequence u64, big-endian; value: the
// record. So the log is at once the place where items are stored (design §5): `get` is the read of a version.
//
// One append is one batch, hence whole or not there; with strict durability it is one fsync, shared by all groups
// of the store that append meanwhile. The fence is the expected sequence: every EmbeddedLog of one group in this
// process shares one tail, and the directory's lock keeps other processes out.
//
// Superseded records are trimmed from the middle. A second key per group, area 'T', remembers the highest sequence
// ever trimmed: above it a missing record is a hole, below it a missing record is taken as trimmed.

import { readUint32BE, readUint64BE, writeUint32BE, writeUint64BE } from '../../model/bytes.ts';
import { DatabaseError } from '../../model/errors.ts';
import { recordFault } from '../../model/record.ts';
import { emptyTail, readBytesMax, type AppendOutcome, type Log, type LogTail } from '../../replication/log.ts';
import { checkedRun, endsEntry, hole, sequenceOf, tailOf, verifyRead } from '../../replication/run.ts';
import { BytesCache } from '../bytes-cache.ts';
import type { Store, StoreWrite } from './store.ts';

/** Area bytes of the store's keys. */
const recordArea = 0x4c;
const trimArea = 0x54;

/** Records removed by one batch of `trim`, so that a long list does not become one large write. */
const trimBatchRecordsMax = 1024;

/** Bytes of records kept in memory by each group, so that hot items are read without the store. */
const cacheBytesMax = 16 * 1024 * 1024;

/** Half of it is the largest entry: an item of 16 MiB (MongoDB's bound) and room beside it. A store's batch holds it. */
const embeddedAppendBytesMax = 40 * 1024 * 1024;

/** With relaxed durability, the longest time an appended record may wait for its fsync. */
export const relaxedFlushMsMax = 50;

export interface EmbeddedLogOptions {
  readonly account: number;
  readonly group: number;
  /** 'strict' (the default): appended means on disk. 'relaxed': the last `relaxedFlushMsMax` may be lost with the machine. */
  readonly durability?: 'strict' | 'relaxed' | undefined;
}

/** What all EmbeddedLogs of one group share. */
interface Group {
  tail: LogTail;
  trimmedTo: number;
  /** Appends and trims of the group run one after the other. */
  lane: Promise<unknown>;
  /** Set when a write failed and nobody knows what was stored. */
  broken: unknown;
  readonly cache: BytesCache;
}

const groupsOfStore = new WeakMap<Store, Map<string, Promise<Group>>>();

/** Opens the log of a group: finds its end and checks that it ends whole. */
export async function openEmbeddedLog(store: Store, options: EmbeddedLogOptions): Promise<EmbeddedLog> {
  let groups = groupsOfStore.get(store);
  if (groups === undefined) groupsOfStore.set(store, (groups = new Map()));
  const name = `${options.account}/${options.group}`;
  let group = groups.get(name);
  if (group === undefined) {
    group = loadGroup(store, options);
    groups.set(name, group);
    group.catch(() => groups.delete(name));
  }
  return new EmbeddedLog(store, options, await group);
}

export class EmbeddedLog implements Log {
  readonly appendBytesMax = embeddedAppendBytesMax;
  readonly #store: Store;
  readonly #options: EmbeddedLogOptions;
  readonly #group: Group;
  #flushing: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** Use `openEmbeddedLog`. */
  constructor(store: Store, options: EmbeddedLogOptions, group: Group) {
    this.#store = store;
    this.#options = options;
    this.#group = group;
  }

  async tail(): Promise<LogTail> {
    this.#requireOpen();
    await this.#group.lane;
    return this.#group.tail;
  }

  async append(records: readonly Uint8Array[], after: number): Promise<AppendOutcome> {
    this.#requireOpen();
    const next = checkedRun(records, after, this.appendBytesMax);
    return this.#inTurn(async () => {
      const group = this.#group;
      if (after < group.tail.sequence) return { kind: 'fenced' };
      if (after > group.tail.sequence)
        throw new DatabaseError('Internal', `the log ends at ${group.tail.sequence}, before ${after}`);
      const strict = this.#options.durability !== 'relaxed';
      await this.#write(
        records.map((value, index) => ({ key: this.#key(after + 1 + index), value })),
        strict,
      );
      group.tail = next;
      for (let i = 0; i < records.length; i++) group.cache.put(after + 1 + i, records[i]!);
      if (!strict)
        this.#flushing ??= setTimeout(() => void this.#flush().catch(() => undefined), relaxedFlushMsMax).unref();
      return { kind: 'appended' };
    });
  }

  async read(after: number, recordsMax: number): Promise<Uint8Array[]> {
    const taken: Uint8Array[] = [];
    let bytes = 0;
    let entryStart = 0;
    for await (const records of this.scan(after)) {
      for (const record of records) {
        taken.push(record);
        bytes += record.length;
        if (!endsEntry(record)) continue;
        entryStart = taken.length;
        if (taken.length >= recordsMax || bytes >= readBytesMax) return taken;
      }
    }
    return taken.slice(0, entryStart);
  }

  /**
   * All records above `after` in order, verified, in chunks of whole entries; those trimmed are missing. It shows
   * the log as it was when the first chunk was asked for.
   */
  async *scan(after: number): AsyncGenerator<readonly Uint8Array[], void, undefined> {
    this.#requireOpen();
    const { tail, trimmedTo } = this.#group;
    const pending: Uint8Array[] = [];
    let before: LogTail | undefined;
    let expected = after + 1;
    for await (const chunk of this.#store.scan({ gte: this.#key(expected), lt: this.#key(Number.MAX_SAFE_INTEGER) })) {
      for (const [key, record] of chunk) {
        const sequence = readUint64BE(key, 7);
        if (sequence !== expected && sequence - 1 > trimmedTo) throw hole(Math.max(expected, trimmedTo + 1), sequence);
        verifyRead(record, sequence, before);
        before = tailOf(record);
        expected = sequence + 1;
        pending.push(record);
      }
      // An entry that goes on in the next chunk waits for its end.
      const whole = pending.findLastIndex(endsEntry) + 1;
      if (whole > 0) yield pending.splice(0, whole);
    }
    if (expected <= tail.sequence) throw hole(expected);
    if (pending.length > 0)
      throw new DatabaseError('Internal', `the log ends within an entry at sequence ${expected - 1}`);
  }

  /** One record, or undefined when it was trimmed or never written. Throws Internal when its bytes are damaged. */
  get(sequence: number): Uint8Array | undefined {
    this.#requireOpen();
    const { cache } = this.#group;
    const cached = cache.get(sequence);
    if (cached !== undefined) return cached;
    const record = this.#store.getSync(this.#key(sequence));
    if (record === undefined) return undefined;
    verifyRead(record, sequence, undefined);
    cache.put(sequence, record);
    return record;
  }

  /**
   * Removes superseded records. Not durable by itself: after a crash some may be back, which does no harm.
   * The last record of the log always stays, because the log is found by it.
   */
  async trim(sequences: readonly number[]): Promise<void> {
    this.#requireOpen();
    for (let start = 0; start < sequences.length; start += trimBatchRecordsMax) {
      const part = sequences.slice(start, start + trimBatchRecordsMax);
      await this.#inTurn(async () => {
        const { tail, trimmedTo } = this.#group;
        const removed = part.filter((sequence) => sequence >= 1 && sequence < tail.sequence);
        const next = removed.reduce((highest, sequence) => Math.max(highest, sequence), trimmedTo);
        // Known before it happens, so that no scan takes a trimmed record for a hole.
        this.#group.trimmedTo = next;
        for (const sequence of removed) this.#group.cache.forget(sequence);
        await this.#write(
          [...removed.map((sequence) => ({ key: this.#key(sequence), value: undefined })), this.#trimWrite(next)],
          false,
        );
      });
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#group.lane;
    if (this.#flushing !== undefined) await this.#flush();
  }

  /** Resolves when everything appended so far is durable, also with relaxed durability. */
  async sync(): Promise<void> {
    this.#requireOpen();
    if (this.#options.durability === 'relaxed') await this.#flush();
  }

  /** A synced write of any key takes all before it along. */
  async #flush(): Promise<void> {
    clearTimeout(this.#flushing);
    this.#flushing = undefined;
    await this.#inTurn(() => this.#write([this.#trimWrite(this.#group.trimmedTo)], true));
  }

  async #write(batch: readonly StoreWrite[], sync: boolean): Promise<void> {
    try {
      await this.#store.write(batch, { sync });
    } catch (error) {
      if (!(error instanceof DatabaseError && (error.code === 'StorageFull' || error.code === 'TooLarge')))
        this.#group.broken = error;
      throw error;
    }
  }

  #inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
    const turn = this.#group.lane.then(() => {
      if (this.#group.broken !== undefined)
        throw new DatabaseError('Internal', 'a write of this log failed before', { cause: this.#group.broken });
      return step();
    });
    this.#group.lane = turn.catch(() => undefined);
    return turn;
  }

  #key(sequence: number): Uint8Array {
    return recordKey(this.#options, sequence);
  }

  #trimWrite(trimmedTo: number): StoreWrite {
    const value = new Uint8Array(8);
    writeUint64BE(value, 0, trimmedTo);
    return { key: trimKey(this.#options), value };
  }

  #requireOpen(): void {
    if (this.#closed) throw new DatabaseError('Unavailable', 'the log is closed');
  }
}

interface GroupName {
  readonly account: number;
  readonly group: number;
}

function prefix(key: Uint8Array, { account, group }: GroupName, area: number): Uint8Array {
  writeUint32BE(key, 0, account);
  key[4] = area;
  key[5] = group >>> 8;
  key[6] = group;
  return key;
}

export function recordKey(name: GroupName, sequence: number): Uint8Array {
  const key = prefix(new Uint8Array(15), name, recordArea);
  writeUint64BE(key, 7, sequence);
  return key;
}

function trimKey(name: GroupName): Uint8Array {
  return prefix(new Uint8Array(7), name, trimArea);
}

async function loadGroup(store: Store, name: GroupName): Promise<Group> {
  const group: Group = {
    tail: emptyTail,
    trimmedTo: trimmedToOf(store, name),
    lane: Promise.resolve(),
    broken: undefined,
    cache: new BytesCache(cacheBytesMax),
  };
  const range = { gt: recordKey(name, 0), lt: recordKey(name, Number.MAX_SAFE_INTEGER), reverse: true, limit: 1 };
  for await (const chunk of store.scan(range)) {
    const [key, record] = chunk[0]!;
    const sequence = readUint64BE(key, 7);
    const fault = recordFault(record) ?? (sequenceOf(record) === sequence ? undefined : 'it belongs elsewhere');
    if (fault !== undefined)
      throw new DatabaseError('Internal', `the last log record, ${sequence}, is damaged: ${fault}`);
    if (!endsEntry(record)) throw new DatabaseError('Internal', `the log ends within an entry at sequence ${sequence}`);
    group.tail = tailOf(record);
  }
  return group;
}

/** Where a record lies in which log, as its key in the store says. */
export interface RecordPlace extends GroupName {
  readonly sequence: number;
}

/** Reads a key of the store; undefined when it is no record's: for those who look at a store from below. */
export function recordPlaceOf(key: Uint8Array): RecordPlace | undefined {
  if (key.length !== 15 || key[4] !== recordArea) return undefined;
  return { account: readUint32BE(key, 0), group: (key[5]! << 8) | key[6]!, sequence: readUint64BE(key, 7) };
}

/** Highest sequence that was ever trimmed from a log: above it nothing may be missing. */
export function trimmedToOf(store: Store, name: GroupName): number {
  const trimmed = store.getSync(trimKey(name));
  return trimmed === undefined ? 0 : readUint64BE(trimmed, 0);
}
