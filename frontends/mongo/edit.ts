// Changing items where they are: each change is a pure edit that the partition's only writer runs on the version
// it finds, after looking once more whether the filter still holds. So no update is lost, whatever runs beside it.

import { DatabaseError } from '../../model/errors.ts';
import { mongoProfileOf } from '../../model/mongo-profile.ts';
import type { Edit, Item, ItemWrite, PartitionKeyValue, WriteOutcome } from '../../model/operation.ts';
import { isUnpartitioned, type ContainerRecord } from '../../model/resource.ts';
import type { Call } from './call.ts';
import { documentBytesMax } from './decode.ts';
import { databaseErrorOf, MongoCode, MongoError } from './errors.ts';
import { accessOf, documentOf, keyOf, Selection, type Access, type Filter } from './selection.ts';
import { compareSortKeys, sortKeyOf, type Sort, type SortKey } from './sort.ts';

/** What becomes of one document. The same bytes: it matches and stays as it is. */
export type Change = (document: Uint8Array) => Uint8Array | 'delete';

/** A document before and after its change; no `after` when it was deleted. */
export interface Edited {
  readonly before: Uint8Array;
  readonly after: Uint8Array | undefined;
}

interface Target {
  readonly id: string;
  readonly partitionKey: PartitionKeyValue;
}

/** Searches for another item when the one found was changed meanwhile. */
const triesMax = 100;

/** Items of one step of a change of many. */
const stepItems = 256;
const stepBytes = 2 * 1024 * 1024;

/** Notes what an edit did. An edit may run again before its write commits: its last run counts. */
class Trial {
  edited: Edited | undefined;
  readonly edit: Edit;

  constructor(container: ContainerRecord, filter: Filter, change: Change) {
    const { bodyOfReplace } = mongoProfileOf(container.profile);
    this.edit = (current) => {
      this.edited = undefined;
      if (current === undefined) return undefined;
      const before = documentOf(container, current);
      if (!filter.matches(before)) return undefined;
      const after = inCoreTerms(change, before);
      this.edited = { before, after: after === 'delete' ? undefined : after };
      if (after === 'delete') return after;
      if (after === before) return undefined;
      if (after.length > documentBytesMax)
        throw databaseErrorOf(
          new MongoError(17419, `Resulting document after update is larger than ${documentBytesMax}`),
        );
      return bodyOfReplace(current.body, current.id, after);
    };
  }
}

/** Core stops a list of writes at a DatabaseError and keeps what came before it; any other throw is a fault. */
function inCoreTerms(change: Change, document: Uint8Array): Uint8Array | 'delete' {
  try {
    return change(document);
  } catch (error) {
    throw error instanceof MongoError ? databaseErrorOf(error) : error;
  }
}

/** Changes the first item that the filter selects, in the order given; undefined when there is none. */
export async function editOne(
  call: Call,
  container: ContainerRecord,
  filter: Filter,
  sort: Sort | undefined,
  change: Change,
): Promise<Edited | undefined> {
  const only = onlyTarget(container, accessOf(container, filter.predicate));
  for (let tries = 0; tries < triesMax; tries++) {
    const target = only ?? (await firstTarget(call, container, filter, sort));
    if (target === undefined) return undefined;
    const trial = new Trial(container, filter, change);
    const { item } = await call.engine.execute(
      {
        kind: 'write-item',
        database: container.database,
        container: container.id,
        write: { kind: 'edit-item', ...target, edit: trial.edit },
      },
      call.context,
    );
    if (trial.edited !== undefined) {
      call.shared.time.observe(item.time);
      return trial.edited;
    }
    if (only !== undefined) return undefined;
  }
  throw new MongoError(MongoCode.WriteConflict, 'the document kept changing while it was being written');
}

/** The one item that can be selected, where the filter names it. */
function onlyTarget(container: ContainerRecord, access: Access): Target | undefined {
  if (access.kind !== 'ids' || access.ids.length !== 1) return undefined;
  const partitionKey = isUnpartitioned(container) ? [] : access.partitionKey;
  return partitionKey && { id: access.ids[0]!, partitionKey };
}

