// What the service refuses of an entity: names, sizes and number of its properties, and the form of its keys. Looked
// at on the stored body, without decoding what is short enough, unless what the reader saw of it tells enough. Sources:
// "Understanding the Table service data model", "Table service error codes" (Azure Storage).

import { BinarySubtype, BsonType } from '../../model/bson/types.ts';
import { ElementCursor, nameOf } from '../../model/bson/walk.ts';
import { readInt64, textOf } from '../../model/bytes.ts';
import type { EdmEntity } from '../../model/edm-read.ts';
import { instantOf } from '../../model/instant.ts';
import { refusal } from './errors.ts';
import { limitsOf, type Limits } from './limits.ts';
import type { EntityKey, Flavour } from './request.ts';

// Bytes that the service counts ("Entity size" in the data model): for the entity, a property, and their values.
const entityOverheadBytes = 4;
const propertyOverheadBytes = 8;
const bytesByType: ReadonlyMap<number, number> = new Map([
  [BsonType.boolean, 1],
  [BsonType.int32, 4],
  [BsonType.int64, 8],
  [BsonType.double, 8],
  [BsonType.date, 8],
]);

const partitionKeyName = nameOf('PartitionKey');
const rowKeyName = nameOf('RowKey');

/** Names that most clients use are told by their bytes; others by the rule of C#'s identifiers. */
const plainName = new Uint8Array(256);
for (let byte = 0; byte < 128; byte++) plainName[byte] = /\w/.test(String.fromCharCode(byte)) ? 1 : 0;
const identifierForm = /^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}\p{Cf}]*$/u;

const cursor = new ElementCursor(new Uint8Array([5, 0, 0, 0, 0]));

/** Bytes of a body in which no value and not the whole can be too large: units of UTF-16 are two bytes at the most. */
const shortBodyMax = 16 * 1024;

/** Throws what the service says about a body, keys included, that was made of a request. */
export function checkEntity({ body, outline }: Pick<EdmEntity, 'body' | 'outline'>, flavour: Flavour): void {
  const limits = limitsOf(flavour);
  if (outline !== undefined && body.length <= shortBodyMax) {
    // Its names are plain and short.
    if (outline.properties <= limits.propertiesMax && outline.earliestSeconds >= limits.timeSecondsMin) return;
  }
  let properties = 0;
  let size = entityOverheadBytes;
  cursor.reset(body, 0);
  while (cursor.next()) {
    const { type, valueStart, valueEnd } = cursor;
    if (cursor.nameIs(partitionKeyName) || cursor.nameIs(rowKeyName)) {
      size += 2 * (valueEnd - valueStart - 5);
      continue;
    }
    properties++;
    size += propertyOverheadBytes + 2 * checkName(limits) + (bytesByType.get(type) ?? checkValue(limits));
    if (type === BsonType.date) checkTime(limits);
  }
  if (properties > limits.propertiesMax) throw refusal('TooManyProperties', 'body');
  if (size > limits.entityBytesMax) throw refusal('EntityTooLarge', 'body');
}

/** The same for what a merge made of an item: its names and values were looked at before, or are another door's. */
export function checkMerged(body: Uint8Array, flavour: Flavour): void {
  const limits = limitsOf(flavour);
  let properties = -2;
  cursor.reset(body, 0);
  while (cursor.next()) properties++;
  if (properties > limits.propertiesMax) throw refusal('TooManyProperties', 'body');
  // UTF-8 and BSON are hardly longer than what the service counts: near the limit the whole count decides.
  if (body.length > limits.entityBytesMax / 2 && sizeOf(body) > limits.entityBytesMax)
    throw refusal('EntityTooLarge', 'body');
}

function sizeOf(body: Uint8Array): number {
  let size = entityOverheadBytes;
  cursor.reset(body, 0);
  while (cursor.next()) {
    const { type, nameStart, nameEnd, valueStart, valueEnd } = cursor;
    const isText = type === BsonType.string;
    const value = isText ? 2 * unitsOf(valueStart + 4, valueEnd - 1) + 4 : valueEnd - valueStart;
    size += propertyOverheadBytes + 2 * (nameEnd - nameStart) + value;
  }
  return size;
}

/** UTF-16 units of the UTF-8 in [start, end) of the cursor's bytes. */
function unitsOf(start: number, end: number): number {
  const { bytes } = cursor;
  let units = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte < 0x80 || byte >= 0xc0) units += byte >= 0xf0 ? 2 : 1;
  }
  return units;
}

/** Gives the units of the name. */
function checkName({ nameUnitsMax }: Limits): number {
  const { bytes, nameStart, nameEnd } = cursor;
  let isPlain = nameEnd > nameStart && (bytes[nameStart]! < 0x30 || bytes[nameStart]! > 0x39);
  for (let i = nameStart; isPlain && i < nameEnd; i++) isPlain = plainName[bytes[i]!] === 1;
  const units = isPlain ? nameEnd - nameStart : unitsOf(nameStart, nameEnd);
  if (units > nameUnitsMax) throw refusal('PropertyNameTooLong', 'body');
  if (!isPlain && !identifierForm.test(textOf(bytes, nameStart, nameEnd))) throw refusal('PropertyNameInvalid', 'body');
  return units;
}

/** Of strings and binaries, and of times in the forms that are stored as such. Gives the bytes that count. */
function checkValue(limits: Limits): number {
  const { bytes, type, valueStart, valueEnd } = cursor;
  if (type === BsonType.string) {
    const length = valueEnd - valueStart - 5;
    const textBytes = 2 * (length > 64 ? unitsOf(valueStart + 4, valueEnd - 1) : length);
    if (textBytes > limits.valueBytesMax) throw refusal('PropertyValueTooLarge', 'body');
    return textBytes + 4;
  }
  const subtype = bytes[valueStart + 4];
  if (subtype === BinarySubtype.uuid) return 16;
  if (subtype !== BinarySubtype.generic) {
    checkTime(limits);
    return 8;
  }
  const length = valueEnd - valueStart - 5;
  if (length > limits.valueBytesMax) throw refusal('PropertyValueTooLarge', 'body');
  return length + 4;
}

function checkTime({ timeSecondsMin }: Limits): void {
  const { bytes, type, valueStart } = cursor;
  const seconds =
    type === BsonType.date ? Number(readInt64(bytes, valueStart)) / 1000 : instantOf(cursor.raw())?.seconds;
  if (seconds !== undefined && seconds < timeSecondsMin) throw refusal('OutOfRangeInput', 'body');
}

const keyForbidden = /[/\\#?\u0000-\u001f\u007f-\u009f]/;

/** Throws what is wrong with the keys of an entity that shall be there. */
export function checkNewKey(key: EntityKey, flavour: Flavour): void {
  const { keyUnitsMax, isEmptyKeyAllowed } = limitsOf(flavour);
  const { partitionKey, rowKey } = key;
  if (!isEmptyKeyAllowed && (partitionKey === '' || rowKey === ''))
    throw refusal('InvalidInput', 'keys', 'PartitionKey/RowKey cannot be empty.');
  if (partitionKey.length > keyUnitsMax || rowKey.length > keyUnitsMax) throw refusal('KeyValueTooLarge', 'keys');
  if (keyForbidden.test(partitionKey)) throw refusal('OutOfRangeInput', 'PartitionKey');
  if (keyForbidden.test(rowKey)) throw refusal('OutOfRangeInput', 'RowKey');
}
