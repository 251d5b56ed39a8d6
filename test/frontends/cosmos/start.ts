// A Cosmos door over an engine in memory, for the tests of this folder.

import { createSecureContext } from 'node:tls';
import { setTimeout as pause } from 'node:timers/promises';
import { Engine } from '../../../core/engine.ts';
import { openEmbeddedLog } from '../../../core/storage/embedded-log.ts';
import { MemoryStore } from '../../../core/storage/memory-store.ts';
import type { Deployment } from '../../../frontends/deployment.ts';
import { openCosmos } from '../../../frontends/cosmos/listen.ts';
import { HybridClock } from '../../../model/hybrid-time.ts';

export const keys = {
  primary: Buffer.from('primary key of the tests').toString('base64'),
  secondary: Buffer.from('secondary key of the tests').toString('base64'),
  primaryReadOnly: Buffer.from('read-only key of the tests').toString('base64'),
  secondaryReadOnly: Buffer.from('other read-only key').toString('base64'),
};

export interface Started {
  readonly endpoint: string;
  readonly port: number;
  readonly engine: Engine;
  readonly faults: unknown[];
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly partitions?: number;
  /** Of the engine: the times of items. */
  readonly nowMs?: () => number;
  readonly enforceThroughput?: boolean;
  readonly deployment?: Partial<Deployment>;
}

export async function start(options: StartOptions = {}): Promise<Started> {
  const log = await openEmbeddedLog(new MemoryStore(), { account: 1, group: 0 });
  const region = { id: 1, name: 'South Central US' };
  const engine = await Engine.open({
    log,
    clock: new HybridClock(options.nowMs ?? (() => Date.now())),
    region,
    partitionsDefault: options.partitions ?? 1,
    enforceThroughput: options.enforceThroughput,
    pause: (milliseconds) => pause(milliseconds),
  });
  const faults: unknown[] = [];
  const deployment: Deployment = {
    accounts: [{ number: 1, id: 'localhost', keys, engine }],
    region,
    consistency: 'Session',
    advertise: undefined,
    anonymous: false,
    testCommands: false,
    secureContext: () => createSecureContext(),
    authorityPem: '-----BEGIN CERTIFICATE-----\n',
    observer: { finished: () => undefined, fault: (error) => faults.push(error) },
    nowMs: () => Date.now(),
    manualClock: false,
    version: '0.0.0',
    ...options.deployment,
  };
  const door = await openCosmos(deployment, { host: '127.0.0.1', port: 0 });
  return {
    endpoint: `http://127.0.0.1:${door.port}/`,
    port: door.port,
    engine,
    faults,
    stop: async () => {
      await door.close(1000);
      await engine.close();
    },
  };
}
