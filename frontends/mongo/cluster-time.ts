// The time every reply carries: `operationTime` and `$clusterTime`, which drivers gossip for causal consistency.
// One hybrid clock per door, which never goes back and stays above every write that this door has seen. The
// signature is the empty one that a deployment without keys gives.
// Source: MongoDB driver specification "Driver Sessions", "Gossiping the cluster time".

import { HybridClock, timestampOf, type HybridTime } from '../../model/hybrid-time.ts';
import { fieldOf } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { writeInt32 } from '../../model/bytes.ts';

export interface Timestamp {
  readonly seconds: number;
  readonly increment: number;
}

const signatureHashBytes = 20;

function trailerTemplate(): Uint8Array {
  return new BsonWriter(256)
    .beginDocument()
    .timestamp('operationTime', 0, 0)
    .beginObject('$clusterTime')
    .timestamp('clusterTime', 0, 0)
    .beginObject('signature')
    .binary('hash', 0, new Uint8Array(signatureHashBytes))
    .int64('keyId', 0n)
    .end()
    .end()
    .end()
    .finish();
}

export class ClusterTime {
  readonly #clock: HybridClock;
  /** Both fields as they are appended; the two timestamps in it are patched. */
  readonly #trailer = trailerTemplate();
  readonly #places: readonly number[];

  constructor(nowMs: () => number) {
    this.#clock = new HybridClock(nowMs);
    const clusterTime = fieldOf(this.#trailer, '$clusterTime')!;
    this.#places = [
      fieldOf(this.#trailer, 'operationTime')!.start,
      clusterTime.start + fieldOf(clusterTime.slice(), 'clusterTime')!.start,
    ];
  }

  /** Takes note of a write's time: replies from here on are not below it. */
  observe(time: HybridTime): void {
    this.#clock.observe(time);
  }

  /** A time above all before it: for zero timestamps and `$currentDate`. */
  next(): Timestamp {
    return timestampOf(this.#clock.next());
  }

  /** The time of everything that is done. */
  now(): Timestamp {
    return timestampOf(this.#clock.close());
  }

  get nowMs(): number {
    return this.#clock.nowMs;
  }

  readonly append = (writer: BsonWriter): void => {
    const { seconds, increment } = this.now();
    for (const place of this.#places) {
      writeInt32(this.#trailer, place, increment);
      writeInt32(this.#trailer, place + 4, seconds);
    }
    writer.span(this.#trailer, 4, this.#trailer.length - 1);
  };
}
