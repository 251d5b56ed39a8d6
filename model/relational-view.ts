// How the relational door sees an item: a flat row, one typed column a field (data-model.md "Views"; type names and
// text forms of PostgreSQL, "Data Types"). Without a declaration each value has its natural type:
//
//   text, boolean, integer, bigint, double precision, bytea, uuid   BSON's string, boolean, int32, int64, double,
//                                                                   binary 0 and 4
//   numeric      Decimal128, or a BigDecimal where that has too few digits
//   timestamp    the stored forms of `instant.ts`; UTC
//   jsonb        everything else, as the SQL view shows it: objects, arrays, ObjectId as {"$oid": …}
//   NULL         null, and no field at all
//
// A declared column shows what its type can say of the stored value, for instance the double 5, born as JSON, as the
// integer 5; else reading it is an error. A write is a diff: a cell that says what is stored keeps its bytes; within
// jsonb only changed paths change (`view.ts`). Columns that are not named are left alone, as UPDATE does.

import { bigDecimalText, rawOfBigDecimalText } from './big-decimal.ts';
import { bytesOfUuid } from './bson/extended-json.ts';
import { jsonOfValue } from './bson/json-write.ts';
import { rawOfJson } from './bson/json-read.ts';
import { BinarySubtype, BsonType } from './bson/types.ts';
import { ElementCursor, Raw, rawDocument, textOfRaw } from './bson/walk.ts';
import { BsonWriter } from './bson/write.ts';
import { bytesOfHex, hexOf, isWellFormed, readFloat64 } from './bytes.ts';
import { decimalText } from './decimal.ts';
import { badRequest } from './errors.ts';
import { extendedOf, isBinary, numberOfExtended, rawBinary } from './extended.ts';
import { uuidText } from './identity.ts';
import { instantOf, instantText, parseInstant, rawOfInstant, utcInstant } from './instant.ts';
import { FieldList, mergeValue } from './merge.ts';
import { isNumberType, numericOf, type Numeric } from './number.ts';
import { jsonView } from './view.ts';

export type ColumnType =
  'text' | 'integer' | 'bigint' | 'double precision' | 'numeric' | 'boolean' | 'timestamp' | 'bytea' | 'uuid' | 'jsonb';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

export interface Cell extends Column {
  /** PostgreSQL's text form; null is NULL. */
  readonly value: string | null;
}

/** The number that a stored value is, whichever door wrote it. */
function numberOf(raw: Raw): Numeric | undefined {
  if (isNumberType(raw.type)) return numericOf(raw);
  const extended = extendedOf(raw);
  return extended === undefined ? undefined : numberOfExtended(extended);
}

function naturalType(raw: Raw): ColumnType {
  switch (raw.type) {
    case BsonType.string:
      return 'text';
    case BsonType.boolean:
      return 'boolean';
    case BsonType.int32:
      return 'integer';
    case BsonType.int64:
      return 'bigint';
    case BsonType.double:
      return 'double precision';
    case BsonType.decimal128:
      return 'numeric';
    case BsonType.binary: {
      if (isBinary(raw, BinarySubtype.generic)) return 'bytea';
      if (isBinary(raw, BinarySubtype.uuid)) return 'uuid';
      const kind = extendedOf(raw)?.kind;
      if (kind === 'byte' || kind === 'short') return 'integer';
      if (kind === 'float') return 'double precision';
      if (kind === 'bigInteger' || kind === 'bigDecimal') return 'numeric';
      break;
    }
  }
  const instant = instantOf(raw);
  return instant !== undefined && instant.nanos % 100 === 0 ? 'timestamp' : 'jsonb';
}

function integerText(number: Numeric, bits: number): string | undefined {
  if (typeof number === 'number' && !Number.isInteger(number)) return undefined;
  // A Decimal128 with a point or an exponent is no integer to look at, even where its value is one.
  if (typeof number === 'object' && (number.kind !== 'finite' || number.exponent !== 0)) return undefined;
  const value =
    typeof number === 'object' ? (number.negative ? -number.coefficient : number.coefficient) : BigInt(number);
  return BigInt.asIntN(bits, value) === value ? value.toString() : undefined;
}

function doubleColumnText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function numericText(number: Numeric): string | undefined {
  if (typeof number === 'object') return decimalText(number);
  if (typeof number === 'bigint') return number.toString();
  if (!Number.isFinite(number)) return String(number);
  return numericOfText(doubleColumnText(number));
}

/** One spelling of a numeric: 1e3 and 1E+3 are one, 1.0 and 1.00 are not. */
function numericOfText(text: string): string {
  const raw = rawOfNumeric(text);
  const extended = extendedOf(raw);
  return extended?.kind === 'bigDecimal'
    ? bigDecimalText(extended.unscaled, extended.scale)
    : numericText(numericOf(raw))!;
}

function rawOfNumeric(text: string): Raw {
  if (!/^(NaN|[+-]?Infinity)$/i.test(text)) return rawOfBigDecimalText(text);
  const bytes = new Uint8Array(16);
  bytes[15] = /nan/i.test(text) ? 0x7c : text[0] === '-' ? 0xf8 : 0x78;
  return new Raw(bytes, BsonType.decimal128, 0, 16);
}

