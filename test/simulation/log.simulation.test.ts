// Seeded histories of committers over a faulty log engine and over a disk that loses what was not synced: 2,000 in
// the default run, 10,000 with MERIDIAN_TEST_SCALE=5. MERIDIAN_SEED runs one of them alone.

import { describe, expect, it } from 'vitest';
import { Committer } from '../../core/commit.ts';
import { openEmbeddedLog } from '../../core/storage/embedded-log.ts';
import { describeLog } from '../replication/log.contract.ts';
import { Coverage, situations } from './coverage.ts';
import { Random } from './random.ts';
import { replayCommand, runHistories } from './run.ts';
import { Engine, noFaults, SimulatedLog } from './simulated-log.ts';
import { drive, Simulator } from './simulator.ts';

const subject = { Committer, openEmbeddedLog };
const historiesPerScale = 2_000;

describeLog('simulated', async () => {
  const simulator = new Simulator();
  const engine = new Engine();
  const random = new Random(5);
  return {
    open: async () => {
      const log = new SimulatedLog({
        engine,
        simulator,
        random,
        faults: () => noFaults,
        coverage: new Coverage(),
        name: 'writer',
      });
      // Two calls at once are driven by the first of them.
      let driving = Promise.resolve();
      const driven = <Result>(call: Promise<Result>): Promise<Result> => {
        call.catch(() => undefined);
        const turn = driving.then(() => drive(simulator, call));
        driving = turn.then(
          () => undefined,
          () => undefined,
        );
        return turn;
      };
      return {
        tail: () => driven(log.tail()),
        append: (records, after) => driven(log.append(records, after)),
        read: (after, recordsMax) => driven(log.read(after, recordsMax)),
        close: () => log.close(),
      };
    },
    dispose: async () => undefined,
  };
});

describe('committers over a faulty log', () => {
  const only = process.env['MERIDIAN_SEED'];
  const scale = Number(process.env['MERIDIAN_TEST_SCALE'] ?? '1');

  it('keep every property in every history', async () => {
    const [first, count] = only === undefined ? [1, Math.round(historiesPerScale * scale)] : [Number(only), 1];
    const started = performance.now();
    const { violations, coverage } = await runHistories(subject, first, count);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${coverage.histories} histories in ${seconds} s; per 1,000: ${coverage.line()}`);
    expect(
      violations.map(
        ({ seed, property, what }) => `seed ${seed}: ${property}: ${what}; replay: ${replayCommand(seed)}`,
      ),
    ).toEqual([]);
    if (only === undefined)
      for (const situation of situations) expect(coverage.of(situation), situation).toBeGreaterThan(0);
  }, 600_000);

  it('give the same history for the same seed', async () => {
    const once = await runHistories(subject, 1, 40);
    const again = await runHistories(subject, 1, 40);
    expect(again.coverage.line()).toBe(once.coverage.line());
  });
});
