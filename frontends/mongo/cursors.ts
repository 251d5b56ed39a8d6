// Open cursors of the door. A cursor belongs to its user, not to its connection: a driver may ask for the next
// batch over another one. It ends when it is exhausted, killed, or not used for its idle time.
//
// Bounds: cursors in all and per opening connection, and bytes that sorted results keep in memory in all.

import { randomBytes } from 'node:crypto';
import { badValue, MongoCode, MongoError } from './errors.ts';
import { sortBytesMax, type Source } from './source.ts';

export const cursorsMax = 20_000;
export const cursorsPerConnectionMax = 1_000;

/** Sorted results that all cursors together may hold. */
export const heldBytesMax = 4 * sortBytesMax;

/** MongoDB's cursorTimeoutMillis. */
export const idleMsMax = 10 * 60_000;

export interface Cursor {
  readonly id: bigint;
  readonly namespace: string;
  readonly owner: string;
  readonly connection: number;
  /** The client asked for no time-out (`noCursorTimeout`). It then lasts as long as its session could: 30 minutes. */
  readonly idleMsMax: number;
  readonly source: Source;
  usedMs: number;
  busy: boolean;
}

export class Cursors {
  readonly #nowMs: () => number;
  readonly #open = new Map<bigint, Cursor>();
  readonly #perConnection = new Map<number, number>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#open.size;
  }

  open(cursor: Omit<Cursor, 'id' | 'usedMs' | 'busy'>): Cursor {
    if (this.#open.size >= cursorsMax) this.sweep();
    const ofConnection = this.#perConnection.get(cursor.connection) ?? 0;
    if (this.#open.size >= cursorsMax || ofConnection >= cursorsPerConnectionMax)
      throw badValue(
        `too many open cursors: at most ${cursorsPerConnectionMax} of one connection, ${cursorsMax} in all`,
      );
    if (cursor.source.heldBytes > 0 && this.#heldBytes() + cursor.source.heldBytes > heldBytesMax)
      throw new MongoError(
        MongoCode.QueryExceededMemoryLimitNoDiskUseAllowed,
        `open cursors hold more than ${heldBytesMax} bytes of sorted results`,
      );
    const opened: Cursor = { ...cursor, id: this.#newId(), usedMs: this.#nowMs(), busy: false };
    this.#open.set(opened.id, opened);
    this.#perConnection.set(cursor.connection, ofConnection + 1);
    return opened;
  }

  #heldBytes(): number {
    let bytes = 0;
    for (const { source } of this.#open.values()) bytes += source.heldBytes;
    return bytes;
  }

  /** Not guessable, positive, never 0: 0 is "no cursor". */
  #newId(): bigint {
    for (;;) {
      const id = randomBytes(8).readBigUInt64LE() & 0x7fffffffffffffffn;
      if (id !== 0n && !this.#open.has(id)) return id;
    }
  }

  /** Takes a cursor for one `getMore`; hand it back with `release` or `close`. */
  take(id: bigint, namespace: string, owner: string): Cursor {
    const cursor = this.#open.get(id);
    if (cursor === undefined || this.#isIdle(cursor)) {
      this.close(id);
      throw new MongoError(MongoCode.CursorNotFound, `cursor id ${id} not found`);
    }
    if (cursor.namespace !== namespace)
      throw new MongoError(
        MongoCode.Unauthorized,
        `Requested getMore on namespace '${namespace}', but cursor belongs to a different namespace ${cursor.namespace}`,
      );
    if (cursor.owner !== owner)
      throw new MongoError(MongoCode.Unauthorized, `cursor id ${id} was not created by the authenticated user`);
    if (cursor.busy) throw new MongoError(MongoCode.CursorInUse, `cursor id ${id} is already in use`);
    cursor.busy = true;
    return cursor;
  }

  release(cursor: Cursor): void {
    cursor.busy = false;
    cursor.usedMs = this.#nowMs();
  }

  close(id: bigint): boolean {
    const cursor = this.#open.get(id);
    if (cursor === undefined) return false;
    this.#open.delete(id);
    const left = this.#perConnection.get(cursor.connection)! - 1;
    if (left === 0) this.#perConnection.delete(cursor.connection);
    else this.#perConnection.set(cursor.connection, left);
    cursor.source.close();
    return true;
  }

  /** Ends a cursor for whoever may. Another user's cursor is as good as absent. */
  kill(id: bigint, namespace: string, owner: string): boolean {
    const cursor = this.#open.get(id);
    return cursor !== undefined && cursor.namespace === namespace && cursor.owner === owner && this.close(id);
  }

  #isIdle(cursor: Cursor): boolean {
    return !cursor.busy && this.#nowMs() - cursor.usedMs >= cursor.idleMsMax;
  }

  /** Ends the cursors that were not used for their idle time. */
  sweep(): void {
    for (const cursor of this.#open.values()) if (this.#isIdle(cursor)) this.close(cursor.id);
  }

  closeAll(): void {
    for (const { source } of this.#open.values()) source.close();
    this.#open.clear();
    this.#perConnection.clear();
  }
}