/** What a column of that type shows of a stored value; undefined when the type cannot say it. Nulls are the caller's. */
function textAs(raw: Raw, type: ColumnType): string | undefined {
  const number = numberOf(raw);
  switch (type) {
    case 'text':
      return raw.type === BsonType.string ? textOfRaw(raw) : jsonOfValue(raw);
    case 'jsonb':
      return jsonOfValue(raw);
    case 'boolean':
      return raw.type === BsonType.boolean ? (raw.bytes[raw.start] === 1 ? 'true' : 'false') : undefined;
    case 'integer':
      return number === undefined ? undefined : integerText(number, 32);
    case 'bigint':
      return number === undefined ? undefined : integerText(number, 64);
    case 'double precision':
      if (raw.type === BsonType.double) return doubleColumnText(readFloat64(raw.bytes, raw.start));
      return typeof number === 'number' ? doubleColumnText(number) : undefined;
    case 'numeric':
      return number === undefined ? undefined : numericText(number);
    case 'timestamp': {
      const instant = instantOf(raw);
      return instant !== undefined && instant.nanos % 100 === 0 ? instantText(utcInstant(instant)) : undefined;
    }
    case 'bytea':
      return isBinary(raw, BinarySubtype.generic) ? `\\x${hexOf(raw.bytes, raw.start + 5, raw.end)}` : undefined;
    case 'uuid':
      return isBinary(raw, BinarySubtype.uuid) ? uuidText(raw.bytes, raw.start + 5) : undefined;
  }
}

/** What a cell is stored as where nothing equal is. Throws BadRequest when the text is not of the type. */
export function rawOfCell(type: ColumnType, text: string): Raw {
  const writer = new BsonWriter(text.length + 32).beginDocument();
  const wrong = (): Error => badRequest(`the value of a column is not of the type ${type}`);
  switch (type) {
    case 'text':
      if (!isWellFormed(text)) throw wrong();
      writer.string('', text);
      break;
    case 'jsonb':
      return rawOfJson(text);
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw wrong();
      writer.boolean('', text === 'true');
      break;
    case 'integer':
    case 'bigint': {
      const bits = type === 'integer' ? 32 : 64;
      const value = /^[+-]?\d{1,19}$/.test(text) ? BigInt(text.replace('+', '')) : undefined;
      if (value === undefined || BigInt.asIntN(bits, value) !== value) throw wrong();
      if (type === 'integer') writer.int32('', Number(value));
      else writer.int64('', value);
      break;
    }
    case 'double precision': {
      const isNumber = /^(NaN|[+-]?Infinity|[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,5})?)$/.test(text);
      if (!isNumber || (/\d/.test(text) && !Number.isFinite(Number(text)))) throw wrong();
      writer.double('', Number(text));
      break;
    }
    case 'numeric':
      return rawOfNumeric(text);
    case 'timestamp':
      return rawOfInstant(utcInstant(parseInstant(text)));
    case 'bytea':
      if (!/^\\x(?:[0-9a-f]{2})*$/i.test(text)) throw wrong();
      return rawBinary(BinarySubtype.generic, bytesOfHex(text.slice(2)));
    case 'uuid': {
      const bytes = bytesOfUuid(text.toLowerCase());
      if (bytes === undefined) throw wrong();
      return rawBinary(BinarySubtype.uuid, bytes);
    }
  }
  const bytes = writer.end().finish();
  return new Raw(bytes, bytes[4]!, 6, bytes.length - 1);
}

function isNull(raw: Raw | undefined): boolean {
  return raw === undefined || raw.type === BsonType.null || raw.type === BsonType.undefined;
}

/**
 * The row of an item: its fields in their natural types, or the declared columns. Throws BadRequest when a declared
 * type cannot say the stored value.
 */
export function rowOf(body: Uint8Array, columns?: readonly Column[]): Cell[] {
  const fields = new Map<string, Raw>();
  const cursor = new ElementCursor(body);
  while (cursor.next()) {
    const name = cursor.name();
    if (!fields.has(name)) fields.set(name, cursor.raw());
  }
  const shown = columns ?? [...fields].map(([name, raw]): Column => ({ name, type: naturalType(raw) }));
  return shown.map(({ name, type }) => {
    const raw = fields.get(name);
    if (raw === undefined || isNull(raw)) return { name, type, value: null };
    const value = textAs(raw, type);
    if (value === undefined) throw badRequest(`a stored value cannot be shown as ${type}`);
    return { name, type, value };
  });
}

function appendMerged(writer: BsonWriter, name: Uint8Array, stored: Raw, cell: Cell): void {
  if (cell.value === null) {
    if (isNull(stored)) writer.raw(name, stored);
    else writer.null(name);
    return;
  }
  const incoming = rawOfCell(cell.type, cell.value);
  if (isNull(stored)) writer.raw(name, incoming);
  else if (cell.type === 'jsonb') mergeValue(writer, name, stored, incoming, jsonView);
  else writer.raw(name, textAs(stored, cell.type) === textAs(incoming, cell.type) ? stored : incoming);
}

/** The body to store when these cells are written to an item, or to an empty document. Other fields stay. */
export function mergeRow(stored: Uint8Array, cells: readonly Cell[]): Uint8Array {
  const given = new Map<string, Cell>();
  for (const cell of cells) {
    if (given.has(cell.name)) throw badRequest('a column is given twice');
    given.set(cell.name, cell);
  }
  const writer = new BsonWriter(stored.length).beginDocument();
  const before = new FieldList(rawDocument(stored));
  for (const field of before.fields) {
    const name = before.nameAt(field);
    const cell = given.get(name);
    given.delete(name);
    if (cell === undefined) before.copy(writer, field);
    else appendMerged(writer, before.bytes.subarray(field.nameStart, field.nameEnd), field.raw, cell);
  }
  for (const { name, type, value } of given.values()) if (value !== null) writer.raw(name, rawOfCell(type, value));
  return writer.end().finish();
}
