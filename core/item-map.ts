// Which version of each item is current, in memory: by id text for point operations, by creation for feeds.
// The log holds the bytes; this map holds where they are. It stands in front of the index's term for ids and
// keeps that contract: an id is found without reading a record, absent ids too.
//
// Invariant: `#order` rises in `created`; a slot that died stays in it, marked, until half of it is dead.

export interface Slot {
  readonly id: string;
  /** Text of the partition key values: together with `id` the identity. */
  readonly key: string;
  /** LSN of the item's first version. */
  readonly created: number;
  /** Log sequence of the current version. */
  sequence: number;
  lsn: number;
  time: number;
  ttlSeconds: number;
  bytes: number;
  live: boolean;
  /** Another item with the same id in another logical partition. */
  next: Slot | undefined;
}

/** Below this the order is not worth compacting. */
const compactSlotsMin = 64;

export class ItemMap {
  #byId: Map<string, Slot> | undefined;
  #order: Slot[] = [];
  #dead = 0;
  #sorted = true;
  /** Changes when `#order` was compacted, so that a paused scan finds its place again. */
  #layout = 0;
  #bytes = 0;

  /** Live items. */
  get size(): number {
    return this.#order.length - this.#dead;
  }

  /** Bytes of the live items' bodies. */
  get bytes(): number {
    return this.#bytes;
  }

  find(id: string, key: string): Slot | undefined {
    let slot = this.#byId?.get(id);
    while (slot !== undefined && slot.key !== key) slot = slot.next;
    return slot;
  }

  /** Every live item of that id, in any logical partition. */
  findAll(id: string): Slot[] {
    const found: Slot[] = [];
    for (let slot = this.#byId?.get(id); slot !== undefined; slot = slot.next) found.push(slot);
    return found;
  }

  insert(slot: Slot): void {
    this.#byId ??= new Map();
    slot.next = this.#byId.get(slot.id);
    this.#byId.set(slot.id, slot);
    const last = this.#order.at(-1);
    if (last !== undefined && last.created > slot.created) this.#sorted = false;
    this.#order.push(slot);
    this.#bytes += slot.bytes;
  }

  resize(slot: Slot, bytes: number): void {
    this.#bytes += bytes - slot.bytes;
    slot.bytes = bytes;
  }

  remove(slot: Slot): void {
    slot.live = false;
    this.#dead++;
    this.#bytes -= slot.bytes;
    const head = this.#byId!.get(slot.id);
    if (head === slot) {
      if (slot.next === undefined) this.#byId!.delete(slot.id);
      else this.#byId!.set(slot.id, slot.next);
    } else {
      let before = head;
      while (before !== undefined && before.next !== slot) before = before.next;
      if (before !== undefined) before.next = slot.next;
    }
    if (this.#dead >= compactSlotsMin && this.#dead * 2 > this.#order.length) {
      this.#order = this.#order.filter((kept) => kept.live);
      this.#dead = 0;
      this.#layout++;
    }
  }

  #sort(): void {
    if (this.#sorted) return;
    this.#order.sort((a, b) => a.created - b.created);
    this.#sorted = true;
    this.#layout++;
  }

  /** First place in the order whose slot was created after `created`. */
  #placeAfter(created: number): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#order[middle]!.created <= created) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Live slots created after `after`, in that order. May be paused while items come and go. */
  *after(after: number): Generator<Slot> {
    this.#sort();
    let layout = this.#layout;
    let place = this.#placeAfter(after);
    let last = after;
    for (;;) {
      if (layout !== this.#layout) {
        this.#sort();
        layout = this.#layout;
        place = this.#placeAfter(last);
      }
      const slot = this.#order[place];
      if (slot === undefined) return;
      place++;
      last = slot.created;
      if (slot.live) yield slot;
    }
  }

  /** As `after`, backwards from the newest or from before `before`. */
  *before(before: number): Generator<Slot> {
    this.#sort();
    let last = before;
    for (;;) {
      const place = this.#placeAfter(last - 1) - 1;
      const slot = this.#order[place];
      if (slot === undefined) return;
      last = slot.created;
      if (slot.live) yield slot;
    }
  }
}
