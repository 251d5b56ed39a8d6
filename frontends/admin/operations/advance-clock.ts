// POST /clock/advance: moves the manual clock on. Time never goes back.

import { DatabaseError } from '../../../model/errors.ts';
import type { Operation } from '../surface.ts';

/** Ten years in one step: further than any expiry a test waits for. */
const advanceMsMax = 10 * 365 * 24 * 60 * 60 * 1000;

export const advanceClock: Operation = ({ sources, body }) => {
  if (sources.advance === undefined) throw new DatabaseError('Forbidden', 'the clock is the system’s; start with --clock manual');
  const { milliseconds, seconds } = body;
  if ((milliseconds === undefined) === (seconds === undefined))
    throw new DatabaseError('BadRequest', "give either 'milliseconds' or 'seconds'", { argument: 'milliseconds' });
  const amount = milliseconds ?? seconds;
  const step = typeof amount === 'number' ? amount * (milliseconds === undefined ? 1000 : 1) : NaN;
  if (!Number.isFinite(step) || step < 0 || step > advanceMsMax)
    throw new DatabaseError('BadRequest', `the clock moves on by 0 to ${advanceMsMax} milliseconds`, {
      argument: milliseconds === undefined ? 'seconds' : 'milliseconds',
    });
  return { status: 200, body: { time: new Date(sources.advance(Math.floor(step))).toISOString() } };
};
