// Items that match a predicate, found by looking at each. It works in slices and gives way to the event loop
// between them, so that no search delays a point read; it stops when its caller has gone away.

import { DatabaseError } from '../model/errors.ts';
import type { Item, Operation, Result } from '../model/operation.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { mongoViewOf } from '../model/mongo-view.ts';
import { pageCharge } from './charge.ts';
import { feedBytesMax, rowsOf, startOf } from './feed.ts';
import type { GroupState } from './group.ts';
import { compilePredicate } from './query/predicate/compile.ts';

/** A slice ends after this many milliseconds, looked at every so many items. */
const sliceMsMax = 2;
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
  const start = startOf(rowsOf(state, container, scope, nowSeconds), continuation);
  const items: Item[] = [];
  let bytes = 0;
  let examined = 0;
  let { after } = start;
  let sliceEndMs = performance.now() + sliceMsMax;
  const page = (resume: string | undefined) => ({
    container,
    items,
    continuation: resume,
    examined,
    charge: pageCharge(examined, bytes),
  });
  for (const row of start.rows) {
    for (const item of row.after(after)) {
      const body = showsId ? mongoViewOf(item.body, item.id) : item.body;
      if (examined >= examinedMax) return page(`${row.partition.record.range}:${after}`);
      examined++;
      if (matches(body)) {
        if (items.length > 0 && bytes + body.length > bytesMax) return page(`${row.partition.record.range}:${after}`);
        items.push(showsId ? { ...item, body } : item);
        bytes += body.length;
        // A full page ends here: looking for one item more could mean looking at all the others.
        if (items.length >= itemsMax) return page(`${row.partition.record.range}:${item.created}`);
      }
      after = item.created;
      if (examined % itemsPerLook === 0 && performance.now() > sliceEndMs) {
        await new Promise((resolve) => setImmediate(resolve));
        if (signal?.aborted === true) throw new DatabaseError('Cancelled', 'the caller went away');
        sliceEndMs = performance.now() + sliceMsMax;
      }
    }
    after = 0;
  }
  return page(undefined);
}
