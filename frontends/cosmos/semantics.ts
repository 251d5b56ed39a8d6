// What values mean to Cosmos SQL (the documents' pages on equality and comparison, and the public test engine of the
// .NET SDK). `=` has an answer for any two defined values, false across types; `<` and its like only within null,
// boolean, number or string. Typed values of other doors are the objects of data-model.md "SQL view": every finite
// number type is a number, all else what Extended JSON shows. Objects are equal whatever the order of their fields.

import { compareBytes } from '../../model/bytes.ts';
import { sqlViewOf } from '../../model/bson/sql-view.ts';
import { BsonType } from '../../model/bson/types.ts';
import { ElementCursor, findField, nameOf, Raw } from '../../model/bson/walk.ts';
import { decimal128Text, decodeDecimal } from '../../model/decimal.ts';
import { canonicalText, compareNumbers, numericOf, type Numeric } from '../../model/number.ts';
import { compareText, compareValues, cosmosRank } from '../../model/order.ts';
import { objectValue, valueOf, type Value } from '../../model/value.ts';
import type { Semantics, ValueKind } from '../../core/query/semantics.ts';

function kindOf(value: Value): ValueKind {
  switch (typeof value) {
    case 'undefined':
      return 'undefined';
    case 'boolean':
      return 'boolean';
    case 'string':
      return 'string';
    case 'bigint':
      return 'number';
    case 'number':
      return Number.isFinite(value) ? 'number' : 'object';
    default:
      if (value === null) return 'null';
      if (value.type === BsonType.array) return 'array';
      if (value.type !== BsonType.decimal128) return 'object';
      return decodeDecimal(value.bytes, value.start).kind === 'finite' ? 'number' : 'object';
  }
}

function numberOf(value: Value): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'bigint') return Number(value);
  if (!(value instanceof Raw) || kindOf(value) !== 'number') return undefined;
  return Number(decimal128Text(value.bytes, value.start));
}

/** A value of kind number, exactly. */
function numeric(value: Value): Numeric {
  return value instanceof Raw ? numericOf(value) : (value as number | bigint);
}

function isSameBytes(left: Raw, right: Raw): boolean {
  return (
    left.type === right.type &&
    compareBytes(left.bytes, left.start, left.end, right.bytes, right.start, right.end) === 0
  );
}

function equal(left: Value, right: Value): boolean | undefined {
  if (left === undefined || right === undefined) return undefined;
  const kind = kindOf(left);
  if (kind !== kindOf(right)) return false;
  if (kind === 'number') {
    if (typeof left === 'number' && typeof right === 'number') return left === right;
    return compareNumbers(numeric(left), numeric(right)) === 0;
  }
  if (kind !== 'array' && kind !== 'object') return left === right;
  if (left instanceof Raw && right instanceof Raw && isSameBytes(left, right)) return true;
  return keyOf(left) === keyOf(right);
}

function compare(left: Value, right: Value): number | undefined {
  if (typeof left === 'string') return typeof right === 'string' ? compareText(left, right) : undefined;
  const kind = kindOf(left);
  if (kind !== kindOf(right)) return undefined;
  if (kind === 'number') return compareNumbers(numeric(left), numeric(right));
  if (kind === 'boolean') return Number(left) - Number(right);
  return kind === 'null' ? 0 : undefined;
}

/** Integers of this magnitude and above can be an int64 too, which prints all its digits. */
const exactDigitsFrom = 2 ** 53;
const int64Above = 2 ** 63;

function numberKey(value: Value): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') {
    const magnitude = Math.abs(value);
    if (magnitude >= exactDigitsFrom && magnitude <= int64Above) return String(BigInt(value));
    return value === 0 ? '0' : String(value);
  }
  const exact = numeric(value);
  const nearest = numberOf(value)!;
  if (Number.isFinite(nearest) && compareNumbers(exact, nearest) === 0) return numberKey(nearest);
  // Exact text of a decimal that no double equals; the mark keeps it apart from a double's shortest text.
  return `=${canonicalText(exact)}`;
}

/** A text per value; inside arrays and objects strings are quoted, so that texts cannot run into each other. */
function keyOf(value: Value): string {
  return typeof value === 'string' ? `s${value}` : nestedKey(value);
}

function nestedKey(value: Value): string {
  switch (kindOf(value)) {
    case 'undefined':
      return 'u';
    case 'null':
      return 'n';
    case 'boolean':
      return value === true ? 't' : 'f';
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return numberKey(value);
    case 'array': {
      const parts: string[] = [];
      const cursor = new ElementCursor((value as Raw).bytes, (value as Raw).start);
      while (cursor.next()) parts.push(nestedKey(valueOf(cursor.raw())));
      return `[${parts.join(',')}]`;
    }
    case 'object': {
      const shown = view(value) as Raw;
      const parts: string[] = [];
      const cursor = new ElementCursor(shown.bytes, shown.start);
      while (cursor.next()) parts.push(`${JSON.stringify(cursor.name())}:${nestedKey(valueOf(cursor.raw()))}`);
      return `{${parts.sort().join(',')}}`;
    }
  }
}

function view(value: Value): Value {
  if (value instanceof Raw) return valueOf(sqlViewOf(value));
  if (typeof value === 'number' && !Number.isFinite(value)) return objectValue([['$numberDouble', String(value)]]);
  return value;
}

function field(value: Value, name: string): Value {
  const shown = view(value);
  if (!(shown instanceof Raw) || shown.type !== BsonType.object) return undefined;
  return valueOf(findField(shown.bytes, shown.start, nameOf(name)));
}

export const cosmosSemantics: Semantics = {
  name: 'cosmos',
  terms: 'sql',
  kindOf,
  numberOf,
  equal,
  compare,
  order: (left, right) => compareValues(left, right, cosmosRank),
  key: keyOf,
  field,
  view,
  systemProperties: [
    { name: 'id', place: 'first', index: 'identity' },
    { name: '_rid', place: 'last' },
    { name: '_self', place: 'last' },
    { name: '_etag', place: 'last' },
    { name: '_attachments', place: 'last' },
    { name: '_ts', place: 'last', index: 'time' },
  ],
};
