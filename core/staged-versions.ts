// The versions that proposals of the present commit group made of items, before they are durable: what later
// proposals of the group must see. The last proposal can be taken back alone.

import type { HybridTime } from '../model/hybrid-time.ts';
import type { Item } from '../model/operation.ts';
import type { KeyWatches } from './key-watches.ts';

export interface StagedVersion {
  readonly body: Uint8Array;
  readonly time: HybridTime;
  readonly lsn: number;
  readonly created: number;
  readonly sequence: number;
}

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
export interface DraftNote extends ItemIdentity {
  /** Bytes of the body of the version that ends. */
  readonly endedBytes: number;
}

/** Lengths first, so that no id can run into a key. */
function nameOf({ id, key }: ItemIdentity): string {
  return `${id.length}:${id}${key}`;
}

export class StagedVersions {
  readonly #watches: KeyWatches | undefined;
  /** `undefined` stands for a deleted item. */
  readonly #versions = new Map<string, StagedVersion | undefined>();
  #undo: { readonly name: string; readonly had: boolean; readonly before: StagedVersion | undefined }[] = [];

  /** `watches` are told of every version that is staged. */
  constructor(watches?: KeyWatches) {
    this.#watches = watches;
  }

  get isEmpty(): boolean {
    return this.#versions.size === 0;
  }

  /** A proposal begins. */
  begin(): void {
    this.#undo = [];
  }

  /** Takes back what was staged since `begin`. */
  rollback(): void {
    for (const { name, had, before } of this.#undo.reverse()) {
      if (had) this.#versions.set(name, before);
      else this.#versions.delete(name);
    }
    this.#undo = [];
  }

  discard(): void {
    this.#versions.clear();
    this.#undo = [];
  }

  stage(identity: ItemIdentity, version: StagedVersion | undefined): void {
    const name = nameOf(identity);
    this.#undo.push({ name, had: this.#versions.has(name), before: this.#versions.get(name) });
    this.#versions.set(name, version);
    this.#watches?.touch(identity.key);
  }

  /** What is staged for the item; `unknown` when nothing is. */
  get(identity: ItemIdentity): StagedVersion | 'deleted' | 'unknown' {
    if (this.#versions.size === 0) return 'unknown';
    const name = nameOf(identity);
    return this.#versions.get(name) ?? (this.#versions.has(name) ? 'deleted' : 'unknown');
  }

  /** The record of that sequence was applied: what it made need not be staged any more. */
  applied(identity: ItemIdentity, sequence: number): void {
    const name = nameOf(identity);
    const staged = this.#versions.get(name);
    if (staged === undefined || staged.sequence <= sequence) this.#versions.delete(name);
  }
}
