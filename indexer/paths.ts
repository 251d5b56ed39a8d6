// The path dictionary: a trie of property names, with one node shared by all elements of an array. A node's
// number is its path id in every term, for ever; children of a document are found by comparing name bytes with
// the sibling that followed last time, and only by hash when a document has another shape.
//
// Invariants: ids are given out in order and never change meaning, so an older dictionary is a prefix of a newer
// one. When the bounds below are reached, further paths get no id: items that have one are listed under `overflowPath`,
// and a query on an unknown path must take those items as candidates and test them.

import { DatabaseError } from '../model/errors.ts';
import { textOf, utf8 } from '../model/bytes.ts';
import {
  anyElement,
  decideChild,
  type CompiledPolicy,
  type CompositePart,
  type PathDecision,
  type PathStep,
} from './policy.ts';

/** Path of an item with no steps: the item itself. Has no terms. */
export const rootPath = 0;
/** Terms of identity: id text and partition key. */
export const identityPath = 1;
/** Existence under this path: the item has a path that got no id. */
export const overflowPath = 2;
/**
 * Numbers: the LSN of the item's first version. Their order is the order of creation, the natural order of scans.
 * Existence: the version is not the first.
 */
export const createdPath = 3;
/** Numbers: seconds of the version's commit time, what doors show as `_ts`. */
export const timePath = 4;
/**
 * In indexes that keep such terms, strings: the text of the partition key, or where items are ordered by their keys,
 * partition key and id text as one (`key-order.ts`).
 */
export const partitionKeyPath = 5;
/** Of versions that name a time to live. Numbers: the second in which it ends, if it does. Existence: they name one. */
export const expiryPath = 6;
const firstPath = 7;

/** Path ids are two bytes in a term. Cosmos DB and MongoDB name no limit; beyond this, queries test items. */
export const pathsMax = 65_535;

/** Bytes of one name, and of all names: every segment carries the dictionary. Beyond either, a path gets no id. */
export const nameBytesMax = 1024;
export const namesBytesMax = 2 * 1024 * 1024;

/** Bits of `flags`. */
export const PathFlag = {
  scalar: 1,
  nested: 2,
  descend: 4,
  /** A component of some composite index. */
  component: 8,
  /** The field whose string is the item's id: its terms are the identity terms. */
  identity: 16,
} as const;

const NodeKind = { property: 0, element: 1, composite: 2 } as const;

export type ResolvedPath =
  | { readonly kind: 'path'; readonly path: number }
  /** The id field: its values are the identity terms (`identity.ts`); `path` has its existence, 0 when no item has. */
  | { readonly kind: 'identity'; readonly path: number }
  /** No item has it. */
  | { readonly kind: 'absent' }
  /** The policy leaves it out: only a scan can tell. */
  | { readonly kind: 'excluded' }
  /** The dictionary is full: items under `overflowPath` are candidates. */
  | { readonly kind: 'overflow' };

export interface PathsOptions {
  readonly policy: CompiledPolicy;
  /** Property whose string is the id text of every item, where the profile says so. */
  readonly identityField?: string | undefined;
  /** Given to tests; never more than `pathsMax`. */
  readonly limit?: number | undefined;
}

export interface Composite {
  readonly path: number;
  readonly parts: readonly CompositePart[];
  /** Slot of each part in the walker's table of components. */
  readonly slots: readonly number[];
}

const serialFormat = 3;

export class PathDictionary {
  readonly #policy: CompiledPolicy;
  readonly #identityField: string | undefined;
  readonly #limit: number;
  /** Decision of the policy by path. */
  readonly #decisions: PathDecision[] = [];
  #count = 0;
  #overflowed = false;
  #names = new Uint8Array(256);
  #namesLength = 0;
  #parent = new Int32Array(16);
  #nameStart = new Int32Array(16);
  #nameLength = new Int32Array(16);
  #firstChild = new Int32Array(16);
  #lastChild = new Int32Array(16);
  #nextSibling = new Int32Array(16);
  #element = new Int32Array(16);
  #kind = new Uint8Array(16);
  /** Hash table of children: path + 1 by hash of parent and name. */
  #table = new Int32Array(32);
  /** Bits of `PathFlag` by path. Replaced when it grows. */
  flags = new Uint8Array(16);
  /** Slot of a component path in the walker's table, by path; -1 for none. */
  readonly componentSlots = new Map<number, number>();
  readonly composites: Composite[] = [];

