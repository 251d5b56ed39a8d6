// Discrete events in virtual time: one queue, no clock, no timer. Code under test runs in microtasks, so after each
// event the simulator steps aside once (`setImmediate`) and everything that the event set free has run to its next
// wait. Many histories advance side by side in one such step; they share nothing, so each stays deterministic.

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class Simulator {
  nowMs = 0;
  #order = 0;
  /** Binary heap, earliest first; among equals, first come first. */
  readonly #heap: Event[] = [];

  /** Runs `run` after `delayMs` of virtual time. */
  after(delayMs: number, run: () => void): void {
    this.#push({ atMs: this.nowMs + delayMs, order: this.#order++, run });
  }

  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Runs the next event; false when there is none. The caller lets microtasks run before the next step. */
  step(): boolean {
    const event = this.#pop();
    if (event === undefined) return false;
    this.nowMs = event.atMs;
    event.run();
    return true;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Lets every microtask that is ready run. */
export function settleMicrotasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Pumps one simulator until the promise settles: for tests that await a simulated log directly. */
export async function drive<Result>(simulator: Simulator, promise: Promise<Result>): Promise<Result> {
  let settled = false;
  const mark = () => void (settled = true);
  promise.then(mark, mark);
  await settleMicrotasks();
  while (!settled) {
    if (!simulator.step()) throw new Error('the simulation has no event left and the promise is not settled');
    await settleMicrotasks();
  }
  return promise;
}