async function firstTarget(
  call: Call,
  container: ContainerRecord,
  filter: Filter,
  sort: Sort | undefined,
): Promise<Target | undefined> {
  const selection = new Selection(call, container, filter, { sort, limit: 1 });
  try {
    if (await selection.open()) {
      const { items } = await selection.next(1, stepBytes, call.signal);
      return items[0] === undefined ? undefined : targetOf(container, items[0]);
    }
    const best = sort!.kind === 'natural' ? newestOrOldest(sort!.direction) : least(sort!);
    while (!selection.done) {
      const { items } = await selection.next(stepItems, stepBytes, call.signal);
      for (const item of items) best.offer(item);
    }
    return best.item === undefined ? undefined : targetOf(container, best.item);
  } finally {
    selection.close();
  }
}

function targetOf(container: ContainerRecord, item: Item): Target {
  return { id: item.id, partitionKey: keyOf(container, item.body) };
}

interface Best {
  item: Item | undefined;
  offer(item: Item): void;
}

function newestOrOldest(direction: 1 | -1): Best {
  const best: Best = {
    item: undefined,
    offer: (item) => {
      if (best.item === undefined || direction === -1) best.item = item;
    },
  };
  return best;
}

function least(sort: Extract<Sort, { kind: 'fields' }>): Best {
  const keyOfDocument = sortKeyOf(sort.fields);
  const compare = compareSortKeys(sort.fields);
  let key: SortKey | undefined;
  const best: Best = {
    item: undefined,
    offer: (item) => {
      const offered = keyOfDocument(item.body);
      if (key !== undefined && compare(offered, key) >= 0) return;
      key = offered;
      best.item = item;
    },
  };
  return best;
}

export interface EditedCounts {
  readonly matched: number;
  readonly modified: number;
}

/**
 * Changes every item that the filter selects, in steps that commit by themselves: what is done stays done when a
 * later one fails, as in MongoDB. Items are met in order of their creation, each once.
 */
export async function editMany(
  call: Call,
  container: ContainerRecord,
  filter: Filter,
  change: Change,
): Promise<EditedCounts> {
  const selection = new Selection(call, container, filter);
  let matched = 0;
  let modified = 0;
  try {
    while (!selection.done) {
      const { items } = await selection.next(stepItems, stepBytes, call.signal);
      if (items.length === 0) continue;
      for (const counts of await editStep(call, container, filter, change, items)) {
        matched += counts.matched;
        modified += counts.modified;
      }
    }
    return { matched, modified };
  } finally {
    selection.close();
  }
}

async function editStep(
  call: Call,
  container: ContainerRecord,
  filter: Filter,
  change: Change,
  items: readonly Item[],
): Promise<readonly EditedCounts[]> {
  const trials = items.map(() => new Trial(container, filter, change));
  const writes = items.map((item, i): ItemWrite => ({
    kind: 'edit-item',
    ...targetOf(container, item),
    edit: trials[i]!.edit,
  }));
  let outcomes: readonly WriteOutcome[];
  try {
    outcomes = await call.engine.execute(
      { kind: 'write-items', database: container.database, container: container.id, writes, ordered: true },
      call.context,
    );
  } catch (error) {
    // The documents grew beyond what one entry of the log holds: nothing of the step was done.
    if (!(error instanceof DatabaseError) || error.code !== 'TooLarge' || items.length === 1) throw error;
    const middle = items.length >>> 1;
    const counts = await editStep(call, container, filter, change, items.slice(0, middle));
    return [...counts, ...(await editStep(call, container, filter, change, items.slice(middle)))];
  }
  let matched = 0;
  let modified = 0;
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.kind === 'failed') throw outcome.error;
    if (outcome.kind === 'skipped' || trials[i]!.edited === undefined) continue;
    matched++;
    if (outcome.written.change === 'none') continue;
    modified++;
    call.shared.time.observe(outcome.written.item.time);
  }
  return [{ matched, modified }];
}
