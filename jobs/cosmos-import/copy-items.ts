// Copies the items of a container: the source's change feed of latest versions, page by page, several ranges at once,
// into the target. Memory holds one page for each range that is being read. Reading the feed to its end gives every
// item once; reading on from there gives what changed since, without deletes, which this feed does not show.

import { depthMax } from '../../model/bson/types.ts';
import { jsonOfBson } from '../../model/bson/json-write.ts';
import { valueOfJson } from '../../model/bson/json-read.ts';
import { childOf, ElementCursor, Raw } from '../../model/bson/walk.ts';
import { DatabaseError } from '../../model/errors.ts';
import type { PartitionKeyDefinition } from '../../model/partition-key.ts';
import { headerOf, type AccountClient } from './account-client.ts';
import { BulkWriter, type OutgoingItem } from './bulk-writer.ts';
import { fittedRanges, rangesOf, type PartitionRange } from './ranges.ts';
import type { ContainerState, RangeState } from './state.ts';

/** Items asked for at once; fewer when they are large. */
export const pageItemsDefault = 500;

/** Times that the source's ranges may change while it is read. */
const changesOfRangesMax = 64;

/** What accounts add to an item, and the feed to a change. */
const systemNames = ['_rid', '_self', '_etag', '_attachments', '_ts', '_lsn'] as const;

export interface ItemCopy {
  readonly source: AccountClient;
  readonly target: AccountClient;
  /** `['dbs', database, 'colls', container]`, the same on both sides. */
  readonly path: readonly string[];
  readonly definition: PartitionKeyDefinition;
  readonly state: ContainerState;
  /** Ranges read at once. */
  readonly parallel: number;
  readonly pageItems: number;
  readonly signal: AbortSignal;
  /** Keeps the state. */
  readonly save: () => Promise<void>;
  readonly onItems: (count: number) => void;
}

export async function copyItems(copy: ItemCopy): Promise<void> {
  for (let changes = 0; ; changes++) {
    const ranges = await rangesOf(copy.source, copy.path);
    copy.state.ranges = fittedRanges(copy.state.ranges, ranges);
    try {
      await readRanges(copy, ranges);
      return;
    } catch (error) {
      const split = error instanceof DatabaseError && error.code === 'PartitionGone';
      if (!split || changes === changesOfRangesMax) throw error;
    }
  }
}

async function readRanges(copy: ItemCopy, ranges: readonly PartitionRange[]): Promise<void> {
  const writer = new BulkWriter(copy.target, copy.path, copy.definition, copy.signal);
  const waiting = copy.state.ranges.map((state, i) => ({ state, id: ranges[i]!.id }));
  const readers = Array.from({ length: Math.min(copy.parallel, waiting.length) }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      await readRange(copy, writer, next.state, next.id);
  });
  // All must have stopped before anything is read again.
  const outcomes = await Promise.allSettled(readers);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

async function readRange(copy: ItemCopy, writer: BulkWriter, range: RangeState, id: string): Promise<void> {
  let { pageItems } = copy;
  for (;;) {
    const answer = await copy.source.send({
      method: 'GET',
      path: [...copy.path, 'docs'],
      headers: {
        'a-im': 'Incremental Feed',
        'x-ms-max-item-count': String(pageItems),
        'x-ms-documentdb-partitionkeyrangeid': id,
        ...(range.place === undefined ? {} : { 'if-none-match': range.place }),
      },
      expects: [304],
    });
    if (answer.status === 304) return;
    let items: readonly OutgoingItem[];
    try {
      items = itemsOf(answer.body);
    } catch (error) {
      if (!(error instanceof DatabaseError && error.code === 'TooLarge') || pageItems === 1) throw error;
      pageItems = Math.max(1, pageItems >> 2);
      continue;
    }
    await writer.upsert(items);
    const place = headerOf(answer, 'etag');
    if (place === undefined || place === range.place)
      throw new DatabaseError('Unavailable', `${copy.source.name} does not say where its change feed goes on`);
    range.place = place;
    copy.state.items += items.length;
    await copy.save();
    copy.onItems(items.length);
  }
}

function itemsOf(page: Buffer): OutgoingItem[] {
  // An item lies in a list in the page.
  const whole = valueOfJson(page, { levelsMax: depthMax + 2 });
  const list = whole instanceof Raw ? childOf(whole, 'Documents') : undefined;
  if (list === undefined) throw new DatabaseError('Unavailable', 'the source answered no page of items');
  const items: OutgoingItem[] = [];
  const cursor = new ElementCursor(list.bytes, list.start);
  while (cursor.next()) {
    const body = cursor.raw().slice();
    items.push({ body, json: jsonOfBson(body, { skip: systemNames }) });
  }
  return items;
}
