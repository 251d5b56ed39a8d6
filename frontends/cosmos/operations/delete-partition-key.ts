// POST …/operations/partitionkeydelete: deletes every item of one logical partition that exists when it begins. The
// service does so in the background and hides the items at once; here they are gone when the answer comes.

import { roundCharge } from '../../../core/charge.ts';
import { DatabaseError } from '../../../model/errors.ts';
import { containerOf, keyOf, touch, type Call } from '../call.ts';
import type { Answer } from '../encode.ts';

/** Items deleted at a time: other writes go between. */
const pageItems = 256;

export async function deletePartitionKey(call: Call): Promise<Answer> {
  const { request, engine, context } = call;
  const container = containerOf(call);
  if (request.ids[2] !== 'partitionkeydelete')
    throw new DatabaseError('NotSupported', 'there is no such operation on a container', { argument: 'path' });
  const partitionKey = keyOf(call, container);
  const partition = touch(call, container, partitionKey);
  const place = { database: container.database, container: container.id };
  // Without a bound it would chase a client that creates items meanwhile.
  const lsnMax = engine.lsnOf(partition.partition);
  let charge = 0;
  let after: string | undefined;
  do {
    const scope = { partitionKey };
    const page = await engine.execute({ kind: 'read-feed', ...place, scope, itemsMax: pageItems, after }, context);
    charge += page.charge;
    const writes = page.items
      .filter(({ created }) => created <= lsnMax)
      .map(({ id }) => ({ kind: 'delete-item', id, partitionKey }) as const);
    const outcomes = await engine.execute({ kind: 'write-items', ...place, writes, ordered: false }, context);
    for (const outcome of outcomes) {
      if (outcome.kind === 'written') charge += outcome.written.charge;
      // Somebody else deleted it first.
      else if (outcome.kind === 'failed' && !isMissing(outcome.error)) throw outcome.error;
    }
    after = writes.length < page.items.length ? undefined : page.continuation;
  } while (after !== undefined);
  return { status: 200, charge: roundCharge(charge), place: { engine, container, partition } };
}

function isMissing(error: Error): boolean {
  return error instanceof DatabaseError && error.code === 'ItemNotFound';
}
