// What the writers of an audit know: for each item the last write that was acknowledged, and the one that was
// sent and not answered. After a crash an item must be in one of these two states, and in no other.

export type ItemState = { readonly kind: 'absent' } | { readonly kind: 'present'; readonly value: number };

export const absent: ItemState = { kind: 'absent' };

export class Ledger {
  readonly #acknowledged = new Map<string, ItemState>();
  readonly #inFlight = new Map<string, ItemState>();
  acknowledgements = 0;

  sending(item: string, state: ItemState): void {
    this.#inFlight.set(item, state);
  }

  acknowledged(item: string): void {
    this.#acknowledged.set(item, this.#inFlight.get(item)!);
    this.#inFlight.delete(item);
    this.acknowledgements++;
  }

  /** The server said that the write did not happen. */
  refused(item: string): void {
    this.#inFlight.delete(item);
  }

  items(): string[] {
    return [...new Set([...this.#acknowledged.keys(), ...this.#inFlight.keys()])];
  }

  stateOf(item: string): ItemState {
    return this.#acknowledged.get(item) ?? absent;
  }

  /**
   * Compares what was found after a crash; a write that was in flight is settled by what is there.
   * Returns what is wrong, or undefined.
   */
  settle(item: string, found: ItemState): string | undefined {
    const last = this.stateOf(item);
    const pending = this.#inFlight.get(item);
    this.#inFlight.delete(item);
    if (same(found, last)) return undefined;
    if (pending !== undefined && same(found, pending)) {
      this.#acknowledged.set(item, found);
      return undefined;
    }
    return `${item}: acknowledged ${show(last)}, in flight ${pending === undefined ? 'nothing' : show(pending)}, found ${show(found)}`;
  }
}

function same(a: ItemState, b: ItemState): boolean {
  return a.kind === b.kind && (a.kind === 'absent' || (b.kind === 'present' && a.value === b.value));
}

function show(state: ItemState): string {
  return state.kind === 'absent' ? 'absent' : String(state.value);
}
