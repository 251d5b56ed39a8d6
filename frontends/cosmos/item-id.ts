// The id of the item that a path names: its own id, or its `_rid`, which is looked up in the partition by the LSN
// of the item's creation.

import { rangeOfCreation, type ContainerRecord, type PartitionRecord } from '../../model/resource.ts';
import { parseResourceId } from '../../model/resource-id.ts';
import type { Call } from './call.ts';

export function itemIdOf(call: Call, container: ContainerRecord, partition: PartitionRecord): string {
  const { request, engine } = call;
  const id = request.ids[2]!;
  // Only an address whose container is given by _rid can give its item so.
  if (request.ids[1] === container.id) return id;
  const rid = parseResourceId(id);
  if (rid?.kind !== 'item' || rid.container !== container.number) return id;
  if (rangeOfCreation(partition, rid.number) !== rid.partition) return id;
  return engine.state.partition(partition.partition)?.findCreated(rid.number)?.id ?? id;
}
