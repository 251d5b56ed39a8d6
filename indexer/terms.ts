// From an item's bytes to its terms, in one walk without recursion and without an allocation per term: existence
// of every path, every scalar, the kind of every object, the length of every array, composites. What is left out
// the policy decides, node by node (`paths.ts`).
//
// Invariants: of duplicate names in one object the first counts, as in every look-up (data-model.md "Views");
// elements of an array share one path; the item must have been validated (depth is bounded there).

import { DatabaseError } from '../model/errors.ts';
import { readInt32 } from '../model/bytes.ts';
import { BsonType, depthMax } from '../model/bson/types.ts';
import { elementCount, valueLength } from '../model/bson/walk.ts';
import { writeCompositeKey } from './composite-key.ts';
import { keyBytes } from './key-scratch.ts';
import { overflowPath, PathFlag, rootPath, type PathDictionary } from './paths.ts';
import { writeArrayKey, writeKey } from './term-key.ts';

/** Takes the terms of one item. The key is in the scratch, bytes [0, length). The same term may come twice. */
export interface TermSink {
  term(path: number, length: number): void;
  exists(path: number): void;
}

/** Where the value of a component lies. */
export interface ElementRange {
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

const levelsMax = depthMax + 2;

export class TermWalker {
  readonly #ends = new Int32Array(levelsMax);
  readonly #paths = new Int32Array(levelsMax);
  readonly #befores = new Int32Array(levelsMax);
  readonly #elements = new Int32Array(levelsMax);
  readonly #counts = new Int32Array(levelsMax);
  readonly #objects = new Float64Array(levelsMax);
  /** Number of the object in which a path was last seen: a second time in the same object is a duplicate name. */
  #seen = new Float64Array(64);
  #object = 0;
  #components: (ElementRange | undefined)[] = [];

  /** Gives all terms of the item to the sink, in document order, composites last. */
  walk(item: Uint8Array, paths: PathDictionary, sink: TermSink): void {
    if (paths.composites.length > 0) this.#components = new Array<ElementRange | undefined>(paths.componentSlots.size);
    let level = 0;
    let path = rootPath;
    let end = item.length - 1;
    let at = 4;
    let before = 0;
    /** Path of elements while inside an array, else 0. */
    let element = 0;
    let count = 0;
    let object = ++this.#object;
    for (;;) {
      if (at >= end) {
        if (element !== 0 && (paths.flags[path]! & PathFlag.nested) !== 0)
          sink.term(path, writeArrayKey(keyBytes, 0, count));
        if (level === 0) break;
        at = end + 1;
        level--;
        end = this.#ends[level]!;
        path = this.#paths[level]!;
        before = this.#befores[level]!;
        element = this.#elements[level]!;
        count = this.#counts[level]!;
        object = this.#objects[level]!;
        continue;
      }
      const type = item[at]!;
      const nameStart = at + 1;
      let nameEnd = nameStart;
      while (item[nameEnd] !== 0) nameEnd++;
      const start = nameEnd + 1;
      const valueEnd = start + (type === BsonType.string ? 4 + readInt32(item, start) : valueLength(item, type, start));
      at = valueEnd;
      let child: number;
      if (element !== 0) {
        child = element;
        count++;
      } else {
        child = paths.child(path, before, item, nameStart, nameEnd);
        if (child === overflowPath) {
          sink.exists(overflowPath);
          continue;
        }
        before = child;
        if (child >= this.#seen.length) this.#growSeen(child);
        if (this.#seen[child] === object) continue;
        this.#seen[child] = object;
      }
      const flags = paths.flags[child]!;
      if ((flags & PathFlag.component) !== 0)
        this.#components[paths.componentSlots.get(child)!] = { type, start, end: valueEnd };
      if (type === BsonType.object || type === BsonType.array) {
        if ((flags & PathFlag.nested) !== 0) {
          if (element === 0) sink.exists(child);
          if (type === BsonType.object) sink.term(child, writeKey(keyBytes, 0, type, item, start, valueEnd));
        }
        if ((flags & PathFlag.descend) === 0) continue;
        if (level + 1 >= levelsMax) throw new DatabaseError('TooDeep', `nesting exceeds ${depthMax} levels`);
        let inner = 0;
        if (type === BsonType.array) {
          inner = paths.element(child);
          if (inner === overflowPath) {
            sink.exists(overflowPath);
            if ((flags & PathFlag.nested) !== 0)
              sink.term(child, writeArrayKey(keyBytes, 0, elementCount(item, start)));
            continue;
          }
        }
        this.#ends[level] = end;
        this.#paths[level] = path;
        this.#befores[level] = before;
        this.#elements[level] = element;
        this.#counts[level] = count;
        this.#objects[level] = object;
        level++;
        at = start + 4;
        end = valueEnd - 1;
        path = child;
        before = 0;
        element = inner;
        count = 0;
        object = ++this.#object;
        continue;
      }
      if ((flags & PathFlag.scalar) === 0) {
        if ((flags & PathFlag.identity) !== 0) sink.exists(child);
        continue;
      }
      if (element === 0) sink.exists(child);
      // The identity term stands for the id field's string.
      if ((flags & PathFlag.identity) !== 0 && type === BsonType.string) continue;
      sink.term(child, writeKey(keyBytes, 0, type, item, start, valueEnd));
    }
    for (const { path: composite, parts, slots } of paths.composites) {
      const values = slots.map((slot) => this.#components[slot]);
      sink.term(
        composite,
        writeCompositeKey(
          item,
          values,
          parts.map((part) => part.descending),
        ),
      );
    }
  }

  #growSeen(path: number): void {
    const grown = new Float64Array(Math.max(this.#seen.length * 2, path + 1));
    grown.set(this.#seen);
    this.#seen = grown;
  }
}
