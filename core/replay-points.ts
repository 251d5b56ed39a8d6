// The places of the log from which a replay may start. The keeper of the index sees the catalog and the clock only
// at some moments; each is remembered until a durable manifest starts after it.

import type { PartitionManifest, ReplayStart } from './index-manifest.ts';

export interface ReplayPoint extends ReplayStart {
  /** Bytes of records applied until then, counted from this process's start. */
  readonly bytes: number;
}

/** A partition whose container was deleted, as long as a replay may begin before that. */
export interface DroppedPartition {
  /** The record that deleted its container. */
  readonly sequence: number;
  /** Its first record that no segment holds, Infinity when there is none. */
  readonly first: number;
  readonly manifest: PartitionManifest;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}

export class ReplayPoints {
  /** Ascending; the first is that of the durable manifest. */
  #points: ReplayPoint[];

  constructor(start: ReplayStart) {
    this.#points = [{ ...start, bytes: 0 }];
  }

  get durable(): ReplayPoint {
    return this.#points[0]!;
  }

  get last(): ReplayPoint {
    return this.#points[this.#points.length - 1]!;
  }

  /** Remembers this moment, unless it is known. */
  add(
    now: {
      readonly sequence: number;
      readonly hybridTime: number;
      readonly catalogLsn?: number | undefined;
      readonly catalog: () => readonly number[];
    },
    bytes: number,
  ): void {
    const { sequence, hybridTime, catalogLsn = 0 } = now;
    if (sequence <= this.last.sequence) return;
    const catalog = now.catalog();
    const before = this.last.catalog;
    // Most moments have the catalog of the one before: one list for all of them.
    this.#points.push({
      sequence,
      hybridTime,
      catalogLsn,
      catalog: isSame(catalog, before) ? before : catalog,
      bytes,
    });
  }

  /** The last point that is not after `sequence`. */
  #upTo(sequence: number): ReplayPoint {
    for (let i = this.#points.length - 1; i > 0; i--)
      if (this.#points[i]!.sequence <= sequence) return this.#points[i]!;
    return this.durable;
  }

  /**
   * The last point from which a replay misses nothing, when the living partitions have everything up to `covered` in
   * segments. A replay that begins before a drop must also see what the dropped partition had in no segment; and
   * it does begin before, when the point is, not only when `covered` is. `dropped` in the order of drops.
   */
  latest(covered: number, dropped: readonly DroppedPartition[]): ReplayPoint {
    let point = this.#upTo(covered);
    for (let i = dropped.length - 1; i >= 0 && dropped[i]!.sequence > point.sequence; i--)
      if (dropped[i]!.first <= point.sequence) point = this.#upTo(dropped[i]!.first - 1);
    return point;
  }

  /** A manifest that starts there is durable. */
  written({ sequence }: ReplayStart): void {
    this.#points = this.#points.filter((point) => point.sequence >= sequence);
  }
}
