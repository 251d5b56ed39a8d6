// The versions that proposals of the present commit group made of items, before they are durable: what later
// proposals of the group must see. The last proposal can be taken back alone.
//
// Invariant: nothing is evaluated while a group is appended and applied, so that all that is staged can be forgotten
// at once when the last of it was applied.

import type { Item } from '../model/operation.ts';
import type { VersionFacts } from '../indexer/fact-terms.ts';
import type { KeyWatches } from './key-watches.ts';

/** Identity of an item in its partition: id text, and text of the partition key. */
export interface ItemIdentity {
  readonly id: string;
  readonly key: string;
}

/** The version a write meets: of the log, or of an earlier proposal of the same commit group. */
export interface CurrentVersion extends Item {
  readonly sequence: number;
}

/** Carried beside a draft, so that `apply` need not read the body again. */
export interface DraftNote extends VersionFacts {
  /** Bytes of the body of the version that ends. */
  readonly endedBytes: number;
  /** The draft's. */
  readonly body: Uint8Array;
}

/** Lengths first, so that no id can run into a key. */
function nameOf({ id, key }: ItemIdentity): string {
  return `${id.length}:${id}${key}`;
}

/** What stood under a name before a proposal staged it: `fresh` when nothing did. */
const fresh = Symbol('fresh');

export class StagedVersions {
  readonly #watches: KeyWatches | undefined;
  /** `undefined` stands for a deleted item. */
  readonly #versions = new Map<string, CurrentVersion | undefined>();
  /** Of the last proposal, in order: the names it staged, and what stood there. */
  readonly #undoNames: string[] = [];
  readonly #undoBefore: (CurrentVersion | undefined | typeof fresh)[] = [];
  /** Highest sequence that was staged, and what it was before the last proposal. */
  #last = 0;
  #undoLast = 0;
  /** A write asks for an identity and then stages it: its name is made once. */
  #named: ItemIdentity | undefined;
  #name = '';

  /** `watches` are told of every version that is staged. */
  constructor(watches?: KeyWatches) {
    this.#watches = watches;
  }

  get isEmpty(): boolean {
    return this.#versions.size === 0;
  }

  /** A proposal begins. */
  begin(): void {
    this.#undoNames.length = 0;
    this.#undoBefore.length = 0;
    this.#undoLast = this.#last;
  }

  /** Takes back what was staged since `begin`. */
  rollback(): void {
    for (let i = this.#undoNames.length - 1; i >= 0; i--) {
      const before = this.#undoBefore[i];
      if (before === fresh) this.#versions.delete(this.#undoNames[i]!);
      else this.#versions.set(this.#undoNames[i]!, before);
    }
    this.#last = this.#undoLast;
    this.begin();
  }

  discard(): void {
    this.#versions.clear();
    this.#named = undefined;
    this.#last = 0;
    this.begin();
  }

  /** `sequence`: of the record that will say so. */
  stage(identity: ItemIdentity, version: CurrentVersion | undefined, sequence: number): void {
    const name = this.#nameOf(identity);
    const before = this.#versions.get(name);
    this.#undoNames.push(name);
    this.#undoBefore.push(before === undefined && !this.#versions.has(name) ? fresh : before);
    this.#versions.set(name, version);
    if (sequence > this.#last) this.#last = sequence;
    this.#watches?.touch(identity.key);
  }

  /** What is staged for the item; `unknown` when nothing is. */
  get(identity: ItemIdentity): CurrentVersion | 'deleted' | 'unknown' {
    if (this.#versions.size === 0) return 'unknown';
    const name = this.#nameOf(identity);
    return this.#versions.get(name) ?? (this.#versions.has(name) ? 'deleted' : 'unknown');
  }

  /** The record of that sequence was applied: when it is the last one staged, nothing need be staged any more. */
  applied(sequence: number): void {
    if (this.#versions.size > 0 && sequence >= this.#last) this.discard();
  }

  #nameOf(identity: ItemIdentity): string {
    if (identity !== this.#named) {
      this.#name = nameOf(identity);
      this.#named = identity;
    }
    return this.#name;
  }
}
