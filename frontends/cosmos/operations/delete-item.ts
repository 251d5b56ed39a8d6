// DELETE …/docs/{item}

import { conditionOf, containerOf, keyOf, touch, type Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { itemIdOf } from '../item-id.ts';
import { triggersOf, writeWithTriggers } from '../triggers.ts';

export async function deleteItem(call: Call): Promise<Answer> {
  const { request, engine, context } = call;
  const container = containerOf(call);
  const partitionKey = keyOf(call, container);
  const partition = touch(call, container, partitionKey);
  const id = itemIdOf(call, container, partition);
  const triggers = triggersOf(call, container, 'delete-item');
  if (triggers !== undefined)
    return writeWithTriggers(call, container, partition, partitionKey, 'delete-item', id, triggers);
  const { charge } = await engine.execute(
    {
      kind: 'write-item',
      database: container.database,
      container: container.id,
      write: { kind: 'delete-item', id, partitionKey, condition: conditionOf(request) },
    },
    context,
  );
  return { status: 204, charge, place: { engine, container, partition } };
}
