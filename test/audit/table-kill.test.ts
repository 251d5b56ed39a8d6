// Entity group transactions on a real process: 64 writers over the Table door, SIGKILL at a random moment, `check` on
// the directory, restart on it. Every acknowledged write is there, and of every transaction all or nothing, also in the
// pages that were read meanwhile. One directory lives through all rounds; memory for the index is so small that
// kills meet it flushing and merging. MERIDIAN_TEST_SCALE multiplies the rounds.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomOf, seedOf, testScale } from '../random.ts';
import { connectTable, createTable, httpTable } from './http-table.ts';
import { runCommand, ServerProcess } from './server.ts';
import { TableAudit } from './table-writers.ts';

const rounds = 2 * testScale;
/** A round that has not written enough by then is killed all the same. */
const roundMsMax = 10_000;
const seed = seedOf();
const random = randomOf(seed);
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'meridian-audit-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test(
  `no acknowledged transaction is lost or halved when the process is killed (${rounds} rounds)`,
  async () => {
    const audit = new TableAudit(random);
    const args = ['--data', directory, '--index-memory', '1', '--partitions', '3'];
    let server = await ServerProcess.start(args);
    let send = connectTable(server.ready.table);
    await createTable(send);
    for (let round = 0; round < rounds; round++) {
      const running = audit.run(httpTable(send));
      // However fast the machine is: so many writes, and a moment.
      const wanted = audit.figures.acknowledged + 60 + random() * 300;
      const deadlineMs = Date.now() + roundMsMax;
      while (audit.figures.acknowledged < wanted && audit.faults.length === 0 && Date.now() < deadlineMs)
        await delay(5);
      await delay(random() * 20);
      audit.crashing();
      await server.kill();
      await running;
      const check = await runCommand(['check', '--data', directory]);
      expect(check.code, `round ${round}, seed ${seed}: ${check.output}`).toBe(0);
      server = await ServerProcess.start(args);
      send = connectTable(server.ready.table);
      await audit.settle(httpTable(send));
      expect(audit.faults, `round ${round}, seed ${seed}`).toEqual([]);
    }
    expect(await server.stop()).toBe(0);
    const { transactions, refusedTransactions, pages } = audit.figures;
    expect(transactions).toBeGreaterThan(rounds * 10);
    expect(refusedTransactions).toBeGreaterThan(0);
    expect(pages).toBeGreaterThan(rounds);
    console.log(`table audit: ${rounds} kills, ${JSON.stringify(audit.figures)}, no fault (seed ${seed})`);
  },
  60_000 + rounds * 30_000,
);
