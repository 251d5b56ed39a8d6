// Rows of a table that are always written together, in one transaction: a unit. Every row of it tells how many there
// are and which turn wrote them, so that whoever reads a page can tell a whole unit from half a one, without knowing
// what its writer did. The row of a unit of one is written by single requests.

/** What a row says of itself; `made` is the turn that inserted or last replaced it, which a merge leaves alone. */
export interface RowState {
  readonly turn: number;
  readonly size: number;
  readonly made: number;
}

/** `made` of every row; none when the unit is not there. `turn` wrote it, or removed it. */
export interface UnitState {
  readonly turn: number;
  readonly made: readonly number[];
}

export const noUnit: UnitState = { turn: 0, made: [] };

export function rowKeyOf(unit: string, row: number): string {
  return `${unit}-${String(row).padStart(3, '0')}`;
}

/** Units of a page by name; what is wrong with them within themselves goes to `faults`. */
export function unitsOf(rows: ReadonlyMap<string, RowState>, faults: string[]): Map<string, UnitState> {
  const found = new Map<string, [number, RowState][]>();
  for (const [key, state] of rows) {
    const at = key.lastIndexOf('-');
    const unit = key.slice(0, at);
    const list = found.get(unit) ?? [];
    found.set(unit, list);
    list.push([Number(key.slice(at + 1)), state]);
  }
  const units = new Map<string, UnitState>();
  for (const [unit, list] of found) {
    const { turn, size } = list[0]![1];
    const made: number[] = [];
    for (const [row, state] of list.sort(([a], [b]) => a - b)) {
      if (row !== made.length || state.size !== size || state.turn !== turn) {
        faults.push(`${unit}: row ${row} is of turn ${state.turn} with ${state.size} rows, others of ${turn}, ${size}`);
        break;
      }
      made.push(state.made);
    }
    if (list.length !== size) faults.push(`${unit}: ${list.length} of ${size} rows of turn ${turn}`);
    units.set(unit, { turn, made });
  }
  return units;
}

/**
 * What the only writer of a unit knows: its last acknowledged state, and the one that was sent and not answered. A
 * reader sees one of the two; after a crash the unit is in one of the two, and from then on in no other.
 */
export class UnitLedger {
  #acknowledged: UnitState = noUnit;
  #pending: UnitState | undefined;
  readonly #refused = new Set<number>();

  get state(): UnitState {
    return this.#acknowledged;
  }

  sending(state: UnitState): void {
    this.#pending = state;
  }

  acknowledged(): void {
    this.#acknowledged = this.#pending!;
    this.#pending = undefined;
  }

  /** The server said that nothing was written. */
  refused(): void {
    this.#refused.add(this.#pending!.turn);
    this.#pending = undefined;
  }

  /** What a reader found who began when `before` was acknowledged: it may be newer, and never older or unheard of. */
  judge(name: string, found: UnitState | undefined, before: UnitState): string | undefined {
    if (found === undefined) {
      const mayBeAbsent = [before, this.#acknowledged, this.#pending].some((state) => state?.made.length === 0);
      // Turns in between are forgotten: if there was one, it may have removed the unit.
      if (mayBeAbsent || this.#acknowledged.turn > before.turn) return undefined;
      return `${name}: not there, although turn ${before.turn} was acknowledged`;
    }
    if (this.#refused.has(found.turn)) return `${name}: turn ${found.turn} was refused, and is there`;
    if (found.turn < before.turn) return `${name}: turn ${found.turn} seen, after ${before.turn} was acknowledged`;
    const known = [before, this.#acknowledged, this.#pending].find((state) => state?.turn === found.turn);
    if (known !== undefined && !isSame(known, found)) return `${name}: turn ${found.turn} is not as it was written`;
    if (found.turn > Math.max(this.#acknowledged.turn, this.#pending?.turn ?? 0))
      return `${name}: turn ${found.turn} was never sent`;
    return undefined;
  }

  /** After a crash: what was in flight is settled by what is there. Says what is wrong. */
  settle(name: string, found: UnitState | undefined): string | undefined {
    const last = this.#acknowledged;
    const pending = this.#pending;
    this.#pending = undefined;
    if (isFound(last, found)) return undefined;
    if (pending !== undefined && isFound(pending, found)) {
      this.#acknowledged = pending;
      return undefined;
    }
    const flight = pending === undefined ? 'nothing' : show(pending);
    return `${name}: acknowledged ${show(last)}, in flight ${flight}, found ${found === undefined ? 'nothing' : show(found)}`;
  }
}

function isFound(state: UnitState, found: UnitState | undefined): boolean {
  return found === undefined ? state.made.length === 0 : isSame(state, found);
}

function isSame(a: UnitState, b: UnitState): boolean {
  return a.turn === b.turn && a.made.length === b.made.length && a.made.every((made, i) => made === b.made[i]);
}

function show(state: UnitState): string {
  return state.made.length === 0 ? `removed in turn ${state.turn}` : `turn ${state.turn} of ${state.made.length} rows`;
}
