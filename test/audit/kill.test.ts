// The acknowledged-write audit on a real process: 64 writers, SIGKILL at a random moment, `check` on the directory,
// restart on it, and every item compared with what its writer was told. One directory lives through all rounds. Memory
// for the index is so small that kills meet it flushing and merging; `check` compares it with the log.
// MERIDIAN_TEST_SCALE=10 runs the 50 rounds of a release.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CosmosHttp } from '../clients/cosmos-http.ts';
import { seedOf, randomOf } from '../random.ts';
import { absent, Ledger, type ItemState } from './ledger.ts';
import { runCommand, ServerProcess } from './server.ts';

const scale = Number(process.env['MERIDIAN_TEST_SCALE'] ?? 1);
const rounds = 5 * scale;
const writers = 64;
const itemsPerWriter = 8;

const seed = seedOf();
const random = randomOf(seed);
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'meridian-audit-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Writes to its own items until the connection breaks. */
async function write(client: CosmosHttp, ledger: Ledger, writer: number, counter: { next: number }): Promise<void> {
  for (;;) {
    const name = `w${writer}-${Math.floor(random() * itemsPerWriter)}`;
    const removes = ledger.stateOf(name).kind === 'present' && random() < 0.15;
    const value = counter.next++;
    ledger.sending(name, removes ? absent : { kind: 'present', value });
    let status: number;
    try {
      const answer = removes
        ? await client.delete('audit', 'items', `p${writer}`, name)
        : await client.upsert('audit', 'items', `p${writer}`, {
            id: name,
            pk: `p${writer}`,
            value,
            text: 'x'.repeat(Math.floor(random() * 2000)),
          });
      status = answer.status;
    } catch {
      return;
    }
    if (status >= 200 && status < 300) ledger.acknowledged(name);
    else throw new Error(`unexpected status ${status} for ${name}`);
  }
}

async function stateOf(client: CosmosHttp, name: string): Promise<ItemState> {
  const writer = name.slice(1, name.indexOf('-'));
  const answer = await client.read('audit', 'items', `p${writer}`, name);
  if (answer.status === 404) return absent;
  expect(answer.status).toBe(200);
  return { kind: 'present', value: (JSON.parse(answer.body) as { value: number }).value };
}

test(
  `no acknowledged write is lost when the process is killed under ${writers} writers (${rounds} rounds)`,
  async () => {
    const ledger = new Ledger();
    const counter = { next: 1 };
    let server = await ServerProcess.start(['--data', directory, '--index-memory', '1']);
    let client = new CosmosHttp(server.ready.sql);
    await client.createDatabase('audit');
    expect((await client.createContainer('audit', 'items')).status).toBe(201);
    for (let round = 0; round < rounds; round++) {
      const running = Array.from({ length: writers }, (_, writer) => write(client, ledger, writer, counter));
      await delay(150 + random() * 700);
      await server.kill();
      await Promise.all(running);
      await client.close();
      const check = await runCommand(['check', '--data', directory]);
      expect(check.code, `round ${round}, seed ${seed}: ${check.output}`).toBe(0);
      server = await ServerProcess.start(['--data', directory, '--index-memory', '1']);
      client = new CosmosHttp(server.ready.sql);
      const faults: string[] = [];
      for (const name of ledger.items()) {
        const fault = ledger.settle(name, await stateOf(client, name));
        if (fault !== undefined) faults.push(fault);
      }
      expect(faults, `round ${round}, seed ${seed}`).toEqual([]);
    }
    await client.close();
    expect(await server.stop()).toBe(0);
    expect(ledger.acknowledgements).toBeGreaterThan(rounds * writers);
    console.log(`audit: ${rounds} kills, ${ledger.acknowledgements} acknowledged writes, none lost (seed ${seed})`);
  },
  rounds * 30_000,
);
