// The change feed: what was written to a container, or to a part of it, in the order of each partition's log.
// Mode `latest` shows items by their last write, for ever, because it reads what is current. Mode `all` shows the
// log itself, as far back as superseded records are kept.
//
// Invariants: a page ends where an LSN does, and never within a transaction; its continuation is above everything
// it showed and below everything it did not; a feed shows only what is applied, so nothing it showed can vanish.

import { fieldOf, textOfRaw } from '../model/bson/walk.ts';
import type { HybridTime } from '../model/hybrid-time.ts';
import type { Change, ChangePage, Operation } from '../model/operation.ts';
import { parsePartitionKeyHeader } from '../model/partition-key.ts';
import { bodyOf, RecordFlag, RecordKind, transactionOf, type RecordHeader } from '../model/record.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { historyLost, startOfHistory, wholeHistoryOf, type History } from './change-history.ts';
import { continuationOf, placesOf, type Begun, type Place } from './change-place.ts';
import type { GroupState } from './group.ts';
import { latestChanges } from './latest-changes.ts';
import type { Partition } from './partition.ts';
import type { ReadMeter } from './read-meter.ts';
import { openReading, type PartitionReading } from './reading.ts';
import { keyFilterOf, routeOf } from './router.ts';
import { itemsPerLook, Slices } from './slices.ts';
import { StoredItem } from './stored-item.ts';

/** Changes of one page, and their bytes. A transaction that began on the page may go beyond. */
export const changesPerPageMax = 10_000;
export const changeBytesMax = 4 * 1024 * 1024;

export interface ChangeFeedSource extends History {
  readonly state: GroupState;
  readonly nowSeconds: number;
}

type Request = Operation<'read-changes'>;

/** A page that fills: it takes changes until it is full, and then only the rest of a transaction it has begun. */
class Page {
  readonly changes: Change[] = [];
  bytes = 0;
  readonly #changesMax: number;
  readonly #bytesMax: number;
  readonly #meter: ReadMeter;
  #transaction = 0;

  constructor(changesMax: number, bytesMax: number, meter: ReadMeter) {
    this.#meter = meter;
    this.#changesMax = Math.max(1, Math.min(changesMax, changesPerPageMax));
    this.#bytesMax = Math.min(bytesMax, changeBytesMax);
  }