  constructor(options: PathsOptions) {
    this.#policy = options.policy;
    this.#identityField = options.identityField;
    this.#limit = Math.min(options.limit ?? pathsMax, pathsMax);
    for (let path = rootPath; path < firstPath; path++) this.#create(-1, NodeKind.property, new Uint8Array(0), 0, 0);
  }

  /** Ids given out: paths are below this. */
  get count(): number {
    return this.#count;
  }

  /** True once some path got no id. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  /** Gives the composite indexes of the policy their paths. Called once, after any older dictionary was loaded. */
  openComposites(): void {
    for (const parts of this.#policy.policy.composites) {
      const text = utf8(compositeText(parts));
      const slots: number[] = [];
      for (const part of parts) {
        let path = rootPath;
        for (const step of part.path) path = this.childByName(path, step);
        if (path === overflowPath) break;
        this.flags[path]! |= PathFlag.component;
        for (let up = this.#parent[path]!; up >= 0; up = this.#parent[up]!) this.flags[up]! |= PathFlag.descend;
        let slot = this.componentSlots.get(path);
        if (slot === undefined) this.componentSlots.set(path, (slot = this.componentSlots.size));
        slots.push(slot);
      }
      if (slots.length !== parts.length) continue;
      const path = this.#findOrCreate(rootPath, NodeKind.composite, text, 0, text.length);
      if (path !== overflowPath) this.composites.push({ path, parts, slots });
    }
  }

  #create(parent: number, kind: number, bytes: Uint8Array, start: number, end: number): number {
    const path = this.#count;
    if (path >= this.#parent.length) this.#growNodes();
    const length = end - start;
    if (this.#namesLength + length > this.#names.length) {
      const grown = new Uint8Array(Math.max(this.#names.length * 2, this.#namesLength + length));
      grown.set(this.#names);
      this.#names = grown;
    }
    this.#names.set(bytes.subarray(start, end), this.#namesLength);
    this.#parent[path] = parent;
    this.#nameStart[path] = this.#namesLength;
    this.#nameLength[path] = length;
    this.#kind[path] = kind;
    this.#namesLength += length;
    this.#count++;
    if (parent < 0) {
      this.#decisions.push(this.#policy.root);
      this.flags[path] = path === rootPath ? PathFlag.descend : 0;
      return path;
    }
    if (kind === NodeKind.element) this.#element[parent] = path;
    else {
      const last = this.#lastChild[parent]!;
      if (last === 0) this.#firstChild[parent] = path;
      else this.#nextSibling[last] = path;
      this.#lastChild[parent] = path;
      this.#insertHash(path);
    }
    if (kind === NodeKind.composite) {
      this.#decisions.push(this.#policy.root);
      this.flags[path] = 0;
      return path;
    }
    const decision = decideChild(
      this.#decisions[parent]!,
      kind === NodeKind.element ? anyElement : textOf(bytes, start, end),
    );
    this.#decisions.push(decision);
    const identity =
      parent === rootPath && this.#identityField !== undefined && textOf(bytes, start, end) === this.#identityField;
    this.flags[path] =
      (decision.scalar ? PathFlag.scalar : 0) |
      (decision.nested ? PathFlag.nested : 0) |
      (decision.descend ? PathFlag.descend : 0) |
      (identity ? PathFlag.identity : 0);
    return path;
  }

  #growNodes(): void {
    const size = this.#parent.length * 2;
    const grow = (from: Int32Array): Int32Array<ArrayBuffer> => {
      const to = new Int32Array(size);
      to.set(from);
      return to;
    };
    this.#parent = grow(this.#parent);
    this.#nameStart = grow(this.#nameStart);
    this.#nameLength = grow(this.#nameLength);
    this.#firstChild = grow(this.#firstChild);
    this.#lastChild = grow(this.#lastChild);
    this.#nextSibling = grow(this.#nextSibling);
    this.#element = grow(this.#element);
    const kinds = new Uint8Array(size);
    kinds.set(this.#kind);
    this.#kind = kinds;
    const flags = new Uint8Array(size);
    flags.set(this.flags);
    this.flags = flags;
    this.#table = new Int32Array(size * 2);
    for (let path = firstPath; path < this.#count; path++)
      if (this.#kind[path] !== NodeKind.element) this.#insertHash(path);
  }

  #hash(parent: number, kind: number, bytes: Uint8Array, start: number, end: number): number {
    let hash = Math.imul(parent + 1, 0x9e3779b1) ^ kind;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    hash ^= hash >>> 15;
    return Math.imul(hash, 0x85ebca6b) ^ (hash >>> 13);
  }

  #insertHash(path: number): void {
    const start = this.#nameStart[path]!;
    const mask = this.#table.length - 1;
    let slot =
      this.#hash(this.#parent[path]!, this.#kind[path]!, this.#names, start, start + this.#nameLength[path]!) & mask;
    while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
    this.#table[slot] = path + 1;
  }

  #nameIs(path: number, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (this.#nameLength[path] !== length) return false;
    const names = this.#names;
    const at = this.#nameStart[path]!;
    for (let i = 0; i < length; i++) if (names[at + i] !== bytes[start + i]) return false;
    return true;
  }

  #find(parent: number, kind: number, bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#table.length - 1;
    let slot = this.#hash(parent, kind, bytes, start, end) & mask;
    for (;;) {
      const path = this.#table[slot]! - 1;
      if (path < 0) return -1;
      if (this.#parent[path] === parent && this.#kind[path] === kind && this.#nameIs(path, bytes, start, end))
        return path;
      slot = (slot + 1) & mask;
    }
  }

  #findOrCreate(parent: number, kind: number, bytes: Uint8Array, start: number, end: number): number {
    const path = this.#find(parent, kind, bytes, start, end);
    if (path >= 0) return path;
    const length = end - start;
    if (this.#count >= this.#limit || length > nameBytesMax || this.#namesLength + length > namesBytesMax) {
      this.#overflowed = true;
      return overflowPath;
    }
    return this.#create(parent, kind, bytes, start, end);
  }

  /**
   * The child of `parent` with this name, made when it is new; `overflowPath` when there is no room. `before` is
   * the child found last under the same parent, or 0: documents of one shape then never reach the hash table.
   */
  child(parent: number, before: number, bytes: Uint8Array, start: number, end: number): number {
    const guess = before === 0 ? this.#firstChild[parent]! : this.#nextSibling[before]!;
    if (guess !== 0 && this.#nameIs(guess, bytes, start, end) && this.#kind[guess] === NodeKind.property) return guess;
    return this.#findOrCreate(parent, NodeKind.property, bytes, start, end);
  }

  /** The node of any element of the array at `parent`; `overflowPath` when there is no room. */
  element(parent: number): number {
    const path = this.#element[parent]!;
    if (path !== 0) return path;
    if (this.#count >= this.#limit) {
      this.#overflowed = true;
      return overflowPath;
    }
    return this.#create(parent, NodeKind.element, this.#names, 0, 0);
  }

  /** As `child` or `element`, by step. */
  childByName(parent: number, step: PathStep): number {
    if (parent === overflowPath) return overflowPath;
    if (step === anyElement) return this.element(parent);
    const name = utf8(step);
    return this.#findOrCreate(parent, NodeKind.property, name, 0, name.length);
  }

  /** What the dictionary knows of a path. `need` says whether scalars or also objects and arrays matter. */
  resolve(steps: readonly PathStep[], need: 'scalar' | 'nested' = 'scalar'): ResolvedPath {
    let decision = this.#policy.root;
    let path = rootPath;
    for (const step of steps) {
      decision = decideChild(decision, step);
      if (path < 0) continue;
      if (step === anyElement) path = this.#element[path]! || -1;
      else {
        const name = utf8(step);
        path = this.#find(path, NodeKind.property, name, 0, name.length);
      }
    }
    if (steps.length === 1 && steps[0] === this.#identityField) return { kind: 'identity', path: Math.max(0, path) };
    if (!(need === 'scalar' ? decision.scalar : decision.nested)) return { kind: 'excluded' };
    if (path >= 0) return { kind: 'path', path };
    return this.#overflowed ? { kind: 'overflow' } : { kind: 'absent' };
  }

  /**
   * Every known path that these names reach when any array on the way may be stepped into, as MongoDB reads
   * `a.b`: the paths of a.b, a.[].b, a.b.[] and a.[].b.[].
   */
  resolveThroughArrays(names: readonly string[]): readonly number[] {
    let nodes = [rootPath];
    for (const name of names) {
      const bytes = utf8(name);
      const next: number[] = [];
      for (const node of nodes) {
        const path = this.#find(node, NodeKind.property, bytes, 0, bytes.length);
        if (path < 0) continue;
        next.push(path);
        if (this.#element[path] !== 0) next.push(this.#element[path]!);
      }
      nodes = next;
    }
    return nodes;
  }

  /** The composite index with exactly these parts, if the policy has it. */
  composite(parts: readonly CompositePart[]): Composite | undefined {
    const text = compositeText(parts);
    return this.composites.find((composite) => compositeText(composite.parts) === text);
  }

  /** Steps of a path, for statistics and EXPLAIN. */
  stepsOf(path: number): readonly PathStep[] {
    const steps: PathStep[] = [];
    for (let at = path; at > rootPath; at = this.#parent[at]!) {
      const start = this.#nameStart[at]!;
      steps.push(
        this.#kind[at] === NodeKind.element ? anyElement : textOf(this.#names, start, start + this.#nameLength[at]!),
      );
    }
    return steps.reverse();
  }

  /** The whole dictionary as bytes: format, overflow, then per path parent, kind, name length, name. */
  serialise(): Uint8Array {
    const out = new Uint8Array(8 + (this.#count - firstPath) * 9 + this.#namesLength);
    const view = new DataView(out.buffer);
    out[0] = serialFormat;
    out[1] = this.#overflowed ? 1 : 0;
    view.setUint32(4, this.#count, true);
    let at = 8;
    for (let path = firstPath; path < this.#count; path++) {
      const length = this.#nameLength[path]!;
      view.setInt32(at, this.#parent[path]!, true);
      out[at + 4] = this.#kind[path]!;
      view.setUint32(at + 5, length, true);
      out.set(this.#names.subarray(this.#nameStart[path]!, this.#nameStart[path]! + length), at + 9);
      at += 9 + length;
    }
    return out.subarray(0, at);
  }

  /** Takes in an older dictionary. Called at most once, before anything else was added. */
  load(bytes: Uint8Array): void {
    if (this.#count !== firstPath) throw new Error('a path dictionary is loaded once, first');
    if (bytes[0] !== serialFormat) throw new DatabaseError('Internal', 'unknown format of a path dictionary');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#overflowed = bytes[1] === 1;
    const count = view.getUint32(4, true);
    let at = 8;
    for (let path = firstPath; path < count; path++) {
      const length = view.getUint32(at + 5, true);
      this.#create(view.getInt32(at, true), bytes[at + 4]!, bytes, at + 9, at + 9 + length);
      at += 9 + length;
    }
  }
}

function compositeText(parts: readonly CompositePart[]): string {
  return JSON.stringify(
    parts.map((part) => [part.path.map((step) => (step === anyElement ? 0 : step)), part.descending ? 1 : 0]),
  );
}
