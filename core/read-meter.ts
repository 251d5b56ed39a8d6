// The charge of one read that goes over several items: who reads notes what it loaded, partition by partition, and
// settles once a page is done. A page is charged where its items were, so a hot partition shows.
//
// Invariant: what `settle` gives is what the partitions were charged.

import type { Context } from '../model/operation.ts';
import { descendsFrom, type PartitionRecord } from '../model/resource.ts';
import { pageCharge, pageItemsFor, roundCharge } from './charge.ts';
import type { Throughput } from './throughput.ts';

/** Items a page may always load, however little throughput is left: shorter pages would cost mostly their start. */
const pageItemsMin = 100;

/** What was loaded of one partition. */
export interface Load {
  items: number;
  bytes: number;
}

export interface Settlement {
  /** Bytes of the answer. */
  readonly bytesReturned: number;
  /** Uses of the index in each partition. */
  readonly lookups?: number | undefined;
  /** Every partition was looked into, though no item was loaded. */
  readonly isWhole?: boolean | undefined;
}

/** A read that several replicas must agree on asks two of them. */
export function readFactorOf({ isQuorumRead }: Context): number {
  return isQuorumRead === true ? 2 : 1;
}

export class ReadMeter {
  readonly #throughput: Throughput;
  readonly #partitions: readonly PartitionRecord[];
  readonly #factor: number;
  readonly #loads: readonly Load[];
  #place = 0;

  /** Throws TooManyRequests when one of the partitions is in debt. */
  constructor(throughput: Throughput, partitions: readonly PartitionRecord[], factor: number) {
    throughput.admitAll(partitions);
    this.#throughput = throughput;
    this.#partitions = partitions;
    this.#factor = factor;
    this.#loads = partitions.map(() => ({ items: 0, bytes: 0 }));
  }

  /** Items that a page which can go on later should stop at, so that it spends what is there and little more. */
  get pageItemsMax(): number {
    const left = this.#throughput.left(this.#partitions) / this.#factor;
    return left === Infinity ? Infinity : Math.max(pageItemsMin, pageItemsFor(left));
  }

  /** Bytes of what was loaded since the last page was charged. */
  get bytesLoaded(): number {
    return this.#loads.reduce((sum, load) => sum + load.bytes, 0);
  }

  /** Where loads of that partition are noted; they hold until `settle`. */
  loadOf(wanted: PartitionRecord): Load {
    // Readers finish one partition before they come to the next.
    if (this.#partitions[this.#place]?.partition !== wanted.partition) this.#place = this.#placeOf(wanted);
    return this.#loads[this.#place] ?? { items: 0, bytes: 0 };
  }

  /** A reading that was begun before a split goes on in the old partition: one that came of it is charged. */
  #placeOf({ partition: number, range }: PartitionRecord): number {
    const same = this.#partitions.findIndex(({ partition }) => partition === number);
    if (same >= 0) return same;
    const heir = this.#partitions.findIndex((record) => descendsFrom(record, range));
    return Math.max(0, heir);
  }

  /** Charges the partitions for a page and begins the next one. */
  settle({ bytesReturned, lookups = 0, isWhole = false }: Settlement): number {
    const items = this.#loads.reduce((sum, load) => sum + load.items, 0);
    let total = 0;
    for (const [i, load] of this.#loads.entries()) {
      const isTouched = load.items > 0 || isWhole || (items === 0 && i === 0);
      if (!isTouched) continue;
      const share = items === 0 ? 1 / this.#loads.length : load.items / items;
      const work = {
        lookups,
        itemsLoaded: load.items,
        bytesLoaded: load.bytes,
        bytesReturned: bytesReturned * share,
      };
      const charge = roundCharge(pageCharge(work) * this.#factor);
      total += charge;
      this.#throughput.takeFrom(this.#partitions[i]!, charge);
      load.items = 0;
      load.bytes = 0;
    }
    return roundCharge(total);
  }
}
