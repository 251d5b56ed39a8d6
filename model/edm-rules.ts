// What a table can hold, whichever door a body comes through: the entities that Azure Tables can name and show whole
// ("Understanding the Table service data model"). Every other door's write into a table passes here, so none of them
// stores what the Table door would have to hide or to show as something else; limits that are only the Table
// service's own, of sizes and of letters in keys, are that door's (`frontends/table/limits.ts`).
//
//   PartitionKey, RowKey   are there, and strings
//   names of properties    not empty, without `@`, not beginning with `odata.`, not `Timestamp`, each once
//   values                 of the eight types in the one form that `edm-view.ts` gives them; null says "no property"
//   count                  252 properties beside the three of the system
//
// What is stored already and comes back as it was passes: a rule never keeps the rest of an item from being written.

import { compareBytes, readInt32, readUint32BE, textOf } from './bytes.ts';
import { BinarySubtype, BsonType } from './bson/types.ts';
import { ElementCursor, findField, nameOf, type Raw } from './bson/walk.ts';
import { badRequest } from './errors.ts';
import { isBinary, ticksKind, ticksMax } from './extended.ts';
import { instantOf, tickFormBytes } from './instant.ts';

/** Properties of one entity, beside PartitionKey, RowKey and Timestamp. */
export const edmPropertiesMax = 252;

/** Characters of a property's name that an error repeats. */
const toldNameMax = 64;

/** Ticks of a millisecond: an instant that milliseconds tell is stored as a date. */
const ticksPerMillisecond = 10_000;

const partitionKeyName = nameOf('PartitionKey');
const rowKeyName = nameOf('RowKey');
const timestampName = nameOf('Timestamp');
const annotationPrefix = nameOf('odata.');
const atSign = 0x40;

/** Whether a stored value is one of the eight types of Edm, and shows as nothing else. */
export function isEdmValue(raw: Raw): boolean {
  switch (raw.type) {
    case BsonType.string:
    case BsonType.boolean:
    case BsonType.int32:
    case BsonType.int64:
    case BsonType.double:
      return true;
    case BsonType.date:
      return instantOf(raw) !== undefined;
    case BsonType.binary: {
      if (isBinary(raw, BinarySubtype.generic)) return true;
      if (isBinary(raw, BinarySubtype.uuid)) return readInt32(raw.bytes, raw.start) === 16;
      return isFineTicks(raw);
    }
    default:
      return false;
  }
}

const ticksHighMax = Number(ticksMax >> 32n);
const ticksLowMax = Number(ticksMax & 0xffff_ffffn);
/** What 2^32 ticks leave of a millisecond. */
const highRemainder = 2 ** 32 % ticksPerMillisecond;

/** Whether a binary is an instant that milliseconds do not tell: its ticks are more than a double holds, so by halves. */
function isFineTicks({ bytes, start, end }: Raw): boolean {
  if (bytes[start + 4] !== BinarySubtype.extended || bytes[start + 5] !== ticksKind) return false;
  if (end - start !== tickFormBytes) return false;
  const high = readUint32BE(bytes, start + 6);
  const low = readUint32BE(bytes, start + 10);
  if (high > ticksHighMax || (high === ticksHighMax && low > ticksLowMax)) return false;
  return ((high % ticksPerMillisecond) * highRemainder + low) % ticksPerMillisecond !== 0;
}

// The names of the entity at hand, by their hash: kept between calls, so that a check allocates nothing.
const nameStarts = new Int32Array(edmPropertiesMax);
const nameEnds = new Int32Array(edmPropertiesMax);
/** The name met before that has the same hash, or -1; `lastOfHash` has the last of each. */
const sameHash = new Int16Array(edmPropertiesMax);
const lastOfHash = new Int16Array(512);
const hashMask = lastOfHash.length - 1;

/** Hash of the last name that `nameFault` looked at. */
let nameHash = 0;

