// What was opened, to be closed in reverse order. Each closing is tried, whatever became of those before it.

export type Close = (graceMs: number) => Promise<void> | void;

export class Closers {
  readonly #list: Close[] = [];
  readonly #onFailure: (error: unknown) => void;
  #closing: Promise<void> | undefined;

  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  push(close: Close): void {
    this.#list.push(close);
  }

  /** Closes everything once; later calls wait for the first. */
  closeAll(graceMs: number): Promise<void> {
    return (this.#closing ??= this.#run(graceMs));
  }

  async #run(graceMs: number): Promise<void> {
    for (let close = this.#list.pop(); close !== undefined; close = this.#list.pop()) {
      try {
        await close(graceMs);
      } catch (error) {
        this.#onFailure(error);
      }
    }
  }
}
