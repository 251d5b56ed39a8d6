// 64 writers of a table and a few readers beside them. A writer has two units that it writes in transactions of 2 to
// 100 operations and some of one row that it writes alone; four writers share a partition. Now and then a transaction is
// made to fail at its last operation. Readers read whole partitions, page by page, and judge every unit.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { noUnit, rowKeyOf, UnitLedger, unitsOf, type RowState, type UnitState } from './unit.ts';

export type RowWrite =
  | { readonly kind: 'insert' | 'upsert'; readonly row: string; readonly state: RowState; readonly text: string }
  /** Leaves `made` and the text as they are. */
  | { readonly kind: 'merge'; readonly row: string; readonly turn: number; readonly size: number }
  | { readonly kind: 'delete'; readonly row: string };

/** `lost`: no answer, or one that says nothing about what became of the write. */
export type Outcome = 'done' | 'refused' | 'lost';

/** A table as a client has it. */
export interface TableClient {
  write(partition: string, write: RowWrite): Promise<Outcome>;
  /** All or nothing. */
  transact(partition: string, writes: readonly RowWrite[]): Promise<Outcome>;
  /** The whole partition, which fits into one page; undefined when it could not be read. */
  read(partition: string): Promise<ReadonlyMap<string, RowState> | undefined>;
}

const writers = 64;
const writersPerPartition = 4;
const readers = 4;
const largeUnits = ['a', 'b'];
const smallUnits = ['s0', 's1', 's2', 's3', 's4', 's5'];
const textLengthMax = 300;
export const operationsMax = 100;

interface Unit {
  readonly name: string;
  readonly isSmall: boolean;
  readonly ledger: UnitLedger;
}

export interface AuditFigures {
  acknowledged: number;
  transactions: number;
  refusedTransactions: number;
  pages: number;
}

export class TableAudit {
  readonly faults: string[] = [];
  readonly figures: AuditFigures = { acknowledged: 0, transactions: 0, refusedTransactions: 0, pages: 0 };
  readonly #units = new Map<string, Unit[][]>();
  readonly #random: () => number;
  #turn = 0;
  #isCrashing = false;

  constructor(random: () => number) {
    this.#random = random;
    for (let writer = 0; writer < writers; writer++) {
      const partition = `p${Math.floor(writer / writersPerPartition)}`;
      const units = (names: readonly string[], isSmall: boolean): Unit[] =>
        names.map((name) => ({ name: `w${writer}${name}`, isSmall, ledger: new UnitLedger() }));
      const others = this.#units.get(partition) ?? [];
      this.#units.set(partition, [...others, [...units(largeUnits, false), ...units(smallUnits, true)]]);
    }
  }

  /** From here on answers may be lost. */
  crashing(): void {
    this.#isCrashing = true;
  }

