// The bound on the time of one spatial function: nothing can yield inside an expression, and lines that wind around
// each other for ever can defeat any search tree.

import { tooLarge } from '../../limits.ts';

/** Boxes and segments looked at by one call, 50 to 100 ns each. */
const stepsMax = 10_000_000;

export class Work {
  #steps = 0;

  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > stepsMax) throw tooLarge('a spatial function', stepsMax, 'steps');
  }
}
