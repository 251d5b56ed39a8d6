// Where rows come from: the items of a container in a stable order, one at a time, as stored bytes.
// Positions grow in scan order and survive a restart; an item's new version has a new, higher position.

import { BsonWriter } from '../../model/bson/write.ts';
import { ElementCursor, nameOf, Raw } from '../../model/bson/walk.ts';
import { BsonType } from '../../model/bson/types.ts';
import { writeValue, type Value } from '../../model/value.ts';
import type { IndexedPartition } from './indexed-rows.ts';
import type { SystemProperty } from './semantics.ts';

/** An item as the scan meets it. */
export interface ScannedItem {
  readonly position: number;
  readonly document: Uint8Array;
  /** Properties that the body does not hold, by the names in the semantics' list; undefined leaves it to the body. */
  readonly system?: { field(name: string): Value } | undefined;
}

export interface ScanOptions {
  /** Only items whose position is above (with `reverse`: below) this one. */
  readonly after?: number | undefined;
  readonly reverse?: boolean | undefined;
}

export interface RowSource {
  scan(options: ScanOptions): Iterable<ScannedItem>;
  /** The same items by index, partitions in the order of positions; absent where nothing is indexed. */
  readonly indexed?: readonly IndexedPartition[] | undefined;
}

/** The item whole, body and system properties, as one object value. Copies the body: doors splice results themselves. */
export function materialise(item: ScannedItem, properties: readonly SystemProperty[]): Raw {
  const { document, system } = item;
  const shown = system === undefined ? [] : properties.filter((property) => system.field(property.name) !== undefined);
  if (system === undefined || shown.length === 0) return new Raw(document, BsonType.object, 0, document.length);
  const hidden = shown.map((property) => nameOf(property.name));
  const writer = new BsonWriter(document.length + 256).beginDocument();
  for (const { name, place } of shown) if (place === 'first') writeValue(writer, name, system.field(name));
  const cursor = new ElementCursor(document);
  while (cursor.next()) {
    if (hidden.some((name) => cursor.nameIs(name))) continue;
    const name = document.subarray(cursor.nameStart, cursor.nameEnd);
    writer.copy(name, cursor.type, document, cursor.valueStart, cursor.valueEnd);
  }
  for (const { name, place } of shown) if (place === 'last') writeValue(writer, name, system.field(name));
  const bytes = writer.end().finish();
  return new Raw(bytes, BsonType.object, 0, bytes.length);
}
