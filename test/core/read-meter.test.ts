// What a read loads is charged to the partitions it was in, also when they were split meanwhile.

import { expect, test } from 'vitest';
import { ReadMeter } from '../../core/read-meter.ts';
import { rates } from '../../core/charge.ts';
import type { Throughput } from '../../core/throughput.ts';
import type { PartitionRecord } from '../../model/resource.ts';

function recordOf(range: number, from: readonly number[] = []): PartitionRecord {
  const origins = from.map((origin) => ({ range: origin, partition: origin + 10, lastLsn: 1 }));
  return { range, partition: range + 10, minInclusive: '', maxExclusive: 'FF', origins, epoch: 1 };
}

function meterOver(partitions: readonly PartitionRecord[], left = Infinity, factor = 1) {
  const taken = new Map<number, number>();
  const throughput = {
    admitAll: () => undefined,
    left: () => left,
    takeFrom: ({ range }: PartitionRecord, charge: number) => taken.set(range, (taken.get(range) ?? 0) + charge),
  };
  return { taken, meter: new ReadMeter(throughput as unknown as Throughput, partitions, factor) };
}

function load(meter: ReadMeter, record: PartitionRecord, items: number, bytes: number): void {
  const noted = meter.loadOf(record);
  noted.items += items;
  noted.bytes += bytes;
}

test('a page is charged where its items were', () => {
  const [a, b, c] = [recordOf(0), recordOf(1), recordOf(2)];
  const { meter, taken } = meterOver([a, b, c]);
  load(meter, a, 10, 1024);
  load(meter, c, 30, 3072);
  const charge = meter.settle({ bytesReturned: 4096 });
  expect([...taken.keys()]).toEqual([0, 2]);
  expect(taken.get(0)).toBeCloseTo(rates.page + 0.2 + 0.03 + 0.06);
  expect(taken.get(2)).toBeCloseTo(rates.page + 0.6 + 0.09 + 0.18);
  expect(charge).toBeCloseTo(taken.get(0)! + taken.get(2)!);
  // The next page begins with nothing.
  expect(meter.settle({ bytesReturned: 0 })).toBe(rates.page);
});

test('what the index alone answers is charged in every partition, and strong reads twice', () => {
  const { meter, taken } = meterOver([recordOf(0), recordOf(1)], Infinity, 2);
  expect(meter.settle({ bytesReturned: 0, lookups: 2, isWhole: true })).toBeCloseTo(4 * (rates.page + 0.1));
  expect(taken.size).toBe(2);
});

test('an old partition is charged to one that came of it', () => {
  const { meter, taken } = meterOver([recordOf(1), recordOf(3, [0, 2])]);
  load(meter, recordOf(2), 5, 100);
  meter.settle({ bytesReturned: 0 });
  expect([...taken.keys()]).toEqual([3]);
  load(meter, recordOf(9), 5, 100);
  expect(meter.settle({ bytesReturned: 0 })).toBeGreaterThan(rates.page);
});

test('a page may load what is left, and a hundred items whatever is left', () => {
  expect(meterOver([recordOf(0)]).meter.pageItemsMax).toBe(Infinity);
  expect(meterOver([recordOf(0)], 110).meter.pageItemsMax).toBe(1_000);
  expect(meterOver([recordOf(0)], 110, 2).meter.pageItemsMax).toBe(500);
  expect(meterOver([recordOf(0)], 0).meter.pageItemsMax).toBe(100);
});
