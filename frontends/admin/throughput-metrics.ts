// Request units by container, in the text format of Prometheus. Labels are `_rid`s, not names: names are data, and
// these figures are told to the key of any account.

import type { Engine } from '../../core/engine.ts';
import type { Usage } from '../../core/usage.ts';
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

/** Containers that were never asked for anything have none. */
export function throughputMetrics(accounts: readonly Account[]): string[] {
  const all: Series[] = [];
  let left = containersMax;
  for (const { id, engine } of accounts) {
    const other: Series = { labels: `account="${id}",container="other"`, charge: 0, throttled: 0 };
    for (const { id: database } of engine.catalog.databases())
      for (const container of engine.catalog.containers(database)) {
        const usages = usagesOf(engine, container);
        if (usages.length === 0) continue;
        const isNamed = left-- > 0;
        const series = isNamed ? { labels: labelsOf(id, container), charge: 0, throttled: 0 } : other;
        if (isNamed || !all.includes(other)) all.push(series);
        for (const { charge, throttled } of usages) {
          series.charge += charge;
          series.throttled += throttled;
        }
      }
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

function usagesOf({ state, throughput }: Engine, { partitions }: ContainerRecord): Usage[] {
  return partitions.flatMap(({ partition: number }) => {
    const partition = state.partition(number);
    return (partition && throughput.knownUsageOf(partition)) ?? [];
  });
}
