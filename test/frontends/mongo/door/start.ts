// A MongoDB door over an engine in memory, for the tests of this folder.

import { createSecureContext } from 'node:tls';
import { setTimeout as pause } from 'node:timers/promises';
import { MongoClient, type MongoClientOptions } from 'mongodb';
import { Engine, type IndexPlace } from '../../../../core/engine.ts';
import { openEmbeddedLog } from '../../../../core/storage/embedded-log.ts';
import { MemoryStore } from '../../../../core/storage/memory-store.ts';
import type { Account, Deployment } from '../../../../frontends/deployment.ts';
import { openMongoDoor } from '../../../../frontends/mongo/listen.ts';
import { HybridClock } from '../../../../model/hybrid-time.ts';

export function keysOf(name: string): Account['keys'] {
  const key = (purpose: string): string => Buffer.from(`${purpose} key of ${name}`).toString('base64');
  return {
    primary: key('primary'),
    secondary: key('secondary'),
    primaryReadOnly: key('read-only'),
    secondaryReadOnly: key('other read-only'),
  };
}

const region = { id: 1, name: 'South Central US' };

export async function openEngine(account: number, indexes?: IndexPlace): Promise<Engine> {
  return Engine.open({
    log: await openEmbeddedLog(new MemoryStore(), { account, group: 0 }),
    clock: new HybridClock(() => Date.now()),
    region,
    partitionsDefault: 3,
    pause: (milliseconds) => pause(milliseconds),
    indexes,
  });
}

export interface Started {
  readonly port: number;
  readonly url: string;
  readonly engine: Engine;
  readonly faults: unknown[];
  /** Milliseconds added to the door's clock. */
  skewMs: number;
  /** A client that is closed with the door. */
  client(options?: MongoClientOptions, credentials?: string): Promise<MongoClient>;
  stop(): Promise<void>;
}

export async function start(
  options: { accounts?: readonly string[]; deployment?: Partial<Deployment> } = {},
): Promise<Started> {
  const accounts: Account[] = [];
  for (const [i, id] of (options.accounts ?? ['first']).entries())
    accounts.push({ number: i + 1, id, keys: keysOf(id), engine: await openEngine(i + 1) });
  const faults: unknown[] = [];
  const clients: MongoClient[] = [];
  const state = { skewMs: 0 };
  const deployment: Deployment = {
    accounts,
    region,
    consistency: 'Session',
    advertise: undefined,
    anonymous: true,
    testCommands: false,
    secureContext: () => createSecureContext(),
    authorityPem: '',
    observer: { finished: () => undefined, fault: (error) => faults.push(error) },
    nowMs: () => Date.now() + state.skewMs,
    version: '0.0.0',
    ...options.deployment,
  };
  const door = await openMongoDoor(deployment, { host: '127.0.0.1', port: 0 });
  const url = `mongodb://127.0.0.1:${door.port}/`;
  return Object.assign(state, {
    port: door.port,
    url,
    engine: accounts[0]!.engine,
    faults,
    client: async (clientOptions: MongoClientOptions = {}, credentials = '') => {
      const client = new MongoClient(url.replace('//', `//${credentials}`), {
        serverSelectionTimeoutMS: 5000,
        ...clientOptions,
      });
      clients.push(client);
      return client.connect();
    },
    stop: async () => {
      await Promise.all(clients.map((client) => client.close()));
      await door.close(1000);
      await Promise.all(accounts.map((account) => account.engine.close()));
    },
  });
}
