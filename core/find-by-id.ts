// Every item of one id text, whatever its partition key: one look-up in each partition, never a scan.

import type { Context, Item, Operation, Result } from '../model/operation.ts';
import { isUnpartitioned } from '../model/resource.ts';
import { roundCharge } from './charge.ts';
import type { Engine } from './engine.ts';

/** Items of one id text, in different logical partitions, that one look-up gives. */
const sameIdItemsMax = 1_000;

export function findById(
  engine: Engine,
  { database, container: name, id }: Operation<'find-by-id'>,
  context: Context,
): Result<'find-by-id'> {
  const container = engine.catalog.container(database, name);
  engine.throughput.admitAll(container.partitions);
  const items: Item[] = [];
  let charge = 0;
  for (const record of container.partitions) {
    const partition = engine.state.partition(record.partition);
    if (partition === undefined) continue;
    // Without a partition key there is one key: the identity is one term, not a range of them.
    const found = isUnpartitioned(container)
      ? [partition.find(id, [], engine.nowSeconds)].filter((item) => item !== undefined)
      : partition.findAll(id, engine.nowSeconds, sameIdItemsMax);
    items.push(...found);
    charge += engine.chargeRead(partition, found, context);
  }
  return { container, items, charge: roundCharge(charge) };
}
