// The resources that belong to databases, containers and users (scripts, users, permissions, keys, roles), as the
// catalog holds them: found by owner, type and id, forgotten with their owner.

import type { ResourceOwner, ResourceRecord, ResourceType } from '../model/resource.ts';
import { childName, ownerKey } from './catalog-records.ts';

type OfOwner = Map<ResourceType, Map<string, ResourceRecord>>;

/** What the resource is to others that belong to it, if any can. */
export function ownedBy({ type, number }: ResourceRecord): ResourceOwner | undefined {
  return type === 'user' ? { kind: 'user', number } : undefined;
}

/** A resource that went with its owner. */
export interface Dropped {
  /** In the log. */
  readonly name: string;
  readonly owns: ResourceOwner | undefined;
}

export class Children {
  readonly #owners = new Map<string, OfOwner>();
  /** By their names in the log. */
  readonly #names = new Map<string, ResourceRecord>();

  named(name: string): ResourceRecord | undefined {
    return this.#names.get(name);
  }

  /** In the order of their creation. */
  list(owner: ResourceOwner, type: ResourceType): ResourceRecord[] {
    return [...(this.#owners.get(ownerKey(owner))?.get(type)?.values() ?? [])];
  }

  find(owner: ResourceOwner, type: ResourceType, id: string): ResourceRecord | undefined {
    return this.#owners.get(ownerKey(owner))?.get(type)?.get(id);
  }

  count(owner: ResourceOwner, type: ResourceType): number {
    return this.#owners.get(ownerKey(owner))?.get(type)?.size ?? 0;
  }

  put(child: ResourceRecord): void {
    const name = childName(child);
    const before = this.#names.get(name);
    if (before !== undefined && before.id !== child.id) this.remove(before);
    const key = ownerKey(child.owner);
    let types = this.#owners.get(key);
    if (types === undefined) this.#owners.set(key, (types = new Map()));
    let siblings = types.get(child.type);
    if (siblings === undefined) types.set(child.type, (siblings = new Map()));
    siblings.set(child.id, child);
    this.#names.set(name, child);
  }

  remove(child: ResourceRecord): void {
    this.#owners.get(ownerKey(child.owner))?.get(child.type)?.delete(child.id);
    this.#names.delete(childName(child));
  }

  /** Forgets what belongs to an owner, and what belongs to that. */
  dropOwner(owner: ResourceOwner): Dropped[] {
    const key = ownerKey(owner);
    const types = this.#owners.get(key);
    if (types === undefined) return [];
    this.#owners.delete(key);
    const dropped: Dropped[] = [];
    for (const siblings of types.values())
      for (const child of siblings.values()) {
        const name = childName(child);
        const owns = ownedBy(child);
        this.#names.delete(name);
        dropped.push({ name, owns });
        if (owns !== undefined) dropped.push(...this.dropOwner(owns));
      }
    return dropped;
  }
}
