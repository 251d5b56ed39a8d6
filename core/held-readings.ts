// Readings kept between the pages of one query, so that a query answered page by page sees one state as a cursor
// does. Protocols without cursors name them in their continuations. A reading that is gone (after a restart, or left
// alone for long) is no error: the query then goes on from its place over the present state.

import { LRUCache } from 'lru-cache';
import type { Reading } from './reading.ts';

/** Readings held at once; the one unused for longest makes room. */
const heldMax = 1_000;
/** Milliseconds a reading is kept that nobody uses. */
const idleMsMax = 60_000;

interface Held {
  readonly reading: Reading;
  users: number;
  /** In the table: whoever comes with its name finds it. */
  isKept: boolean;
}

/** A reading in use for one page. */
export interface HeldUse {
  /** For the continuation. */
  readonly name: string;
  readonly reading: Reading;
  /** Ends the use: the reading is kept for the next page, or let go. */
  readonly done: (keep: boolean) => void;
}

export class HeldReadings {
  readonly #held = new LRUCache<string, Held>({
    max: heldMax,
    ttl: idleMsMax,
    updateAgeOnGet: true,
    dispose: (held) => {
      held.isKept = false;
      releaseUnused(held);
    },
  });

  has(name: string, place: string): boolean {
    return this.#held.has(keyOf(name, place));
  }

  /** Uses the reading of that name over `place` (which container and scope), or opens one when there is none. */
  use(name: string | undefined, place: string, open: () => Reading): HeldUse {
    const known = name === undefined ? undefined : this.#held.get(keyOf(name, place));
    const held = known ?? { reading: open(), users: 0, isKept: false };
    const ownName = known === undefined || name === undefined ? crypto.randomUUID() : name;
    const key = keyOf(ownName, place);
    held.users++;
    return {
      name: ownName,
      reading: held.reading,
      done: (keep) => {
        held.users--;
        if (!keep) this.#held.delete(key);
        else if (!held.isKept) {
          held.isKept = true;
          this.#held.set(key, held);
        }
        releaseUnused(held);
      },
    };
  }

  /** Lets idle readings go; called from time to time, for when no query comes. */
  sweep(): void {
    this.#held.purgeStale();
  }

  close(): void {
    this.#held.clear();
  }
}

function keyOf(name: string, place: string): string {
  return `${name} ${place}`;
}

function releaseUnused(held: Held): void {
  if (!held.isKept && held.users === 0) held.reading.release();
}
