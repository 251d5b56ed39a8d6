// Who may work in a logical partition now: transactions one after the other, and plain writes at any time but while a
// transaction that was outdated before runs again.

import { DatabaseError } from '../model/errors.ts';
import type { PartitionKeyValue } from '../model/operation.ts';
import { partitionKeyText } from '../model/partition-key.ts';
import type { ContainerRecord } from '../model/resource.ts';

/** Transactions that may wait for others of their logical partition. */
export const waitingTransactionsMax = 64;

/** Plain writes that may wait for transactions. */
export const waitingWritesMax = 4_096;

/** What a logical partition is called here. */
export function turnName({ number }: ContainerRecord, key: PartitionKeyValue): string {
  return `${number}/${partitionKeyText(key)}`;
}

export class Turns {
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #held = new Map<string, Promise<void>>();
  #waitingWrites = 0;

  /** Runs it when all transactions of that logical partition that came before have ended. */
  async take<Value>(name: string, run: () => Promise<Value>): Promise<Value> {
    const queue = this.#waiting.get(name);
    if (queue === undefined) this.#waiting.set(name, []);
    else if (queue.length >= waitingTransactionsMax)
      throw new DatabaseError('TooManyRequests', 'too many transactions wait for this logical partition');
    else await new Promise<void>((resolve) => queue.push(resolve));
    try {
      return await run();
    } finally {
      const next = this.#waiting.get(name)?.shift();
      if (next === undefined) this.#waiting.delete(name);
      else next();
    }
  }

  /** Makes plain writes of a logical partition wait until what it gives is called: for the one whose turn it is. */
  holdWrites(name: string): () => void {
    let letOn = (): void => undefined;
    this.#held.set(name, new Promise((resolve) => (letOn = resolve)));
    return () => {
      this.#held.delete(name);
      letOn();
    };
  }

  /** Whether any write might have to wait. */
  get holdsWrites(): boolean {
    return this.#held.size > 0;
  }

  /** Resolves when writes of that logical partition may go on. */
  async passed(name: string): Promise<void> {
    for (let held = this.#held.get(name); held !== undefined; held = this.#held.get(name)) {
      if (this.#waitingWrites >= waitingWritesMax)
        throw new DatabaseError('Unavailable', 'too many writes wait for transactions');
      this.#waitingWrites++;
      await held;
      this.#waitingWrites--;
    }
  }
}
