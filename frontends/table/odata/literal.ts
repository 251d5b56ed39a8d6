// Literals of `$filter` as values of the types that an entity has: what the token or tokens of one spell, and its
// stored form. Source: OData v3 ABNF, "primitive literals"; Edm types of "Understanding the Table service data model".
//
// A whole number without suffix is an Int32 and nothing else: one that does not fit is an error, as at the service.

import { bytesOfUuid } from '../../../model/bson/extended-json.ts';
import { BinarySubtype, BsonType } from '../../../model/bson/types.ts';
import { Raw } from '../../../model/bson/walk.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { bytesOfHex } from '../../../model/bytes.ts';
import type { EdmType } from '../../../model/edm-view.ts';
import { DatabaseError } from '../../../model/errors.ts';
import { rawBinary } from '../../../model/extended.ts';
import { parseInstant, rawOfInstant, utcInstant, type Instant } from '../../../model/instant.ts';

export interface Literal {
  readonly type: EdmType;
  /** As an entity stores it. */
  readonly raw: Raw;
  /** Of a DateTime. */
  readonly instant?: Instant | undefined;
}

/** The stored form of one value that `append` writes. */
function rawOf(type: number, capacity: number, append: (writer: BsonWriter) => BsonWriter): Raw {
  const bytes = append(new BsonWriter(capacity).beginDocument()).end().finish();
  return new Raw(bytes, type, 6, bytes.length - 1);
}

/** Length, type, empty name and end of a document around the bytes of one value. */
const frameBytes = 24;

export function stringLiteral(value: string): Literal {
  const raw = rawOf(BsonType.string, frameBytes + value.length * 3, (writer) => writer.string('', value));
  return { type: 'Edm.String', raw };
}

const [falseLiteral, trueLiteral] = [false, true].map((value): Literal => {
  return { type: 'Edm.Boolean', raw: rawOf(BsonType.boolean, frameBytes, (writer) => writer.boolean('', value)) };
});

export function booleanLiteral(value: boolean): Literal {
  return value ? trueLiteral! : falseLiteral!;
}

export function doubleLiteral(value: number): Literal {
  return { type: 'Edm.Double', raw: rawOf(BsonType.double, frameBytes, (writer) => writer.double('', value)) };
}

function int32Literal(value: number): Literal {
  return { type: 'Edm.Int32', raw: rawOf(BsonType.int32, frameBytes, (writer) => writer.int32('', value)) };
}

function int64Literal(value: bigint): Literal {
  return { type: 'Edm.Int64', raw: rawOf(BsonType.int64, frameBytes, (writer) => writer.int64('', value)) };
}

const numberForm = /^(?:(\d+)([Ll]?)|((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([DdFf]?))$/;

/** Digits of an Int64 that are read: more are never one. */
const int64DigitsMax = 32;

/** The number that a token spells, with the sign before it; the type that it fails to be, or undefined for none. */
export function numberLiteral(text: string, isNegative: boolean): Literal | EdmType | undefined {
  const match = numberForm.exec(text);
  if (match === null) return undefined;
  const [, whole, long, real, suffix] = match;
  const sign = isNegative ? -1 : 1;
  if (real !== undefined) {
    const value = suffix === 'f' || suffix === 'F' ? Math.fround(Number(real)) : Number(real);
    return Number.isFinite(value) ? doubleLiteral(sign * value) : 'Edm.Double';
  }
  if (long === '') {
    const value = sign * Number(whole);
    return value === (value | 0) ? int32Literal(value | 0) : 'Edm.Int32';
  }
  if (whole!.length > int64DigitsMax) return 'Edm.Int64';
  const value = BigInt(sign) * BigInt(whole!);
  return BigInt.asIntN(64, value) === value ? int64Literal(value) : 'Edm.Int64';
}

/** Doubles that clients write as words: OData's own, JavaScript's and .NET's, and, after an operator, Python's. */
export function doubleOfWord(word: string, isOperand: boolean): number | undefined {
  switch (word) {
    case 'NaN':
      return NaN;
    case 'INF':
    case 'Infinity':
      return Infinity;
    case 'nan':
      return isOperand ? NaN : undefined;
    case 'inf':
      return isOperand ? Infinity : undefined;
    default:
      return undefined;
  }
}

const typeOfPrefix: ReadonlyMap<string, EdmType> = new Map<string, EdmType>([
  ['datetime', 'Edm.DateTime'],
  ['guid', 'Edm.Guid'],
  ['binary', 'Edm.Binary'],
  ['x', 'Edm.Binary'],
]);

/** The type that a word gives to the string right behind it. */
export function typeBefore(word: string): EdmType | undefined {
  return word.length <= 8 ? typeOfPrefix.get(word.toLowerCase()) : undefined;
}

/** The value of a quoted text after a type's prefix; undefined when the text is none. */
export function quotedLiteral(type: EdmType, text: string): Literal | undefined {
  switch (type) {
    case 'Edm.Guid': {
      const bytes = bytesOfUuid(text.toLowerCase());
      return bytes && { type, raw: rawBinary(BinarySubtype.uuid, bytes) };
    }
    case 'Edm.Binary': {
      if (text.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(text)) return undefined;
      return { type, raw: rawBinary(BinarySubtype.generic, bytesOfHex(text)) };
    }
    case 'Edm.DateTime': {
      const instant = instantOfText(text);
      return instant && { type, raw: rawOfInstant(instant), instant };
    }
    default:
      return undefined;
  }
}

/** A time of 100 ns: finer digits, which some clients write and no entity has, are cut. */
function instantOfText(text: string): Instant | undefined {
  try {
    const instant = parseInstant(text);
    return utcInstant({ ...instant, nanos: instant.nanos - (instant.nanos % 100) });
  } catch (error) {
    if (error instanceof DatabaseError) return undefined;
    throw error;
  }
}
