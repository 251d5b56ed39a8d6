// GET /status: what this server holds and how it is, as one JSON object. It tells of the key's own account only.

import type { Engine } from '../../../core/engine.ts';
import type { Operation } from '../surface.ts';

/** Containers listed one by one; the count above it is always exact. */
const containersListedMax = 1_000;

export const readStatus: Operation = async ({ deployment, sources, principal }) => {
  const account = deployment.accounts.find(({ number }) => number === principal.account)!;
  const reason = sources.fault();
  return {
    status: 200,
    body: {
      version: deployment.version,
      ready: reason === undefined,
      reason,
      startedAt: new Date(sources.startedMs).toISOString(),
      uptimeSeconds: Math.round((Date.now() - sources.startedMs) / 1000),
      time: new Date(deployment.nowMs()).toISOString(),
      region: deployment.region,
      consistency: deployment.consistency,
      doors: sources.doors(),
      account: { id: account.id, number: account.number, ...contentsOf(account.engine) },
      store: await sources.store(),
      memory: process.memoryUsage(),
    },
  };
};

function contentsOf(engine: Engine): object {
  const { catalog, state, counters } = engine;
  const databases = catalog.databases();
  const containers = databases.flatMap(({ id }) => catalog.containers(id));
  const partitionOf = (number: number) => {
    const partition = state.partition(number);
    return { lsn: partition?.lsn ?? 0, items: partition?.itemCount ?? 0, bytes: partition?.liveBytes ?? 0 };
  };
  return {
    writes: engine.stopped === undefined ? 'taken' : engine.stopped.message,
    log: counters,
    liveBytes: state.liveBytes,
    index: engine.indexStatistics,
    databases: databases.length,
    containers: containers.length,
    containersListed: containers.slice(0, containersListedMax).map((container) => ({
      database: container.database,
      container: container.id,
      profile: container.profile,
      partitions: container.partitions.map(({ range, partition }) => ({ range, ...partitionOf(partition) })),
    })),
  };
}
