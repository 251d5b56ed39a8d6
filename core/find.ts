// Items that match a predicate, found by looking at each. It works in slices and gives way to the event loop
// between them, so that no search delays a point read; it stops when its caller has gone away.

import { everything } from '../indexer/filter.ts';
import type { Item, Operation, Result } from '../model/operation.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { mongoViewOf } from '../model/mongo-view.ts';
import { pageCharge } from './charge.ts';
import { feedBytesMax, placeText, startOf } from './feed.ts';
import type { GroupState } from './group.ts';
import { compilePredicate } from './query/predicate/compile.ts';
import { openReading } from './reading.ts';
import { Slices } from './slices.ts';
import { withBody } from './stored-item.ts';
import { walkByCreation } from './walk.ts';

/** Items looked at between two looks at the clock. */
const itemsPerLook = 64;

/** Items one page examines at most; the next page goes on. */
const examinedMax = 100_000;

type FindItems = Operation<'find-items'>;

export async function findItems(
  state: GroupState,
  container: ContainerRecord,
  { scope, predicate, view, itemsMax, bytesMax = feedBytesMax, after: continuation }: FindItems,
  nowSeconds: number,
  signal: AbortSignal | undefined,
): Promise<Result<'find-items'>> {
  // In the other profiles the stored form has an `_id` of its own, or none that Mongo would show otherwise.
  const showsId = view === 'mongo' && container.profile !== 'collection';
  const matches = compilePredicate(predicate);
  const slices = new Slices(signal);
  const items: Item[] = [];
  let bytes = 0;
  let examined = 0;
  const page = (resume: string | undefined) => ({
    container,
    items,
    continuation: resume,
    examined,
    charge: pageCharge(examined, bytes),
  });
  const reading = openReading(state, container, scope, nowSeconds);
  try {
    const start = startOf(reading.partitions, continuation);
    let { after } = start;
    for (const partition of start.partitions) {
      const { range } = partition.record;
      for (const item of walkByCreation(partition, everything, { after })) {
        if (item === undefined || (examined % itemsPerLook === itemsPerLook - 1 && slices.isOver)) await slices.pause();
        if (item === undefined) continue;
        if (examined >= examinedMax) return page(placeText(range, after));
        examined++;
        const body = showsId ? mongoViewOf(item.body, item.id) : item.body;
        if (matches(body)) {
          if (items.length > 0 && bytes + body.length > bytesMax) return page(placeText(range, after));
          items.push(showsId ? withBody(item, body) : item);
          bytes += body.length;
          // A full page ends here: looking for one item more could mean looking at all the others.
          if (items.length >= itemsMax) return page(placeText(range, item.created));
        }
        after = item.created;
      }
      after = 0;
    }
    return page(undefined);
  } finally {
    reading.release();
  }
}
