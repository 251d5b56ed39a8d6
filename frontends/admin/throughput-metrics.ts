// Request units by container, in the text format of Prometheus. Labels are `_rid`s, not names: names are data, and
// these figures are told to the key of any account.

import type { Engine } from '../../core/engine.ts';
import { formatResourceId } from '../../model/resource-id.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import type { Account } from '../deployment.ts';

/** Containers with series of their own, over all accounts; the others are summed up as container "other". */
const containersMax = 200;

interface Series {
  readonly labels: string;
  charge: number;
  throttled: number;
}

export function throughputMetrics(accounts: readonly Account[]): string[] {
  const all: Series[] = [];
  let left = containersMax;
  for (const { id, engine } of accounts) {
    const other: Series = { labels: `account="${id}",container="other"`, charge: 0, throttled: 0 };
    const containers = engine.catalog.databases().flatMap((database) => engine.catalog.containers(database.id));
    for (const container of containers) {
      const series = left-- > 0 ? { labels: labelsOf(id, container), charge: 0, throttled: 0 } : other;
      if (series !== other) all.push(series);
      count(engine, container, series);
    }
    if (containers.length > 0 && left < 0) all.push(other);
  }
  return [
    '# HELP meridian_request_units_total Request units charged, by container.',
    '# TYPE meridian_request_units_total counter',
    ...all.map(({ labels, charge }) => `meridian_request_units_total{${labels}} ${Math.round(charge * 100) / 100}`),
    '# HELP meridian_throttled_requests_total Requests refused because throughput was used up, by container.',
    '# TYPE meridian_throttled_requests_total counter',
    ...all.map(({ labels, throttled }) => `meridian_throttled_requests_total{${labels}} ${throttled}`),
  ];
}

function labelsOf(account: string, { databaseNumber, number }: ContainerRecord): string {
  const rid = formatResourceId({ kind: 'container', database: databaseNumber, container: number });
  return `account="${account}",container="${rid}"`;
}

function count(engine: Engine, { partitions }: ContainerRecord, series: Series): void {
  for (const { partition: number } of partitions) {
    const partition = engine.state.partition(number);
    if (partition === undefined) continue;
    const { charge, throttled } = engine.throughput.usageOf(partition);
    series.charge += charge;
    series.throttled += throttled;
  }
}
