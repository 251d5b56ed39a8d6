// Reading a stored path: the hottest closure there is. It walks bytes from field to field and makes a value only of
// what it ends at. A step on a typed value, and a step that a system property answers, leave the fast lane.

import { BsonType } from '../../../model/bson/types.ts';
import { findField, nameOf, Raw } from '../../../model/bson/walk.ts';
import { valueOf, type Value } from '../../../model/value.ts';
import { elementAt, isArray, isObject } from '../elements.ts';
import type { Evaluate, Frame } from '../frame.ts';
import type { Semantics } from '../semantics.ts';
import type { Place } from './scope.ts';

/** One field of a value. */
export function fieldOfValue(semantics: Semantics, value: Value, name: string): Value {
  if (isObject(value)) return valueOf(findField(value.bytes, value.start, nameOf(name)));
  if (value === undefined || isArray(value)) return undefined;
  return semantics.field(value, name);
}

/** One field of a whole item, system properties included. */
export function fieldOfItem(semantics: Semantics, frame: Frame, slot: number, name: string): Value {
  const item = frame.items[slot];
  if (item === undefined) return undefined;
  if (item.system !== undefined && semantics.systemProperties.some((property) => property.name === name)) {
    const value = item.system.field(name);
    if (value !== undefined) return value;
  }
  return valueOf(findField(item.document, 0, nameOf(name)));
}

/** A field or element with a computed name or position. */
export function indexed(semantics: Semantics, value: Value, index: Value): Value {
  if (typeof index === 'string') return fieldOfValue(semantics, value, index);
  if (typeof index !== 'number' || !isArray(value)) return undefined;
  return Number.isInteger(index) && index >= 0 ? elementAt(value, index) : undefined;
}

/** Answer of `PathReader.raw` where bytes alone do not lead to the value: ask `evaluate`. */
export const elsewhere = new Raw(new Uint8Array(0), BsonType.undefined, 0, 0);

/** Two ways to read one path: as a value, and as the bytes it lies in, for whoever can do without a value. */
export interface PathReader {
  readonly evaluate: Evaluate;
  readonly raw: (frame: Frame) => Raw | undefined;
}

/** Follows names through objects; `elsewhere` when a step stands on a typed value. */
function walk(bytes: Uint8Array, start: number, encoded: readonly Uint8Array[]): Raw | undefined {
  let at = findField(bytes, start, encoded[0]!);
  for (let i = 1; i < encoded.length && at !== undefined; i++) {
    if (at.type !== BsonType.object) return at.type === BsonType.array ? undefined : elsewhere;
    at = findField(at.bytes, at.start, encoded[i]!);
  }
  return at;
}

/** The closures for a path of at least one field name from a binding. */
export function compilePath(semantics: Semantics, place: Place, names: readonly string[]): PathReader {
  const { slot, isItem } = place;
  const first = names[0]!;
  const rest = names.slice(1);
  const encoded = names.map(nameOf);

  function slowly(frame: Frame): Value {
    let value = isItem
      ? fieldOfItem(semantics, frame, slot, first)
      : fieldOfValue(semantics, frame.slots[slot], first);
    for (const name of rest) value = fieldOfValue(semantics, value, name);
    return value;
  }

  if (isItem) {
    const isSystem = semantics.systemProperties.some((property) => property.name === first);
    const raw = (frame: Frame): Raw | undefined => {
      const item = frame.items[slot];
      if (item === undefined) return undefined;
      if (isSystem && item.system?.field(first) !== undefined) return elsewhere;
      return walk(item.document, 0, encoded);
    };
    return reader(raw, slowly);
  }
  const raw = (frame: Frame): Raw | undefined => {
    const value = frame.slots[slot];
    if (isObject(value)) return walk(value.bytes, value.start, encoded);
    return value === undefined ? undefined : elsewhere;
  };
  return reader(raw, slowly);
}

function reader(raw: PathReader['raw'], slowly: Evaluate): PathReader {
  return {
    raw,
    evaluate: (frame) => {
      const found = raw(frame);
      return found === elsewhere ? slowly(frame) : valueOf(found);
    },
  };
}
