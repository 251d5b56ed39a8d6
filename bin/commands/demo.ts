// `meridian demo`: a server with real data in it, and a request per door to try on it.

import type { Engine } from '../../core/engine.ts';
import { withEnforced } from '../../core/offer.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { DatabaseError } from '../../model/errors.ts';
import { banner } from '../banner.ts';
import type { Command } from '../commands.ts';
import { demoContainers } from '../demo-data.ts';
import { openLog } from '../log.ts';
import { progressBar } from '../progress.ts';
import { startServer, type RunningServer } from '../server.ts';
import { endOnFault, stopRequested } from '../shutdown.ts';

const database = 'demo';

/** Items written at once. */
const itemsPerWrite = 256;

export const demo: Command = async ({ settings, given, write }) => {
  const log = openLog(settings);
  endOnFault(log);
  const stop = stopRequested(log);
  const server = await startServer({ ...settings, memory: settings.memory || !given.has('data') }, { log });
  const readyMs = performance.now();
  const account = server.deployment.accounts[0]!;
  const items = await loadDemo(account.engine, account.number);
  write(banner(server, readyMs));
  write(tryThis(server, items));
  await stop;
  await server.stop();
  return 0;
};

const exempt = withEnforced(new BsonWriter(8).beginDocument().end().finish(), false);

/** Fills database `demo`, unless a former demo did. Gives the number of items in it. */
export async function loadDemo(engine: Engine, account: number): Promise<number> {
  const context = { account };
  try {
    await engine.execute({ kind: 'create-database', id: database }, context);
  } catch (error) {
    if (!(error instanceof DatabaseError && error.code === 'DatabaseExists')) throw error;
  }
  const present = new Set(engine.catalog.containers(database).map(({ id }) => id));
  const loads = await Promise.all(
    demoContainers
      .filter(({ id }) => !present.has(id))
      .map(async ({ id, partitionKey, items }) => ({ id, partitionKey, items: await items() })),
  );
  const progress = progressBar(
    'items',
    loads.reduce((sum, { items }) => sum + items.length, 0),
  );
  let done = 0;
  for (const { id, partitionKey, items } of loads) {
    const key = { paths: [partitionKey], kind: 'Hash', version: 2 } as const;
    // What the server itself loads is no load to be held back.
    const container = await engine.execute(
      { kind: 'create-container', database, container: id, profile: 'documents', partitionKey: key, settings: exempt },
      context,
    );
    for (let start = 0; start < items.length; start += itemsPerWrite) {
      const writes = items
        .slice(start, start + itemsPerWrite)
        .map((body) => ({ kind: 'upsert-item', body, view: 'exact' }) as const);
      const outcomes = await engine.execute(
        { kind: 'write-items', database, container: id, writes, ordered: true },
        context,
      );
      const failed = outcomes.find((outcome) => outcome.kind === 'failed');
      if (failed?.kind === 'failed') throw failed.error;
      progress.update((done += writes.length));
    }
    const settings = withEnforced(container.settings, undefined);
    await engine.execute({ kind: 'replace-container', database, container: id, settings }, context);
  }
  progress.stop();
  let total = 0;
  for (const container of engine.catalog.containers(database))
    for (const { partition } of container.partitions) total += engine.state.partition(partition)?.itemCount ?? 0;
  return total;
}

function tryThis(server: RunningServer, items: number): string {
  const lines = [
    `  Database "${database}" holds ${items} items: ${demoContainers.map(({ id }) => id).join(', ')}. Try:`,
    '',
  ];
  const mongo = server.endpoints.mongo;
  const sql = server.endpoints.sql;
  if (mongo !== undefined)
    lines.push(`  mongosh "${mongo}/${database}?directConnection=true" --eval 'db.airports.findOne({ _id: "SFO" })'`);
  if (sql !== undefined)
    lines.push(
      `  node -e 'const { CosmosClient } = require("@azure/cosmos"); new CosmosClient({ endpoint: "${sql}", key: "…" })` +
        `.database("${database}").container("airports").item("SFO", "CA").read().then((r) => console.log(r.resource))'`,
    );
  lines.push(`  curl ${server.endpoints.admin}/ready`, '');
  return `${lines.join('\n')}\n`;
}
