// The acknowledged-write audit on a disk that loses whatever was not synced: SIGKILL says nothing about fsync,
// this does. 64 writers with single writes and batches, power off at a random step, reopen, compare.

import { expect, test } from 'vitest';
import { openEmbeddedLog } from '../../core/storage/embedded-log.ts';
import { Engine } from '../../core/engine.ts';
import { DatabaseError } from '../../model/errors.ts';
import { HybridClock } from '../../model/hybrid-time.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { fieldOf } from '../../model/bson/walk.ts';
import { valueOf } from '../../model/value.ts';
import type { Context, ItemWrite } from '../../model/operation.ts';
import { LosingStore, type Medium } from '../storage/losing-store.ts';
import { randomOf, seedOf, testScale } from '../random.ts';
import { absent, Ledger, type ItemState } from './ledger.ts';

const runs = 200 * testScale;
const writers = 64;
const crashesPerRun = 2;
const context: Context = { account: 1 };
const name = { database: 'audit', container: 'items' };

function bodyOf(id: string, pk: string, value: number): Uint8Array {
  return new BsonWriter().beginDocument().string('id', id).string('pk', pk).int32('value', value).end().finish();
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

/** One writer: its own items, one logical partition, until the power goes. */
async function write(
  engine: Engine,
  ledger: Ledger,
  pk: string,
  random: () => number,
  counter: { next: number },
): Promise<void> {
  for (;;) {
    const items = [...new Set([0, 1, 2].map(() => `${pk}/${Math.floor(random() * 4)}`))].slice(
      0,
      random() < 0.3 ? 3 : 1,
    );
    const writes = items.map((id): ItemWrite => {
      const removes = ledger.stateOf(id).kind === 'present' && random() < 0.2;
      const value = counter.next++;
      ledger.sending(id, removes ? absent : { kind: 'present', value });
      return removes
        ? { kind: 'delete-item', id, partitionKey: [pk] }
        : { kind: 'upsert-item', body: bodyOf(id, pk, value), view: 'exact' };
    });
    try {
      if (writes.length === 1) await engine.execute({ kind: 'write-item', ...name, write: writes[0]! }, context);
      else {
        const outcome = await engine.execute({ kind: 'batch-items', ...name, partitionKey: [pk], writes }, context);
        expect(outcome.kind).toBe('committed');
      }
    } catch (error) {
      expect(error).toBeInstanceOf(DatabaseError);
      return;
    }
    for (const id of items) ledger.acknowledged(id);
  }
}

async function found(engine: Engine, id: string): Promise<ItemState> {
  try {
    const pk = id.slice(0, id.indexOf('/'));
    const { item } = await engine.execute({ kind: 'read-item', ...name, id, partitionKey: [pk] }, context);
    return { kind: 'present', value: valueOf(fieldOf(item.body, 'value')) as number };
  } catch (error) {
    expect((error as DatabaseError).code).toBe('ItemNotFound');
    return absent;
  }
}

interface Audit {
  readonly faults: readonly string[];
  readonly acknowledgements: number;
  readonly lost: number;
}

async function audit(runs: number, seed: number, durability: 'strict' | 'relaxed'): Promise<Audit> {
  let acknowledgements = 0;
  let lost = 0;
  const faults: string[] = [];
  for (let run = 0; run < runs && faults.length === 0; run++) {
    const random = randomOf(seed + run);
    const ledger = new Ledger();
    const counter = { next: 1 };
    // The medium takes a turn of the event loop for each batch, so that writes queue into groups.
    const openStore = (medium: Medium) => new LosingStore({ random, later: (step) => setImmediate(step) }, medium);
    let store = openStore([]);
    let engine = await openEngine(store, 'strict');
    await engine.execute({ kind: 'create-database', id: name.database }, context);
    await engine.execute(
      {
        kind: 'create-container',
        ...name,
        profile: 'documents',
        partitionKey: { paths: ['/pk'], kind: 'Hash', version: 2 },
      },
      context,
    );
    await engine.close();
    engine = await openEngine(store, durability);
    for (let crash = 0; crash < crashesPerRun; crash++) {
      const running = Array.from({ length: writers }, (_, i) => write(engine, ledger, `p${i}`, random, counter));
      const turns = Math.floor(random() * 12);
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      const medium = store.crash();
      await Promise.all(running);
      await engine.close().catch(() => undefined);
      lost += store.lost;
      store = openStore(medium);
      engine = await openEngine(store, durability);
      for (const id of ledger.items()) {
        const fault = ledger.settle(id, await found(engine, id));
        if (fault !== undefined) faults.push(`run ${run}: ${fault}`);
      }
      // From here on the ledger and the disk disagree: the writers would only stumble over it.
      if (faults.length > 0) break;
    }
    acknowledgements += ledger.acknowledgements;
    await engine.close();
  }
  return { faults, acknowledgements, lost };
}

const seed = seedOf();

test(`a disk that loses what was not synced loses nothing acknowledged (${runs} runs of ${writers} writers)`, async () => {
  const { faults, acknowledgements, lost } = await audit(runs, seed, 'strict');
  expect(faults).toEqual([]);
  // An empty history proves nothing: writes were acknowledged, and batches were really lost.
  expect(acknowledgements).toBeGreaterThan(runs * writers);
  expect(lost).toBeGreaterThan(runs / 10);
  console.log(
    `losing disk: ${runs} runs, ${acknowledgements} acknowledged writes, ${lost} batches lost, none of them acknowledged`,
  );
}, 120_000);

test('the audit notices a log that acknowledges before it syncs', async () => {
  expect((await audit(10, seed, 'relaxed')).faults.length).toBeGreaterThan(0);
}, 60_000);
