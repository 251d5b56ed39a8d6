// Element types of BSON (bsonspec.org, version 1.1) and the bounds that every decoder of ours keeps.

export const BsonType = {
  double: 0x01,
  string: 0x02,
  object: 0x03,
  array: 0x04,
  binary: 0x05,
  undefined: 0x06,
  objectId: 0x07,
  boolean: 0x08,
  date: 0x09,
  null: 0x0a,
  regex: 0x0b,
  dbPointer: 0x0c,
  code: 0x0d,
  symbol: 0x0e,
  codeWithScope: 0x0f,
  int32: 0x10,
  timestamp: 0x11,
  int64: 0x12,
  decimal128: 0x13,
  minKey: 0xff,
  maxKey: 0x7f,
} as const;

/** Subtypes of binary that the model gives a meaning. */
export const BinarySubtype = {
  generic: 0x00,
  uuidLegacy: 0x03,
  uuid: 0x04,
  /** Ours (user-defined range): the first byte says what follows, see `model/extended.ts`. */
  extended: 0x80,
} as const;

/** Levels of nesting an item may have. MongoDB allows 180†, Cosmos 128†; one bound keeps an item readable through every door. */
export const depthMax = 128;

/** Bytes of one stored item. Cosmos's limit is 2 MB of JSON; MongoDB's 16 MiB of BSON. Doors check their own, lower one. */
export const itemBytesMax = 16 * 1024 * 1024;

/** Bytes of a value by its type: -1 where the value tells its own length, -2 for types that do not exist. */
export const fixedLength = new Int8Array(256).fill(-2);
for (const [type, length] of [
  [BsonType.double, 8],
  [BsonType.date, 8],
  [BsonType.timestamp, 8],
  [BsonType.int64, 8],
  [BsonType.int32, 4],
  [BsonType.boolean, 1],
  [BsonType.null, 0],
  [BsonType.undefined, 0],
  [BsonType.minKey, 0],
  [BsonType.maxKey, 0],
  [BsonType.objectId, 12],
  [BsonType.decimal128, 16],
  [BsonType.string, -1],
  [BsonType.code, -1],
  [BsonType.symbol, -1],
  [BsonType.object, -1],
  [BsonType.array, -1],
  [BsonType.codeWithScope, -1],
  [BsonType.binary, -1],
  [BsonType.dbPointer, -1],
  [BsonType.regex, -1],
] as const)
  fixedLength[type] = length;
