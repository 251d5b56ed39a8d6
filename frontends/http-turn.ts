// Answers of one turn of the event loop, written one after the other at its end. To write to a socket wakes whoever
// waits at the other end, which costs more than most requests; with several connections a client is then woken once
// for many answers. A lone request waits for nothing: the end of the turn is what comes next.

/** An answer that is ready. */
export interface Outgoing {
  /** Never throws. */
  write(): void;
}

/** So many are written at once, so that the first of a long turn does not wait for the last. */
const answersMax = 16;

export class HttpTurn {
  #ready: Outgoing[] = [];
  readonly #flush = (): void => this.#writeAll();

  /** It is written before the turn is over. */
  add(outgoing: Outgoing): void {
    const count = this.#ready.push(outgoing);
    if (count === 1) setImmediate(this.#flush);
    else if (count === answersMax) this.#writeAll();
  }

  #writeAll(): void {
    const ready = this.#ready;
    this.#ready = [];
    for (const outgoing of ready) outgoing.write();
  }
}
