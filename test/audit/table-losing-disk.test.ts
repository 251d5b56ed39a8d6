// Entity group transactions on a disk that loses whatever was not synced: power off at a random step under 64 writers
// and readers, reopen, and every acknowledged write is there, and of every transaction all or nothing, also in the
// pages that were read meanwhile. MERIDIAN_TEST_SCALE multiplies the runs.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Engine } from '../../core/engine.ts';
import { openEmbeddedLog } from '../../core/storage/embedded-log.ts';
import { HybridClock } from '../../model/hybrid-time.ts';
import { LosingStore, type Medium } from '../storage/losing-store.ts';
import { randomOf, seedOf, testScale } from '../random.ts';
import { createTable, engineTable } from './engine-table.ts';
import { TableAudit, type TableClient } from './table-writers.ts';

const runs = 3 * testScale;
const crashesPerRun = 3;
/** Of the log, between two crashes. */
const batchesMax = 6;
const landingTurnsMax = 4;
const seed = seedOf();

interface Options {
  readonly durability?: 'strict' | 'relaxed';
  readonly wrap?: (client: TableClient) => TableClient;
}

async function openEngine(store: LosingStore, durability: 'strict' | 'relaxed'): Promise<Engine> {
  return Engine.open({
    log: await openEmbeddedLog(store, { account: 1, group: 0, durability }),
    clock: new HybridClock(() => Date.now()),
    region: { id: 0, name: 'West US' },
    partitionsDefault: 3,
    pause: async () => undefined,
  });
}

async function audit(runs: number, { durability = 'strict', wrap = (client) => client }: Options = {}) {
  const total = { acknowledged: 0, transactions: 0, refusedTransactions: 0, pages: 0, lost: 0 };
  for (let run = 0; run < runs; run++) {
    const random = randomOf(seed + run);
    const audit = new TableAudit(random);
    let begun = 0;
    const land = (step: () => void, turns: number): void =>
      void setImmediate(() => (turns === 0 ? step() : land(step, turns - 1)));
    const later = (step: () => void): void => {
      begun++;
      land(step, Math.floor(random() * landingTurnsMax));
    };
    const openStore = (medium: Medium) => new LosingStore({ random, later }, medium);
    let store = openStore([]);
    let engine = await openEngine(store, 'strict');
    await createTable(engine);
    await engine.close();
    engine = await openEngine(store, durability);
    for (let crash = 0; crash < crashesPerRun; crash++) {
      const running = audit.run(wrap(engineTable(engine)));
      const last = begun + Math.floor(random() * batchesMax);
      // Groups are made over many turns of the event loop: power goes soon after a batch was begun, or while it is written.
      for (let more = Math.floor(random() * landingTurnsMax); begun < last || more-- > 0;) await nextTurn();
      audit.crashing();
      const medium = store.crash();
      await running;
      await engine.close().catch(() => undefined);
      total.lost += store.lost;
      store = openStore(medium);
      engine = await openEngine(store, durability);
      await audit.settle(engineTable(engine));
      if (audit.faults.length > 0) {
        await engine.close();
        return { total, faults: audit.faults.map((fault) => `run ${run}, crash ${crash}: ${fault}`) };
      }
    }
    await engine.close();
    for (const name of ['acknowledged', 'transactions', 'refusedTransactions', 'pages'] as const)
      total[name] += audit.figures[name];
  }
  return { total, faults: [] };
}

test(`a disk that loses what was not synced loses no acknowledged transaction and halves none (${runs} runs)`, async () => {
  const { faults, total } = await audit(runs);
  expect(faults).toEqual([]);
  // An empty history proves nothing.
  expect(total.transactions).toBeGreaterThan(runs * 10);
  expect(total.refusedTransactions).toBeGreaterThan(0);
  expect(total.pages).toBeGreaterThan(runs);
  // Of few crashes, some runs have none with a batch in flight.
  if (runs >= 20) expect(total.lost).toBeGreaterThan(0);
  console.log(`losing disk, table: ${JSON.stringify(total)}, no fault (seed ${seed})`);
}, 600_000);

test('the audit notices a log that acknowledges before it syncs', async () => {
  expect((await audit(4, { durability: 'relaxed' })).faults.length).toBeGreaterThan(0);
}, 60_000);

test('the audit notices transactions that are written one row at a time', async () => {
  const wrap = (client: TableClient): TableClient => ({
    ...client,
    transact: async (partition, writes) => {
      for (const write of writes) {
        const outcome = await client.write(partition, write);
        if (outcome !== 'done') return outcome;
      }
      return 'done';
    },
  });
  const { faults } = await audit(3, { wrap });
  expect(faults.some((fault) => fault.includes(' of turn '))).toBe(true);
}, 60_000);
