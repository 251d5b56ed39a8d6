// Leaves of items, for the law of views: every value that holds no other, by path, as bytes; and one of them edited.

import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { hexOf, utf8 } from '../../model/bytes.ts';

export type Path = readonly string[];

export interface Leaf {
  readonly path: Path;
  readonly bytes: string;
}

/** Every value that holds no other, empty containers too, in stored order. */
export function leavesOf(bytes: Uint8Array, start = 0, path: Path = []): Leaf[] {
  const found: Leaf[] = [];
  const cursor = new ElementCursor(bytes, start);
  while (cursor.next()) {
    const { type, valueStart, valueEnd } = cursor;
    const here = [...path, cursor.name()];
    const isContainer = type === BsonType.object || type === BsonType.array;
    if (isContainer && valueEnd - valueStart > 5) found.push(...leavesOf(bytes, valueStart, here));
    else found.push({ path: here, bytes: `${type}:${hexOf(bytes, valueStart, valueEnd)}` });
  }
  return found;
}

export const editedText = 'edited leaf';
export const editedBytes = `2:0c000000${hexOf(utf8(editedText))}00`;

/** A copy in which the leaf at `path` is a string. */
export function edited(bytes: Uint8Array, path: Path): Uint8Array {
  const writer = new BsonWriter().beginDocument();
  copyEdited(writer, bytes, 0, path);
  return writer.end().finish();
}

function copyEdited(writer: BsonWriter, bytes: Uint8Array, start: number, path: Path): void {
  const cursor = new ElementCursor(bytes, start);
  while (cursor.next()) {
    const name = cursor.name();
    if (name !== path[0]) writer.raw(name, cursor.raw());
    else if (path.length === 1) writer.string(name, editedText);
    else {
      if (cursor.type === BsonType.object) writer.beginObject(name);
      else writer.beginArray(name);
      copyEdited(writer, bytes, cursor.valueStart, path.slice(1));
      writer.end();
    }
  }
}

/** Sets the leaf at `path` of parsed JSON. */
export function editJson(value: unknown, path: Path): void {
  const parent = path.slice(0, -1).reduce((inner, name) => (inner as Record<string, unknown>)[name], value);
  Object.defineProperty(parent, path.at(-1)!, {
    value: editedText,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

export function withEdit(leaves: readonly Leaf[], path: Path): Leaf[] {
  return leaves.map((leaf) => (leaf.path === path ? { path, bytes: editedBytes } : leaf));
}

/** The leaves once everything at and below `unit` is the edited string, at the place of the first of them. */
export function withUnit(leaves: readonly Leaf[], unit: Path | undefined): Leaf[] {
  if (unit === undefined) return [...leaves];
  const isBelow = (leaf: Leaf): boolean => unit.every((name, i) => leaf.path[i] === name);
  const first = leaves.findIndex(isBelow);
  return leaves.flatMap((leaf, i) =>
    !isBelow(leaf) ? [leaf] : i === first ? [{ path: unit, bytes: editedBytes }] : [],
  );
}

/** Leaves without their order. */
export function byPath(leaves: readonly Leaf[]): ReadonlyMap<string, string> {
  return new Map(leaves.map((leaf) => [JSON.stringify(leaf.path), leaf.bytes]));
}
