// The change feed: what was written to a container, or to a part of it, in the order of each partition's log.
// Mode `latest` shows items by their last write, for ever, because it reads what is current. Mode `all` shows the
// log itself, as far back as superseded records are kept.
//
// Invariants: a page ends where an LSN does, and never within a transaction; its continuation is above everything
// it showed and below everything it did not; a feed shows only what is applied, so nothing it showed can vanish.

import { fieldOf, textOfRaw } from '../model/bson/walk.ts';
import { DatabaseError } from '../model/errors.ts';
import type { HybridTime } from '../model/hybrid-time.ts';
import type { Change, ChangePage, Item, Operation } from '../model/operation.ts';
import { parsePartitionKeyHeader, partitionKeyText } from '../model/partition-key.ts';
import { bodyOf, decodeHeader, RecordFlag, RecordKind, type RecordHeader } from '../model/record.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { historyLost, startOfHistory, wholeHistoryOf, type History, type HistoryRecord } from './change-history.ts';
import { continuationOf, placesOf, type Place } from './change-place.ts';
import { changesAfter } from './changes-after.ts';
import { pageCharge } from './charge.ts';
import type { GroupState } from './group.ts';
import { idOf, partitionKeyOf } from './identify.ts';
import type { Partition } from './partition.ts';
import { keyFilterOf, routeOf } from './router.ts';

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
  #transaction = 0;

  constructor(changesMax: number, bytesMax: number) {
    this.#changesMax = Math.max(1, Math.min(changesMax, changesPerPageMax));
    this.#bytesMax = Math.min(bytesMax, changeBytesMax);
  }

  /** False when the change belongs on the next page. */
  take(change: Change, header: RecordHeader): boolean {
    const transaction = transactionOf(header);
    const bytes = change.item.body.length + (change.previous?.body.length ?? 0);
    const full =
      this.changes.length >= this.#changesMax || (this.changes.length > 0 && this.bytes + bytes > this.#bytesMax);
    if (full && (transaction === 0 || transaction !== this.#transaction)) return false;
    this.#transaction = transaction;
    this.changes.push(change);
    this.bytes += bytes;
    return true;
  }
}

/** Sequence of the first record of a transaction; 0 for a write that stands alone. */
function transactionOf(header: RecordHeader): number {
  return (header.flags & RecordFlag.transaction) === 0 ? 0 : header.sequence - header.index;
}

export async function readChanges(
  source: ChangeFeedSource,
  container: ContainerRecord,
  request: Request,
): Promise<ChangePage> {
  const { state } = source;
  const route = routeOf(container, request.scope);
  const partitions = route.partitions.map((record) => {
    const partition = state.partition(record.partition);
    if (partition === undefined)
      throw new DatabaseError('PartitionGone', 'the partition is gone: resolve the ranges again');
    return partition;
  });
  const wanted = keyFilterOf(container, route);
  const places = await begun(source, placesOf(partitions, request.start), request);
  const page = new Page(request.changesMax, request.bytesMax ?? changeBytesMax);
  const read: { partition: Partition; after: number }[] = [];
  let next = 0;
  for (let full = false; !full && next < places.length;) {
    const { partition, after } = places[next]!;
    const head = Math.max(after, partition.lsn);
    state.marks.atEnd(partition.record.partition, partition.lsn);
    const last =
      request.mode === 'latest'
        ? readLatest(source, partition, after, request.since, wanted, page)
        : await readAll(source, partition, after, head, request, wanted, page);
    full = last !== undefined;
    if (last === after) break;
    read.push({ partition, after: last ?? head });
    next++;
  }
  // What was not reached comes first on the next page: a busy partition cannot keep the others from being read.
  const continuation = continuationOf([...places.slice(next), ...read]);
  const { changes, bytes } = page;
  return { container, changes, continuation, charge: pageCharge(changes.length, bytes) };
}

/** Gives every place its LSN. */
async function begun(
  source: ChangeFeedSource,
  places: readonly Place[],
  { mode, since }: Request,
): Promise<{ partition: Partition; after: number }[]> {
  const known: { partition: Partition; after: number }[] = [];
  for (const { partition, after } of places) {
    const start = mode === 'latest' ? 0 : undefined;
    known.push({
      partition,
      after: after ?? start ?? (await startOfHistory(source, partition, partition.lsn, since)),
    });
  }
  return known;
}

/** Fills the page from one partition; gives the LSN it came to when the page became full, undefined when all was taken. */
function readLatest(
  source: ChangeFeedSource,
  partition: Partition,
  after: number,
  since: HybridTime | undefined,
  wanted: ((key: string) => boolean) | undefined,
  page: Page,
): number | undefined {
  let last = after;
  for (const record of changesAfter(source.log, partition, after, since, source.nowSeconds, wanted)) {
    const header = decodeHeader(record);
    const change: Change = {
      operation: header.kind === RecordKind.insert ? 'create' : 'replace',
      item: itemOf(partition, header, record),
      partitionKey: undefined,
      previous: undefined,
      expired: false,
    };
    if (!page.take(change, header)) return last;
    last = header.lsn;
  }
  return undefined;
}

async function readAll(
  source: ChangeFeedSource,
  partition: Partition,
  after: number,
  head: number,
  request: Request,
  wanted: ((key: string) => boolean) | undefined,
  page: Page,
): Promise<number | undefined> {
  const { since, historySince, start } = request;
  let last = after;
  for await (const found of wholeHistoryOf(source, partition, after, Math.min(head, partition.lsn))) {
    const { header } = found;
    const tooOld = historySince !== undefined && header.hybridTime < historySince;
    if (tooOld && start.kind === 'after') throw historyLost();
    const early = tooOld || (since !== undefined && header.hybridTime < since);
    if (!early && isItem(header)) {
      const change = changeOf(source, partition, found, wanted);
      if (change !== undefined && !page.take(change, header)) return last;
    }
    last = header.lsn;
  }
  return undefined;
}

function isItem({ kind }: RecordHeader): boolean {
  return kind === RecordKind.insert || kind === RecordKind.replace || kind === RecordKind.delete;
}

function itemOf(partition: Partition, header: RecordHeader, record: Uint8Array): Item {
  const body = bodyOf(record);
  return {
    body,
    id: idOf(partition.container, body),
    time: header.hybridTime,
    lsn: header.lsn,
    created: header.created,
    partition: partition.record,
  };
}

const noBody = new Uint8Array([5, 0, 0, 0, 0]);

/** What a record did, or undefined when it is outside the scope. */
function changeOf(
  source: ChangeFeedSource,
  partition: Partition,
  { header, record }: HistoryRecord,
  wanted: ((key: string) => boolean) | undefined,
): Change | undefined {
  const body = bodyOf(record);
  if (header.kind !== RecordKind.delete) {
    if (wanted !== undefined && !wanted(partitionKeyText(partitionKeyOf(partition.container, body)))) return undefined;
    return {
      operation: header.kind === RecordKind.insert ? 'create' : 'replace',
      item: itemOf(partition, header, record),
      partitionKey: undefined,
      previous: versionBefore(source, partition, header),
      expired: false,
    };
  }
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
      partition: partition.record,
    },
    partitionKey: parsePartitionKeyHeader(key),
    previous: versionBefore(source, partition, header),
    expired: (header.flags & RecordFlag.expired) !== 0,
  };
}

/** The version that a record ended, while it is still in the log. */
function versionBefore(
  { log }: ChangeFeedSource,
  partition: Partition,
  { supersedes }: RecordHeader,
): Item | undefined {
  if (supersedes === 0) return undefined;
  const record = log.get(supersedes);
  return record === undefined ? undefined : itemOf(partition, decodeHeader(record), record);
}