  /** Writes and reads until the server is gone: every lane ends by an answer that is lost. */
  async run(client: TableClient): Promise<void> {
    this.#isCrashing = false;
    const over = new AbortController();
    const lanes = [...this.#units].flatMap(([partition, writers]) =>
      writers.map((units) => this.#write(client, partition, units, over.signal)),
    );
    const reading = Array.from({ length: readers }, () => this.#read(client, over.signal));
    try {
      await Promise.all(lanes);
    } finally {
      // A reader may have nothing to stumble over.
      over.abort();
      await Promise.all(reading);
    }
  }

  /** After a crash and a restart: compares every unit with what its writer knows. */
  async settle(client: TableClient): Promise<void> {
    for (const [partition, writers] of this.#units) {
      const rows = await client.read(partition);
      if (rows === undefined) throw new Error(`partition ${partition} cannot be read`);
      const found = unitsOf(rows, this.faults);
      for (const { name, ledger } of writers.flat()) {
        const fault = ledger.settle(name, found.get(name));
        if (fault !== undefined) this.faults.push(fault);
        found.delete(name);
      }
      for (const name of found.keys()) this.faults.push(`${name}: was never written`);
    }
  }

  async #write(client: TableClient, partition: string, units: readonly Unit[], over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const wanted = this.#random() < 0.5;
      const choice = units.filter(({ isSmall }) => isSmall === wanted);
      const unit = choice[Math.floor(this.#random() * choice.length)]!;
      const { writes, next } = unit.isSmall ? this.#single(unit) : this.#transaction(unit);
      const isDoomed = !unit.isSmall && unit.ledger.state.made.length > 0 && this.#random() < 0.1;
      const chosen = isDoomed ? doomed(writes, this.#insert(unit.name, 0, next)) : writes;
      unit.ledger.sending(next);
      const outcome = unit.isSmall
        ? await client.write(partition, chosen[0]!)
        : await client.transact(partition, chosen);
      if (outcome === 'lost') {
        if (!this.#isCrashing) this.faults.push(`${unit.name}: turn ${next.turn} got no answer`);
        return;
      }
      if ((outcome === 'refused') !== isDoomed) {
        this.faults.push(`${unit.name}: turn ${next.turn} was ${outcome}`);
        return;
      }
      if (isDoomed) {
        unit.ledger.refused();
        this.figures.refusedTransactions++;
        continue;
      }
      unit.ledger.acknowledged();
      this.figures.acknowledged++;
      if (!unit.isSmall) this.figures.transactions++;
    }
  }

  #insert(unit: string, row: number, { turn, made }: UnitState): Extract<RowWrite, { kind: 'insert' | 'upsert' }> {
    const text = 'x'.repeat(Math.floor(this.#random() * textLengthMax));
    return { kind: 'insert', row: rowKeyOf(unit, row), state: { turn, size: made.length, made: turn }, text };
  }

  /** The next state of a unit of one row and the write that brings it about. */
  #single({ name, ledger }: Unit): { writes: RowWrite[]; next: UnitState } {
    const turn = ++this.#turn;
    const { made } = ledger.state;
    if (made.length > 0 && this.#random() < 0.2)
      return { writes: [{ kind: 'delete', row: rowKeyOf(name, 0) }], next: { turn, made: [] } };
    return this.#rewrite(name, made, { turn, size: 1 });
  }

  #transaction({ name, ledger }: Unit): { writes: RowWrite[]; next: UnitState } {
    const turn = ++this.#turn;
    const { made } = ledger.state;
    const removes = made.length > 0 && this.#random() < 0.1;
    // Mostly small, up to the most that one transaction takes.
    const size = removes ? 0 : 2 + Math.floor((operationsMax - 1) * this.#random() ** 3);
    return this.#rewrite(name, made, { turn, size });
  }

  /** Turns the rows of a unit into `size` rows: what is there is merged or replaced, what is missing inserted. */
  #rewrite(
    name: string,
    made: readonly number[],
    { turn, size }: { readonly turn: number; readonly size: number },
  ): { writes: RowWrite[]; next: UnitState } {
    const merges = Array.from({ length: size }, (_, row) => row < made.length && this.#random() < 0.5);
    const next: UnitState = { turn, made: merges.map((keeps, row) => (keeps ? made[row]! : turn)) };
    const writes: RowWrite[] = merges.map((keeps, row) => {
      if (keeps) return { kind: 'merge', row: rowKeyOf(name, row), turn, size };
      const insert = this.#insert(name, row, next);
      return row < made.length || this.#random() < 0.3 ? { ...insert, kind: 'upsert' } : insert;
    });
    for (let row = size; row < made.length; row++) writes.push({ kind: 'delete', row: rowKeyOf(name, row) });
    return { writes, next };
  }

  async #read(client: TableClient, over: AbortSignal): Promise<void> {
    const partitions = [...this.#units];
    while (!over.aborted) {
      const [partition, writers] = partitions[Math.floor(this.#random() * partitions.length)]!;
      const units = writers.flat();
      const before = units.map(({ ledger }) => ledger.state);
      const rows = await client.read(partition);
      if (rows === undefined) return;
      const found = unitsOf(rows, this.faults);
      for (const [i, { name, ledger }] of units.entries()) {
        const fault = ledger.judge(name, found.get(name), before[i] ?? noUnit);
        if (fault !== undefined) this.faults.push(`read: ${fault}`);
      }
      this.figures.pages++;
      // Reads from memory alone would never let anything else run.
      await nextTurn();
    }
  }
}

/** The insert of a row that is there comes last, in the place of what else was to happen to it. */
function doomed(writes: readonly RowWrite[], insert: RowWrite): readonly RowWrite[] {
  return [...writes.filter(({ row }) => row !== insert.row), insert];
}
