// From settings to the accounts with their engines: directory and lock, store, logs, recovery.

import { setTimeout as pause } from 'node:timers/promises';
import { Engine, type Region } from '../core/engine.ts';
import { openDataDirectory, type DataDirectory } from '../core/storage/data-directory.ts';
import { openEmbeddedLog } from '../core/storage/embedded-log.ts';
import { openIndexDirectory } from '../core/storage/index-directory.ts';
import { IndexThread } from '../core/storage/index-thread.ts';
import { openLevelStore } from '../core/storage/level-store.ts';
import { MemoryIndex } from '../core/storage/memory-index.ts';
import { MemoryStore } from '../core/storage/memory-store.ts';
import type { Store } from '../core/storage/store.ts';
import { BlockCache } from '../indexer/block-cache.ts';
import { PagePool } from '../indexer/pool.ts';
import type { Account } from '../frontends/deployment.ts';
import { HybridClock } from '../model/hybrid-time.ts';
import { configuredAccounts } from './accounts.ts';
import type { Closers } from './closers.ts';
import { KeyRing } from './key-ring.ts';
import type { Settings } from './flags.ts';
import type { Logger } from './log.ts';

/** A single region has the name the emulators give theirs. */
export const regionName = 'South Central US';

/** The log group of an account: one, as long as one process owns all its partitions. */
export const groupNumber = 0;

/** Stores of a region: one, as long as one thread owns them all. */
const storeNumber = 0;

/** A recovery that takes longer says how far it is, this often. */
const recoveryLogEveryMs = 2_000;

/** Takes the data directory; undefined with `--memory`. */
export async function openDirectory(settings: Settings, closers: Closers): Promise<DataDirectory | undefined> {
  if (settings.memory) return undefined;
  const directory = await openDataDirectory(settings.data);
  closers.push(() => directory.close());
  return directory;
}

export interface OpenData {
  readonly store: Store;
  readonly region: Region;
  readonly accounts: readonly Account[];
  readonly keyRing: KeyRing;
}

export async function openData(
  settings: Settings,
  directory: DataDirectory | undefined,
  nowMs: () => number,
  closers: Closers,
  log: Logger,
  given: Store | undefined,
): Promise<OpenData> {
  const configured = configuredAccounts(settings);
  const keyRing = await KeyRing.open(settings, directory?.path);
  const names = configured.map(({ name }) => name);
  const numbers = directory === undefined ? names.map((_, i) => i + 1) : await directory.numberAccounts(names);
  const [regionNumber = 1] = directory === undefined ? [] : await directory.numberRegions([regionName]);
  const region = { id: regionNumber, name: regionName };

  const store = given ?? (await openStore(directory, region.id));
  closers.push(() => store.close());

  // One worker, one budget of memtables and one cache of blocks for all engines.
  const tasks = new IndexThread();
  closers.push(() => tasks.close());
  const pool = new PagePool(settings.indexMemory * 2 ** 20);
  const cache = new BlockCache();

  // One clock for all engines: times of the whole process rise strictly.
  const clock = new HybridClock(nowMs);
  const accounts: Account[] = [];
  for (const [i, { name }] of configured.entries()) {
    const number = numbers[i]!;
    const durability = settings.durability === 'full' ? 'strict' : 'relaxed';
    const records = await openEmbeddedLog(store, { account: number, group: groupNumber, durability });
    const engine = await Engine.open({
      log: records,
      clock,
      region,
      partitionsDefault: settings.partitions,
      enforceThroughput: settings.enforceThroughput,
      pause: (milliseconds) => pause(milliseconds),
      indexes: {
        openStore: () =>
          directory === undefined || given !== undefined
            ? Promise.resolve(new MemoryIndex())
            : openIndexDirectory(directory.indexDirectory(region.id, storeNumber, number, groupNumber)),
        tasks,
        pool,
        cache,
        syncLog: durability === 'strict' ? undefined : () => records.sync(),
      },
      onRecovery: recoveryReport(log, name),
      onIndexDiscarded: (error) => log.warn({ account: name, error }, 'the indexes are made again from the log'),
    });
    closers.push(() => engine.close());
    accounts.push({
      number,
      id: name,
      get keys() {
        return keyRing.keysOf(name);
      },
      engine,
    });
  }
  return { store, region, accounts, keyRing };
}

function openStore(directory: DataDirectory | undefined, region: number): Promise<Store> {
  return directory === undefined
    ? Promise.resolve(new MemoryStore())
    : openLevelStore(directory.storeDirectory(region, storeNumber));
}

function recoveryReport(log: Logger, account: string): (records: number) => void {
  let saidMs = performance.now();
  return (records) => {
    if (performance.now() - saidMs < recoveryLogEveryMs) return;
    saidMs = performance.now();
    log.info({ account, records }, 'replaying the log');
  };
}
