// An engine in memory with the database of tables and one table, and calls of the door's operations on it.

import { setTimeout as pause } from 'node:timers/promises';
import { Engine } from '../../../core/engine.ts';
import { openEmbeddedLog } from '../../../core/storage/embedded-log.ts';
import { MemoryStore } from '../../../core/storage/memory-store.ts';
import { tablesDatabase, type Call } from '../../../frontends/table/call.ts';
import { HybridClock } from '../../../model/hybrid-time.ts';
import { deploymentOf, nowMs, requestOf, type RequestChanges } from './signed-request.ts';

export interface Tables {
  readonly engine: Engine;
  call(changes?: RequestChanges): Call;
  stop(): Promise<void>;
}

export async function startTables(): Promise<Tables> {
  const log = await openEmbeddedLog(new MemoryStore(), { account: 0, group: 0 });
  const engine = await Engine.open({
    log,
    clock: new HybridClock(() => nowMs),
    region: { id: 1, name: 'here' },
    partitionsDefault: 1,
    pause: (milliseconds) => pause(milliseconds),
  });
  const context = { account: 0 };
  const deployment = deploymentOf();
  const account = { ...deployment.accounts[0]!, engine };
  return {
    engine,
    call: (changes) => ({
      request: requestOf(changes),
      principal: { account: 0, name: 'localhost', access: 'full', grant: undefined },
      deployment,
      account,
      engine,
      context,
    }),
    stop: () => engine.close(),
  };
}

/** Makes the table People. */
export async function createPeople({ engine }: Tables): Promise<void> {
  await engine.execute(
    {
      kind: 'create-container',
      database: tablesDatabase,
      container: 'People',
      profile: 'table',
      partitionKey: { kind: 'Hash', version: 2, paths: ['/PartitionKey'] },
      createDatabase: true,
    },
    { account: 0 },
  );
}
