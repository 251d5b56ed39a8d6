// Waiting after a failure, longer each time: a disk that is full is asked again, but not at once.

const waitMsMin = 250;
const waitMsMax = 30_000;

export class Retry {
  readonly #later: (run: () => void, ms: number) => () => void;
  readonly #run: () => void;
  #cancel: (() => void) | undefined;
  #waitMs = waitMsMin;

  /** Calls `run` when it is time to try again. */
  constructor(later: (run: () => void, ms: number) => () => void, run: () => void) {
    this.#later = later;
    this.#run = run;
  }

  /** False while it waits. */
  get isReady(): boolean {
    return this.#cancel === undefined;
  }

  succeeded(): void {
    this.#waitMs = waitMsMin;
  }

  failed(): void {
    this.#cancel?.();
    this.#cancel = this.#later(() => {
      this.#cancel = undefined;
      this.#run();
    }, this.#waitMs);
    this.#waitMs = Math.min(waitMsMax, this.#waitMs * 2);
  }

  stop(): void {
    this.#cancel?.();
  }
}
