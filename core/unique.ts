// The guard of unique keys of one partition. A write asks it before it stages anything; it looks up the keys of the
// new version in the index and among what earlier writes of the same commit group staged.
//
// Invariant: with every write asked and every staged version noted, no two live items of the container share a key,
// but for those that did before the key was declared. An index that answers too much costs reads, never a wrong word.

import { allOf } from '../indexer/filter.ts';
import { partitionKeyEquals } from '../indexer/key-order.ts';
import { NumberCursor } from '../indexer/lookup.ts';
import type { PartitionIndex } from '../indexer/partition-index.ts';
import { DatabaseError } from '../model/errors.ts';
import type { Raw } from '../model/bson/walk.ts';
import type { ContainerRecord } from '../model/resource.ts';
import { filterOf } from './query/predicate/filter.ts';
import type { ItemIdentity, StagedVersions } from './staged-versions.ts';
import { keysOf, predicateOfKey, uniqueKeysOf, type KeyTuple, type UniqueKey } from './unique-key.ts';

/** An applied item as the guard reads it. */
export interface HeldItem extends ItemIdentity {
  readonly body: Uint8Array;
}

/** The partition as the write at hand must see it. */
export interface UniqueState {
  readonly staged: StagedVersions;
  readonly index: PartitionIndex;
  /** The applied item of a number; undefined when it has expired. */
  readonly read: (number: number) => HeldItem | undefined;
  /** An item that the same write deletes. */
  readonly leaving?: ItemIdentity | undefined;
}

/** Of a refusal: what a door may tell the writer, whose own values these are. */
export interface UniqueViolation {
  readonly name: string;
  /** `database.container` */
  readonly container: string;
  readonly entries: readonly { readonly path: string; readonly direction: 1 | -1; readonly value: Raw }[];
}

export function uniqueViolation(container: ContainerRecord, unique: UniqueKey, key: KeyTuple): DatabaseError {
  const violation: UniqueViolation = {
    name: unique.name,
    container: `${container.database}.${container.id}`,
    entries: unique.paths.map((path, i) => ({
      path: path.join('.'),
      direction: unique.directions[i] ?? 1,
      value: key.values[i]!,
    })),
  };
  return new DatabaseError('UniqueKeyViolation', 'another item holds the same unique key', {
    argument: unique.name,
    details: { violation },
  });
}

/** What `uniqueViolation` put into an error. */
export function violationOf(error: DatabaseError): UniqueViolation | undefined {
  return error.details?.['violation'] as UniqueViolation | undefined;
}

export class UniqueGuard {
  /** Who may hold a key by a staged version. Verified against the version itself, so entries may be out of date. */
  #stagedHolders = new Map<string, ItemIdentity[]>();
  #checkedBody: Uint8Array | undefined;
  #checkedKeys: readonly (readonly KeyTuple[])[] = [];

  /** Throws UniqueKeyViolation when the new version of the item would share a key with another item. */
  check(container: ContainerRecord, holder: ItemIdentity, body: Uint8Array, state: UniqueState): void {
    const uniques = uniqueKeysOf(container);
    if (uniques.length === 0) return;
    const all = uniques.map((unique) => keysOf(unique, body));
    this.#checkedBody = body;
    this.#checkedKeys = all;
    for (const [i, unique] of uniques.entries())
      for (const key of all[i]!)
        if (this.#isStaged(i, unique, key, holder, state) || isApplied(unique, key, holder, state))
          throw uniqueViolation(container, unique, key);
  }

  /** Notes that the version was staged; right after its `check`. */
  stage(container: ContainerRecord, holder: ItemIdentity, body: Uint8Array): void {
    const uniques = uniqueKeysOf(container);
    if (uniques.length === 0) return;
    const all = body === this.#checkedBody ? this.#checkedKeys : uniques.map((unique) => keysOf(unique, body));
    for (const [i, keys] of all.entries())
      for (const key of keys) {
        const name = stagedName(i, uniques[i]!, key, holder);
        const holders = this.#stagedHolders.get(name);
        if (holders === undefined) this.#stagedHolders.set(name, [holder]);
        else if (!holders.some((other) => isSame(other, holder))) holders.push(holder);
      }
  }

  /** Nothing is staged any more. */
  clear(): void {
    if (this.#stagedHolders.size > 0) this.#stagedHolders = new Map();
    if (this.#checkedBody === undefined) return;
    this.#checkedBody = undefined;
    this.#checkedKeys = [];
  }

  #isStaged(place: number, unique: UniqueKey, key: KeyTuple, holder: ItemIdentity, state: UniqueState): boolean {
    for (const other of this.#stagedHolders.get(stagedName(place, unique, key, holder)) ?? []) {
      if (isSame(other, holder) || (state.leaving !== undefined && isSame(other, state.leaving))) continue;
      const version = state.staged.get(other);
      if (typeof version === 'object' && hasKey(unique, key, version.body)) return true;
    }
    return false;
  }
}

function isSame(a: ItemIdentity, b: ItemIdentity): boolean {
  return a.id === b.id && a.key === b.key;
}

function stagedName(place: number, unique: UniqueKey, { text }: KeyTuple, { key }: ItemIdentity): string {
  return unique.scope === 'container' ? `${place}/${text}` : `${place}/${key.length}:${key}${text}`;
}

function hasKey(unique: UniqueKey, { text }: KeyTuple, body: Uint8Array): boolean {
  return keysOf(unique, body).some((key) => key.text === text);
}

function isApplied(
  unique: UniqueKey,
  key: KeyTuple,
  holder: ItemIdentity,
  { staged, index, read, leaving }: UniqueState,
): boolean {
  const { filter } = filterOf(predicateOfKey(unique, key), index.paths);
  const isLocal = unique.scope === 'partitionKey';
  const cursor = new NumberCursor(
    index.now(),
    isLocal && index.partitionKeyTerms !== false ? allOf(partitionKeyEquals(index, holder.key), filter) : filter,
  );
  for (let number = cursor.next(); number > 0; number = cursor.next()) {
    const item = read(number);
    if (item === undefined || (isLocal && item.key !== holder.key) || isSame(item, holder)) continue;
    if (leaving !== undefined && isSame(item, leaving)) continue;
    // What is staged for it counts instead, and was looked at.
    if (staged.get(item) === 'unknown' && hasKey(unique, key, item.body)) return true;
  }
  return false;
}
