// The wall clock of a server: the system's, or one that stands still until it is told to go on, so that tests of
// expiry, feeds and tokens need not wait.

import type { Settings } from './flags.ts';

export interface Clock {
  readonly nowMs: () => number;
  /** Moves a manual clock on and gives the new time; absent on the system's clock. */
  readonly advance?: ((milliseconds: number) => number) | undefined;
}

/** Where a seeded clock starts: 2026-01-01T00:00:00Z, and as many milliseconds later as the seed says. */
const seededStartMs = Date.UTC(2026, 0, 1);

/** Seeds wrap after a hundred years, so that every one is a date clients can print. */
const seededSpanMs = 100 * 365 * 24 * 60 * 60 * 1000;

export function openClock(settings: Pick<Settings, 'clock' | 'seed'>): Clock {
  if (settings.clock === 'system') return { nowMs: () => Date.now() };
  let now = settings.seed === undefined ? Date.now() : seededStartMs + (settings.seed % seededSpanMs);
  return {
    nowMs: () => now,
    advance: (milliseconds) => (now += milliseconds),
  };
}
