// Runs many histories side by side and checks each against every property.

import type { Subject } from './cluster.ts';
import { Coverage } from './coverage.ts';
import { History } from './history.ts';
import { properties } from './properties/all.ts';
import { settleMicrotasks } from './simulator.ts';

/** Histories that advance side by side: one turn of the event loop moves each by one event. */
const side = 64;

export interface Violation {
  readonly seed: number;
  readonly property: string;
  readonly what: string;
}

export interface RunResult {
  readonly violations: readonly Violation[];
  readonly coverage: Coverage;
}

/** Runs the seeds `first` … `first + count - 1`, and stops soon after `violationsMax` of them failed. */
export async function runHistories(
  subject: Subject,
  first: number,
  count: number,
  violationsMax = 1,
): Promise<RunResult> {
  // A fifth of the time would go into stacks that nobody reads; one seed alone keeps them.
  if (count > 1) Error.stackTraceLimit = 0;
  const coverage = new Coverage();
  const violations: Violation[] = [];
  const end = first + count;
  let next = first;
  let running: History[] = [];
  for (;;) {
    while (running.length < side && next < end && violations.length < violationsMax)
      running.push(new History(next++, subject));
    if (running.length === 0) return { violations, coverage };
    await settleMicrotasks();
    const still: History[] = [];
    for (const history of running) {
      if (history.step()) still.push(history);
      else {
        coverage.add(history.coverage);
        const violation = check(history);
        if (violation !== undefined) violations.push(violation);
      }
    }
    running = still;
  }
}

function check(history: History): Violation | undefined {
  const { seed, outcome, failure } = history;
  if (outcome === undefined) return { seed, property: 'the history ends', what: failure ?? 'no outcome' };
  for (const { name, violation } of properties) {
    const what = violation(outcome);
    if (what !== undefined) return { seed, property: name, what };
  }
  return undefined;
}

/** The command that replays one seed. */
export function replayCommand(seed: number): string {
  return `MERIDIAN_SEED=${seed} npx vitest run test/simulation/log.simulation.test.ts`;
}
