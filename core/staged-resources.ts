// What proposals of the present commit group make of the catalog's resources, before it is durable: what later
// proposals of the group must see. The last proposal can be taken back alone.

import type { Resource } from './catalog-records.ts';

/** What a record makes of a name; without a resource it is deleted. */
export interface StagedResource {
  readonly resource: Resource | undefined;
  readonly sequence: number;
  readonly created: number;
}

export class StagedResources {
  readonly #resources = new Map<string, StagedResource>();
  /** Owners that are being deleted, by their key. */
  readonly #leaving = new Set<string>();
  #undo: { readonly name: string; readonly before: StagedResource | undefined }[] = [];
  #undoLeaving: string[] = [];

  get isEmpty(): boolean {
    return this.#resources.size === 0;
  }

  /** A proposal begins. */
  begin(): void {
    this.#undo = [];
    this.#undoLeaving = [];
  }

  /** Takes back what was staged since `begin`. */
  rollback(): void {
    for (const { name, before } of this.#undo.reverse()) {
      if (before === undefined) this.#resources.delete(name);
      else this.#resources.set(name, before);
    }
    for (const key of this.#undoLeaving) this.#leaving.delete(key);
    this.begin();
  }

  clear(): void {
    this.#resources.clear();
    this.#leaving.clear();
    this.begin();
  }

  get(name: string): StagedResource | undefined {
    return this.#resources.get(name);
  }

  entries(): IterableIterator<[string, StagedResource]> {
    return this.#resources.entries();
  }

  stage(name: string, staged: StagedResource): void {
    this.#undo.push({ name, before: this.#resources.get(name) });
    this.#resources.set(name, staged);
  }

  leave(owner: string): void {
    if (this.#leaving.has(owner)) return;
    this.#leaving.add(owner);
    this.#undoLeaving.push(owner);
  }

  isLeaving(owner: string): boolean {
    return this.#leaving.has(owner);
  }
}
