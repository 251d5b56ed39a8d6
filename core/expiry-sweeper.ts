// Removes items whose time to live is over (data-model.md, "TTL"): readers do not see them from that second on, and
// here they end, as deletes in the log that say why. The leader alone does it, a bounded slice at a time, with whatever
// the committer has free; nobody is charged.
//
// How it finds them: items that name a time to live stand in the index by the second in which they end, the others by
// the second of their last write, from which the container's default counts. Both are walked from where the last walk
// came to, so that a round costs what is due and not what is there.
//
// Invariant: below its mark a partition has no item left that can be due. New versions are above it, because a
// version's second is never before that of a sweep; if the clock went back, the marks count no more.

import { between } from '../indexer/filter.ts';
import { OrderCursor } from '../indexer/order-cursor.ts';
import { expiryPath, timePath } from '../indexer/paths.ts';
import type { View } from '../indexer/view.ts';
import { defaultTtlOf } from './expiry.ts';
import type { GroupState } from './group.ts';
import type { Partition } from './partition.ts';
import type { Proposal } from './proposal.ts';
import { Slices } from './slices.ts';
import type { ItemIdentity } from './staged-versions.ts';

/** Items removed by one proposal: bounds how long it holds the event loop. */
const itemsPerSliceMax = 64;

/** Terms passed over between two pauses. */
const termsPerPause = 512;

/** Seconds up to which a partition was swept, of each kind of item. */
interface Marks {
  own: number;
  byDefault: number;
}

/** What the sweeper asks of the engine. */
export interface SweepTarget {
  readonly state: GroupState;
  readonly nowSeconds: () => number;
  readonly submit: <Value>(proposal: Proposal<Value>) => Promise<Value>;
  readonly signal: AbortSignal;
  /** Told how many items a slice removed. */
  readonly onRemoved: (items: number) => void;
}

export class ExpirySweeper {
  readonly #target: SweepTarget;
  #marks = new WeakMap<Partition, Marks>();
  #lastSeconds = 0;
  #running: Promise<void> | undefined;

  constructor(target: SweepTarget) {
    this.#target = target;
  }

  /** Begins a round, unless one is under way. What cannot be removed now is due in the next. */
  tend(): void {
    if (this.#running === undefined) this.sweep().catch(() => undefined);
  }

  /** Removes all that is due now, after the round under way; resolves when none is left. Rejects when writes are refused. */
  sweep(): Promise<void> {
    const before = this.#running?.catch(() => undefined);
    const running = Promise.resolve(before)
      .then(() => this.#round())
      .finally(() => {
        if (this.#running === running) this.#running = undefined;
      });
    this.#running = running;
    return running;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running?.catch(() => undefined);
  }

  async #round(): Promise<void> {
    const { state, nowSeconds } = this.#target;
    const now = nowSeconds();
    if (now < this.#lastSeconds) this.#marks = new WeakMap();
    this.#lastSeconds = now;
    // A copy: partitions come and go while slices are written.
    const due = [...state.partitions()].filter(({ container }) => defaultTtlOf(container) !== undefined);
    for (const partition of due)
      try {
        if (!partition.isOver) await this.#sweepPartition(partition, now);
      } catch (error) {
        // Deleted or split meanwhile: what was not removed is gone, or due in its successors.
        if (!partition.isOver) throw error;
      }
  }

  async #sweepPartition(partition: Partition, now: number): Promise<void> {
    let marks = this.#marks.get(partition);
    if (marks === undefined) this.#marks.set(partition, (marks = { own: 0, byDefault: 0 }));
    const { container } = partition;
    if (marks.own < now) {
      await this.#sweepRange(partition, { path: expiryPath, after: marks.own, upTo: now }, now);
      // Under another default some of what was due may have stayed.
      if (partition.container !== container) return;
      marks.own = now;
    }
    const upTo = now - (defaultTtlOf(container) ?? -1);
    if (upTo > now || upTo <= marks.byDefault) return;
    await this.#sweepRange(partition, { path: timePath, after: marks.byDefault, upTo }, now);
    if (partition.container === container) marks.byDefault = upTo;
  }

  async #sweepRange(
    partition: Partition,
    { path, after, upTo }: { readonly path: number; readonly after: number; readonly upTo: number },
    now: number,
  ): Promise<void> {
    const span = between(path, { value: after, inclusive: false }, { value: upTo, inclusive: true });
    if (span.kind !== 'range') return;
    const { state, signal } = this.#target;
    // What is removed meanwhile must stay readable: a look that finds a newer version reads it, too.
    const hold = state.hold();
    const view: View = partition.index.snapshot();
    try {
      const cursor = new OrderCursor(view, { path, range: span.range });
      const slices = new Slices(signal);
      for (const _ of cursor.openSteps()) if (slices.isOver) await slices.pause();
      for (;;) {
        const found: ItemIdentity[] = [];
        let isAtEnd = false;
        while (!isAtEnd && found.length < itemsPerSliceMax) {
          const step = cursor.next(termsPerPause);
          isAtEnd = step === 'end';
          if (step === 'item') {
            const { id, key, ttlSeconds } = partition.read(cursor.number);
            // Reading the others once costs less than asking the index in every round which they are.
            if (path === expiryPath || ttlSeconds === 0) found.push({ id, key });
          }
          if (slices.isOver) await slices.pause();
          if (partition.isOver) return;
        }
        if (found.length > 0) await this.#remove(partition, found, now);
        if (isAtEnd || partition.isOver) return;
      }
    } finally {
      view.release();
      hold.release();
    }
  }

  /** What was written anew meanwhile, or is not over by the container's present default, stays. */
  async #remove(partition: Partition, found: readonly ItemIdentity[], now: number): Promise<void> {
    const { state, submit, onRemoved } = this.#target;
    const removed = await submit((staging) => {
      state.enter(partition);
      return found.filter((identity) => partition.expire(identity, staging, now)).length;
    });
    onRemoved(removed);
  }
}
