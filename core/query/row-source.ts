// Where rows come from: the items of a container in a stable order, one at a time, as stored bytes.
// Positions grow in scan order and survive a restart; an item's new version has a new, higher position.

import { BsonWriter } from '../../model/bson/write.ts';
import { ElementCursor, Raw, fieldOf, nameOf } from '../../model/bson/walk.ts';
import { BsonType } from '../../model/bson/types.ts';
import { writeValue, type Value } from '../../model/value.ts';
import type { SystemProperty } from './semantics.ts';

/** An item as the scan meets it. */
export interface ScannedItem {
  readonly position: number;
  readonly document: Uint8Array;
  /** Properties that the body does not hold; asked only for names in the semantics' list. */
  readonly system?: { field(name: string): Value } | undefined;
}

export interface ScanOptions {
  /** Only items whose position is above (with `reverse`: below) this one. */
  readonly after?: number | undefined;
  readonly reverse?: boolean | undefined;
}

export interface RowSource {
  scan(options: ScanOptions): Iterable<ScannedItem>;
}

/** The item whole, body and system properties, as one object value. Copies the body: doors splice results themselves. */
export function materialise(item: ScannedItem, properties: readonly SystemProperty[]): Raw {
  const system = item.system;
  if (system === undefined || properties.length === 0) {
    return new Raw(item.document, BsonType.object, 0, item.document.length);
  }
  const writer = new BsonWriter(item.document.length + 256).beginDocument();
  for (const property of properties) {
    if (!property.hides && fieldOf(item.document, property.name) === undefined) {
      writeValue(writer, property.name, system.field(property.name));
    }
  }
  const hidden = properties.filter((property) => property.hides).map((property) => nameOf(property.name));
  const cursor = new ElementCursor(item.document);
  while (cursor.next()) {
    if (hidden.some((name) => cursor.nameIs(name))) continue;
    const name = cursor.bytes.subarray(cursor.nameStart, cursor.nameEnd);
    writer.copy(name, cursor.type, cursor.bytes, cursor.valueStart, cursor.valueEnd);
  }
  for (const property of properties) {
    if (property.hides) writeValue(writer, property.name, system.field(property.name));
  }
  const bytes = writer.end().finish();
  return new Raw(bytes, BsonType.object, 0, bytes.length);
}
