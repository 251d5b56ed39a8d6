// Verifies the index of a log group against the log: what a server would find after a start now must be exactly the
// live versions, each under its identity. Throws what a start would throw.

import { everything } from '../indexer/filter.ts';
import { NumberCursor } from '../indexer/lookup.ts';
import { GroupState } from './group.ts';
import type { IndexKeeper } from './index-keeper.ts';
import type { Partition } from './partition.ts';
import { recover, type ReplayLog } from './recover.ts';

/** Sequences of the live versions of a partition, ascending. */
export type LiveVersions = (partition: number) => readonly number[];

export async function checkIndex(
  log: ReplayLog,
  keeper: IndexKeeper,
  live: LiveVersions,
  tell: (fault: string) => void,
): Promise<void> {
  const state = new GroupState(log, { superseded: () => undefined }, keeper);
  await recover({ log, state, keeper, observe: () => undefined });
  for (const partition of state.partitions()) checkPartition(partition, live(partition.record.partition), tell);
}

function checkPartition(partition: Partition, live: readonly number[], tell: (fault: string) => void): void {
  const { index } = partition;
  const name = `the index of partition ${partition.record.partition}`;
  if (index.items !== live.length) tell(`${name} counts ${index.items} items, not ${live.length}`);
  const cursor = new NumberCursor(index.now(), everything);
  let at = 0;
  for (let number = cursor.next(); number !== 0; number = cursor.next()) {
    while (at < live.length && live[at]! < number) tell(`${name} lacks record ${live[at++]}`);
    if (live[at] !== number) {
      tell(`${name} holds record ${number}, which is no live version`);
      continue;
    }
    at++;
    const item = partition.read(number);
    if (index.find(item.id, item.key) !== number) tell(`${name} does not find record ${number} by its identity`);
  }
  for (; at < live.length; at++) tell(`${name} lacks record ${live[at]}`);
}
