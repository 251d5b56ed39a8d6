// Which records of the catalog a replay needs: the current one of each resource, and of what others belong to also the
// first and each that changed its partitions. Without those a replay of the whole log would take items for those of an
// owner or partition that is gone.

import type { RecordHeader } from '../model/record.ts';
import type { Graveyard } from './partition.ts';

interface KeptRecord {
  readonly sequence: number;
  readonly bytes: number;
}

/** Where the current record of a resource is. */
interface ResourceVersion extends KeptRecord {
  readonly created: number;
  /** Earlier records that stay as long as it. */
  readonly kept: readonly KeptRecord[];
  /** It is the first, or changed its partitions. */
  readonly isKept: boolean;
  /** Text of its partitions, where it has such. */
  readonly layout: string | undefined;
}

export class ResourceVersions {
  readonly #graveyard: Graveyard;
  /** By the resource's name in the log. */
  readonly #versions = new Map<string, ResourceVersion>();
  /** Records that were replaced or deleted lately. */
  #ended: { readonly sequence: number; readonly killer: number }[] = [];

  constructor(graveyard: Graveyard) {
    this.#graveyard = graveyard;
  }

  get(name: string): { readonly sequence: number; readonly created: number } | undefined {
    return this.#versions.get(name);
  }

  /**
   * Sequences of the records that made the catalog as it was at a place of the log, in log order: what recovery from
   * that place reads first. Places asked for must rise.
   */
  at(place: number): number[] {
    this.#ended = this.#ended.filter(({ killer }) => killer > place);
    const all = this.#ended.map(({ sequence }) => sequence);
    for (const { sequence, kept } of this.#versions.values()) all.push(sequence, ...kept.map((one) => one.sequence));
    return all.filter((sequence) => sequence <= place).sort((a, b) => a - b);
  }

  /** A record of so many bytes says what the resource is now. `layout`: the text of its partitions. */
  put(name: string, { sequence, created }: RecordHeader, bytes: number, isOwner: boolean, layout?: string): void {
    const before = this.#versions.get(name);
    const keepsBefore = before !== undefined && isOwner && before.isKept;
    if (before !== undefined && !keepsBefore) this.#ends(before, sequence);
    this.#versions.set(name, {
      sequence,
      created,
      bytes,
      kept: keepsBefore ? [...before.kept, before] : (before?.kept ?? []),
      isKept: before === undefined || layout !== before.layout,
      layout,
    });
  }

  /** The resource ended with the record `killer`: its current record and those that were kept are history. */
  end(name: string, killer: number): void {
    const version = this.#versions.get(name);
    if (version === undefined) return;
    this.#versions.delete(name);
    this.#ends(version, killer);
    for (const kept of version.kept) this.#ends(kept, killer);
  }

  #ends({ sequence, bytes }: KeptRecord, killer: number): void {
    this.#graveyard.superseded(sequence, bytes, killer);
    this.#ended.push({ sequence, killer });
  }
}