  /** False when the change belongs on the next page. */
  take(change: Change, transaction: number): boolean {
    const bytes = change.item.body.length + (change.previous?.body.length ?? 0);
    const full =
      this.changes.length >= this.#changesMax || (this.changes.length > 0 && this.bytes + bytes > this.#bytesMax);
    if (full && (transaction === 0 || transaction !== this.#transaction)) return false;
    this.#transaction = transaction;
    this.changes.push(change);
    this.bytes += bytes;
    const load = this.#meter.loadOf(change.item.partition);
    load.items++;
    load.bytes += bytes;
    return true;
  }
}

export async function readChanges(
  source: ChangeFeedSource,
  container: ContainerRecord,
  request: Request,
  meter: ReadMeter,
): Promise<ChangePage> {
  const wanted = keyFilterOf(container, routeOf(container, request.scope));
  const page = new Page(Math.min(request.changesMax, meter.pageItemsMax), request.bytesMax ?? changeBytesMax, meter);
  const read: Begun[] = [];
  const reading = openReading(source.state, container, request.scope, source.nowSeconds);
  try {
    const places = await begun(source, placesOf(reading.partitions, request.start), request);
    let next = 0;
    for (let full = false; !full && next < places.length;) {
      const { partition, after } = places[next]!;
      const last =
        request.mode === 'latest'
          ? await readLatest(source, partition, after, request.since, page)
          : await readAll(source, partition, after, request, wanted, page);
      full = last !== undefined;
      if (last === after) break;
      read.push({ partition, after: last ?? Math.max(after, partition.view.lsn) });
      next++;
    }
    // What was not reached comes first on the next page: a busy partition cannot keep the others from being read.
    const continuation = continuationOf([...places.slice(next), ...read]);
    const { changes, bytes } = page;
    return { container, changes, continuation, charge: meter.settle({ bytesReturned: bytes }) };
  } finally {
    reading.release();
  }
}

/** Gives every place its LSN, and tells the marks what is known of it now. */
async function begun(
  source: ChangeFeedSource,
  places: readonly Place[],
  { mode, since }: Request,
): Promise<readonly Begun[]> {
  const { marks, state } = source;
  for (const { partition } of places) marks.atEnd(partition.record.partition, partition.view.lsn, state.sequence);
  const known: Begun[] = [];
  for (const { partition, after } of places) {
    const start = after ?? (mode === 'latest' ? 0 : await startOfHistory(source, partition, since));
    known.push({ partition, after: start });
  }
  return known;
}

/** Fills the page from one partition; gives the LSN it came to when the page became full, undefined when all was taken. */
async function readLatest(
  source: ChangeFeedSource,
  partition: PartitionReading,
  after: number,
  since: HybridTime | undefined,
  page: Page,
): Promise<number | undefined> {
  const slices = new Slices(source.signal);
  let last = after;
  const number = source.marks.before(partition.record.partition, after);
  for (const item of latestChanges(partition, { lsn: after, since, number })) {
    if (item === undefined || (page.changes.length % itemsPerLook === 0 && slices.isOver)) await slices.pause();
    if (item === undefined) continue;
    const operation = item.lsn === item.created ? 'create' : 'replace';
    const change: Change = { operation, item, partitionKey: undefined, previous: undefined, expired: false };
    if (!page.take(change, item.transaction)) return last;
    last = item.lsn;
  }
  return undefined;
}

async function readAll(
  source: ChangeFeedSource,
  reading: PartitionReading,
  after: number,
  request: Request,
  wanted: ((key: string) => boolean) | undefined,
  page: Page,
): Promise<number | undefined> {
  const { since, historySince, start } = request;
  const { partition } = reading;
  let last = after;
  let sequence = 0;
  for await (const { header, record } of wholeHistoryOf(source, reading, after)) {
    const tooOld = historySince !== undefined && header.hybridTime < historySince;
    if (tooOld && start.kind === 'after') throw historyLost();
    if (!tooOld && (since === undefined || header.hybridTime >= since)) {
      const change = changeOf(source, partition, header, record, wanted);
      if (change !== undefined && !page.take(change, transactionOf(header))) {
        if (sequence > 0) source.marks.pageEnded(partition.record.partition, last, sequence);
        return last;
      }
    }
    last = header.lsn;
    ({ sequence } = header);
  }
  return undefined;
}

const noBody = new Uint8Array([5, 0, 0, 0, 0]);

/** What a record did, or undefined when it is outside the scope. */
function changeOf(
  source: ChangeFeedSource,
  { container, record: range }: Partition,
  header: RecordHeader,
  record: Uint8Array,
  wanted: ((key: string) => boolean) | undefined,
): Change | undefined {
  const before = header.supersedes === 0 ? undefined : source.log.get(header.supersedes);
  const previous = before && new StoredItem(container, range, before);
  if (header.kind !== RecordKind.delete) {
    const item = new StoredItem(container, range, record);
    if (wanted !== undefined && !wanted(item.key)) return undefined;
    const isNew = header.kind === RecordKind.insert;
    // An older log: a new item could supersede one that had expired, and so was no item any more.
    return {
      operation: isNew ? 'create' : 'replace',
      item,
      partitionKey: undefined,
      previous: isNew ? undefined : previous,
      expired: false,
    };
  }
  const body = bodyOf(record);
  const key = textOfRaw(fieldOf(body, 'key')!);
  if (wanted !== undefined && !wanted(key)) return undefined;
  return {
    operation: 'delete',
    item: {
      body: noBody,
      id: textOfRaw(fieldOf(body, 'id')!),
      time: header.hybridTime,
      lsn: header.lsn,
      created: header.created,
      partition: range,
    },
    partitionKey: parsePartitionKeyHeader(key),
    previous,
    expired: (header.flags & RecordFlag.expired) !== 0,
  };
}
