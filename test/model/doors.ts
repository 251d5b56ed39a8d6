// Five views of an item as a client uses them: read as what goes over the wire, one leaf edited there, written back.

import { bsonOfJson } from '../../model/bson/json-read.ts';
import { jsonOfBson, JsonWriter } from '../../model/bson/json-write.ts';
import { BsonType } from '../../model/bson/types.ts';
import { childOf, ElementCursor, fieldOf, type Raw } from '../../model/bson/walk.ts';
import { BsonWriter } from '../../model/bson/write.ts';
import { utf8 } from '../../model/bytes.ts';
import { isEdmField, writeEdmField } from '../../model/edm-json.ts';
import { entityOfJson } from '../../model/edm-read.ts';
import { mergeEdmBody } from '../../model/edm-view.ts';
import { rawOfGraphson } from '../../model/graphson-read.ts';
import { graphsonOf } from '../../model/graphson-write.ts';
import type { GremlinProperty } from '../../model/gremlin-property.ts';
import { edgeNames, elementOf, mergeElement } from '../../model/gremlin-view.ts';
import { mergeMongoView, mongoViewOf } from '../../model/mongo-view.ts';
import { mergeRow, rowOf, type Cell } from '../../model/relational-view.ts';
import { mergeView, systemNames } from '../../model/view.ts';
import { itemId } from './items.ts';
import { edited, editedText, editJson, type Path } from './leaves.ts';
import type { Random } from './random.ts';

export interface TestDoor {
  readonly name: string;
  /** Whose order fields have after a write. */
  readonly order: 'stored' | 'incoming';
  /** What becomes one string when the client edits this leaf; undefined where the door does not show it. */
  readonly unitOf: (stored: Uint8Array, leaf: Path) => Path | undefined;
  /** Reads, sets the unit to `editedText` where one is given, writes back. */
  readonly trip: (stored: Uint8Array, unit: Path | undefined, random: Random) => Uint8Array;
}

const json: TestDoor = {
  name: 'SQL',
  order: 'stored',
  unitOf: (_stored, leaf) => (leaf[0] === 'id' || systemNames.includes(leaf[0]!) ? undefined : leaf),
  trip: (stored, unit) => {
    const shown = JSON.parse(jsonOfBson(stored, { id: itemId, skip: systemNames }).toString()) as unknown;
    if (unit !== undefined) editJson(shown, unit);
    return mergeView(stored, bsonOfJson(utf8(JSON.stringify(shown))), { id: itemId });
  },
};

const mongo: TestDoor = {
  name: 'Mongo',
  order: 'incoming',
  unitOf: (_stored, leaf) => (leaf[0] === 'id' || leaf[0] === '_id' ? undefined : leaf),
  trip: (stored, unit) => {
    const shown = mongoViewOf(stored, itemId);
    return mergeMongoView(stored, itemId, unit === undefined ? shown : edited(shown, unit));
  },
};

const edm: TestDoor = {
  name: 'Edm',
  order: 'stored',
  unitOf: (stored, leaf) => {
    const name = leaf[0]!;
    const type = fieldOf(stored, name)!.type;
    const isNull = type === BsonType.null || type === BsonType.undefined;
    return isNull || name.includes('@') || name.startsWith('odata.') ? undefined : [name];
  },
  trip: (stored, unit, random) => {
    const writer = new JsonWriter().text('{"odata.etag":""');
    const cursor = new ElementCursor(stored);
    while (cursor.next()) {
      if (!isEdmField(cursor)) continue;
      writer.text(',');
      if (cursor.name() === unit?.[0]) writer.string(cursor.name()).text(':').string(editedText);
      else writeEdmField(writer, cursor, true);
    }
    let text = writer.text('}').finishText();
    // As a client in JavaScript does, which holds 1.0 as 1.
    if (random.chance(50)) text = JSON.stringify(JSON.parse(text));
    const { body, bare } = entityOfJson(text);
    return mergeEdmBody(stored, body, { bare });
  },
};

