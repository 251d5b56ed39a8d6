// GET /metrics: figures in the text format of Prometheus (exposition format 0.0.4). Of an account it tells sums
// only; names of databases and containers are data and stay out of labels.

import type { KeeperStatistics } from '../../../core/index-moment.ts';
import type { Operation } from '../surface.ts';
import { throughputMetrics } from '../throughput-metrics.ts';

/** What is told of an account's indexes, summed over its partitions. */
const indexFigures: readonly (readonly [
  name: string,
  kind: 'counter' | 'gauge',
  help: string,
  figure: keyof KeeperStatistics,
])[] = [
  ['meridian_index_segments', 'gauge', 'Segment files of the indexes.', 'segments'],
  ['meridian_index_segment_bytes', 'gauge', 'Bytes of these files.', 'segmentBytes'],
  ['meridian_index_memtable_bytes', 'gauge', 'Memory of recent index entries.', 'memtableBytes'],
  ['meridian_index_frozen_memtables', 'gauge', 'Memtables that wait for their segment.', 'frozen'],
  ['meridian_index_flushes_total', 'counter', 'Memtables written to segments.', 'flushes'],
  ['meridian_index_merges_total', 'counter', 'Merges of segments.', 'merges'],
  [
    'meridian_index_failures_total',
    'counter',
    'Flushes, merges and manifests that failed and were tried again.',
    'failures',
  ],
  ['meridian_index_replay_records', 'gauge', 'Records that a start would replay now.', 'replayRecords'],
];

export const readMetrics: Operation = async ({ deployment, sources }) => {
  const store = await sources.store();
  const { heapUsed, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const figures: [name: string, kind: 'counter' | 'gauge', help: string, value: number][] = [
    ['process_resident_memory_bytes', 'gauge', 'Resident memory.', rss],
    ['process_heap_bytes', 'gauge', 'JavaScript heap in use.', heapUsed],
    ['process_cpu_seconds_total', 'counter', 'CPU time, user and system.', (user + system) / 1e6],
    [
      'process_start_time_seconds',
      'gauge',
      'When the process started, in seconds since 1970.',
      sources.startedMs / 1000,
    ],
    ['meridian_ready', 'gauge', '1 when requests and writes are taken.', sources.fault() === undefined ? 1 : 0],
    ['meridian_store_bytes', 'gauge', 'Bytes the store takes.', store.bytes],
    ['meridian_store_syncs_total', 'counter', 'Durable writes to the store since the start.', store.syncs],
  ];
  const lines = figures.flatMap(([name, kind, help, value]) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${kind}`,
    `${name} ${value}`,
  ]);
  const perAccount: (readonly [
    name: string,
    kind: 'counter' | 'gauge',
    help: string,
    of: (index: number) => number,
  ])[] = [
    [
      'meridian_log_groups_total',
      'counter',
      'Appends to the log.',
      (i) => deployment.accounts[i]!.engine.counters.groups,
    ],
    [
      'meridian_log_entries_total',
      'counter',
      'Entries appended.',
      (i) => deployment.accounts[i]!.engine.counters.entries,
    ],
    [
      'meridian_log_records_total',
      'counter',
      'Records appended.',
      (i) => deployment.accounts[i]!.engine.counters.records,
    ],
    [
      'meridian_expired_items_total',
      'counter',
      'Items removed because their time to live was over.',
      (i) => deployment.accounts[i]!.engine.counters.expired,
    ],
    ['meridian_live_bytes', 'gauge', 'Bytes of live items.', (i) => deployment.accounts[i]!.engine.state.liveBytes],
    ...indexFigures.map(
      ([name, kind, help, figure]) =>
        [name, kind, help, (i: number) => deployment.accounts[i]!.engine.indexStatistics?.[figure] ?? 0] as const,
    ),
  ];
  for (const [name, kind, help, of] of perAccount) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`);
    for (const [i, { id }] of deployment.accounts.entries()) lines.push(`${name}{account="${id}"} ${of(i)}`);
  }
  lines.push(...throughputMetrics(deployment.accounts));
  const doors = sources.doors();
  lines.push('# HELP meridian_connections Connections open.', '# TYPE meridian_connections gauge');
  for (const { name, connections } of doors) lines.push(`meridian_connections{door="${name}"} ${connections.open}`);
  lines.push('# HELP meridian_connections_total Connections taken.', '# TYPE meridian_connections_total counter');
  for (const { name, connections } of doors)
    lines.push(`meridian_connections_total{door="${name}"} ${connections.accepted}`);
  return {
    status: 200,
    body: `${lines.join('\n')}\n${sources.requestMetrics()}`,
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
  };
};