/** Throws BadRequest for a body that is no entity, and says which property is at fault. `stored`: what it replaces. */
export function checkEntity(body: Uint8Array, stored: Uint8Array | undefined): void {
  const cursor = new ElementCursor(body);
  let keys = 0;
  let count = 0;
  lastOfHash.fill(-1);
  while (cursor.next()) {
    if (cursor.nameIs(partitionKeyName) || cursor.nameIs(rowKeyName)) {
      if (cursor.type !== BsonType.string) throw refused(cursor, 'must be a string');
      keys++;
      continue;
    }
    const fault = nameFault(cursor) ?? valueFault(cursor);
    if (fault !== undefined && !isStored(cursor, stored)) throw refused(cursor, fault);
    if (cursor.type === BsonType.null) continue;
    if (count < edmPropertiesMax) {
      if (isGiven(cursor)) throw refused(cursor, 'is given twice');
      nameStarts[count] = cursor.nameStart;
      nameEnds[count] = cursor.nameEnd;
      sameHash[count] = lastOfHash[nameHash]!;
      lastOfHash[nameHash] = count;
    }
    count++;
  }
  if (keys !== 2) throw badRequest('an entity has one PartitionKey and one RowKey', 'PartitionKey');
  if (count > edmPropertiesMax && (stored === undefined || count > propertyCount(stored)))
    throw badRequest(`an entity has at most ${edmPropertiesMax} properties beside its keys`, 'body');
}

function nameFault(cursor: ElementCursor): string | undefined {
  nameHash = 0;
  const { bytes, nameStart, nameEnd } = cursor;
  if (nameStart === nameEnd) return 'has no name';
  if (cursor.nameIs(timestampName)) return 'is the time of the last write, which no client sets';
  let prefix = 0;
  let hash = 0;
  for (let at = nameStart; at < nameEnd; at++) {
    const byte = bytes[at]!;
    if (byte === atSign) return "has an '@' in its name";
    if (prefix === at - nameStart && byte === annotationPrefix[prefix]) prefix++;
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  nameHash = (hash ^ (hash >>> 15)) & hashMask;
  return prefix === annotationPrefix.length ? "has a name that begins with 'odata.'" : undefined;
}

function valueFault(cursor: ElementCursor): string | undefined {
  switch (cursor.type) {
    case BsonType.null:
    case BsonType.string:
    case BsonType.boolean:
    case BsonType.int32:
    case BsonType.int64:
    case BsonType.double:
      return undefined;
    default:
      return isEdmValue(cursor.raw()) ? undefined : 'holds a value of a type that no entity of a table can hold';
  }
}

/** Whether the name at the cursor was met before. */
function isGiven({ bytes, nameStart, nameEnd }: ElementCursor): boolean {
  for (let i = lastOfHash[nameHash]!; i >= 0; i = sameHash[i]!)
    if (compareBytes(bytes, nameStarts[i]!, nameEnds[i]!, bytes, nameStart, nameEnd) === 0) return true;
  return false;
}

function isStored(cursor: ElementCursor, stored: Uint8Array | undefined): boolean {
  if (stored === undefined) return false;
  const before = findField(stored, 0, cursor.bytes.subarray(cursor.nameStart, cursor.nameEnd));
  if (before === undefined || before.type !== cursor.type) return false;
  return compareBytes(stored, before.start, before.end, cursor.bytes, cursor.valueStart, cursor.valueEnd) === 0;
}

function propertyCount(body: Uint8Array): number {
  const cursor = new ElementCursor(body);
  let count = 0;
  while (cursor.next())
    if (cursor.type !== BsonType.null && !cursor.nameIs(partitionKeyName) && !cursor.nameIs(rowKeyName)) count++;
  return count;
}

function refused({ bytes, nameStart, nameEnd }: ElementCursor, fault: string): Error {
  const name = textOf(bytes, nameStart, nameEnd);
  const told = name.length > toldNameMax ? `${name.slice(0, toldNameMax)}…` : name;
  return badRequest(`the property '${told}' ${fault}`, told);
}