function isEdge(stored: Uint8Array): boolean {
  const mark = fieldOf(stored, '_isEdge');
  return mark?.type === BsonType.boolean && mark.bytes[mark.start] === 1;
}

/** A value as a client gets it and sends it back, edited at the path within it. */
function tripOfValue(value: Raw, path: Path | undefined): Raw {
  if (path?.length === 0) return rawOfGraphson(JSON.stringify(editedText));
  const back = rawOfGraphson(graphsonOf(value));
  if (path === undefined) return back;
  const document = new BsonWriter().beginDocument().raw('v', back).end().finish();
  return fieldOf(edited(document, ['v', ...path]), 'v')!;
}

/** Whether the field is shown as several values, told here in the test's own way. */
function isArrayOfValues(raw: Raw): boolean {
  if (raw.type !== BsonType.array || raw.end - raw.start === 5) return false;
  const elements = new ElementCursor(raw.bytes, raw.start);
  while (elements.next()) {
    if (elements.type !== BsonType.object) return false;
    const names: string[] = [];
    const fields = new ElementCursor(raw.bytes, elements.valueStart);
    while (fields.next()) names.push(fields.name());
    const meta = childOf(elements.raw(), '_meta');
    const isForm = names.length === new Set(names).size && names.includes('id') && names.includes('_value');
    if (!isForm || names.length !== (meta === undefined ? 2 : 3)) return false;
    if (meta !== undefined && meta.type !== BsonType.object) return false;
  }
  return true;
}

const gremlin: TestDoor = {
  name: 'Gremlin',
  order: 'stored',
  unitOf: (stored, leaf) => {
    const name = leaf[0]!;
    const edge = isEdge(stored);
    if (name === 'id' || name === 'label' || systemNames.includes(name)) return undefined;
    if (edge) return edgeNames.includes(name) ? undefined : leaf;
    if (!isArrayOfValues(fieldOf(stored, name)!)) return leaf;
    // Of an array: values and meta-properties, not ids, and not an empty `_meta`.
    return leaf[2] === '_value' || (leaf[2] === '_meta' && leaf.length > 3) ? leaf : undefined;
  },
  trip: (stored, unit) => {
    const options = { id: itemId, flatNames: ['pk'] };
    const element = elementOf(stored, options);
    const positions = new Map<string, number>();
    const properties = element.properties.map((property): GremlinProperty => {
      const { key, id, value, meta } = property;
      const position = positions.get(key) ?? 0;
      positions.set(key, position + 1);
      const isArray = element.kind === 'vertex' && isArrayOfValues(fieldOf(stored, key)!);
      // The path of the edit below this property's own place.
      let below: Path | undefined;
      if (unit?.[0] === key) {
        if (!isArray) below = ['_value', ...unit.slice(1)];
        else if (unit[1] === String(position)) below = unit.slice(2);
      }
      return {
        key,
        id: id === undefined ? undefined : rawOfGraphson(graphsonOf(id)),
        value: tripOfValue(value, below?.[0] === '_value' ? below.slice(1) : undefined),
        meta: meta.map((one) => ({
          key: one.key,
          value: tripOfValue(one.value, below?.[0] === '_meta' && below[1] === one.key ? below.slice(2) : undefined),
        })),
      };
    });
    return mergeElement(stored, { ...element, properties }, options);
  },
};

const relational: TestDoor = {
  name: 'relational',
  order: 'stored',
  unitOf: (_stored, leaf) => leaf,
  trip: (stored, unit, random) => {
    const cells = rowOf(stored).map((cell): Cell => {
      if (cell.name !== unit?.[0]) return cell;
      if (unit.length === 1) return { name: cell.name, type: 'text', value: editedText };
      const parsed = { value: JSON.parse(cell.value!) as unknown };
      editJson(parsed, ['value', ...unit.slice(1)]);
      return { ...cell, value: JSON.stringify(parsed.value) };
    });
    // An UPDATE names the changed column only, or all.
    return mergeRow(stored, random.chance(30) ? cells.filter(({ name }) => name === unit?.[0]) : cells);
  },
};

export const testDoors: readonly TestDoor[] = [json, mongo, edm, gremlin, relational];
