// Indexes that live in memory alone and are never flushed: for what is read once and thrown away.

import { PartitionIndex } from '../indexer/partition-index.ts';
import { PagePool } from '../indexer/pool.ts';
import type { IndexHome } from './index-home.ts';

export function memoryHome(): IndexHome {
  const pool = new PagePool();
  return {
    openIndex: (_, options) => ({
      index: new PartitionIndex({ ...options, pool }),
      liveBytes: 0,
      outdated: false,
      lsnFloor: 0,
      known: false,
    }),
    beginBuild: (_, options) => ({
      index: new PartitionIndex({ ...options, pool }),
      applied: () => undefined,
      room: () => Promise.resolve(),
      isSettled: () => true,
      finish: () => Promise.resolve(),
      install: () => undefined,
      abandon: () => undefined,
    }),
    applied: () => undefined,
    drop: () => undefined,
    begun: () => undefined,
    retire: () => undefined,
  };
}
