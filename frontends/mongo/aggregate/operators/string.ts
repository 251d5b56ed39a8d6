// Strings joined, cut, compared, trimmed, replaced. Upper and lower case are those of ASCII, as MongoDB has them.
// Source: MongoDB manual, "String Expression Operators".

import { readInt64 } from '../../../../model/bytes.ts';
import { BsonType } from '../../../../model/bson/types.ts';
import { textOfRaw, type Raw } from '../../../../model/bson/walk.ts';
import { compareText } from '../../../../model/order.ts';
import { MongoError } from '../../errors.ts';
import { binary, named, nary, unary, type NamedCodes, type OperatorRow } from '../row.ts';
import {
  arrayRaw,
  checkedStringRaw,
  checkSize,
  int32Raw,
  isNullish,
  isString,
  nullRaw,
  stringRaw,
  typeName,
  type Operand,
} from '../value.ts';
import { plainText } from './convert-text.ts';
import { isoText } from '../date-text.ts';

/** The text of a value where MongoDB takes more than strings; null and missing are the empty one. */
export function coercedText(value: Operand): string {
  if (isNullish(value)) return '';
  switch (value.type) {
    case BsonType.string:
    case BsonType.symbol:
    case BsonType.code:
      return textOfRaw(value);
    case BsonType.date:
      return isoText(Number(readInt64(value.bytes, value.start)));
    default: {
      const text = plainText(value);
      if (text === undefined || value.type === BsonType.boolean || value.type === BsonType.objectId)
        throw new MongoError(16007, `can't convert from BSON type ${typeName(value)} to String`);
      return text;
    }
  }
}

function concatenated(values: readonly Operand[]): Raw {
  let text = '';
  let isNull = false;
  for (const value of values) {
    if (isNullish(value)) isNull = true;
    else if (!isString(value)) throw new MongoError(16702, `$concat only supports strings, not ${typeName(value)}`);
    else if (!isNull) {
      checkSize(text.length + value.end - value.start);
      text += textOfRaw(value);
    }
  }
  return isNull ? nullRaw : stringRaw(text);
}

function asciiCase(text: string, upper: boolean): string {
  return upper
    ? text.replace(/[a-z]+/g, (part) => part.toUpperCase())
    : text.replace(/[A-Z]+/g, (part) => part.toLowerCase());
}

function split(value: Operand, separator: Operand): Raw {
  if (isNullish(value) || isNullish(separator)) return nullRaw;
  if (!isString(value))
    throw new MongoError(
      40085,
      `$split requires an expression that evaluates to a string as a first argument, found: ${typeName(value)}`,
    );
  if (!isString(separator))
    throw new MongoError(
      40086,
      `$split requires an expression that evaluates to a string as a second argument, found: ${typeName(separator)}`,
    );
  const by = textOfRaw(separator);
  if (by === '') throw new MongoError(40087, '$split requires a non-empty separator');
  return arrayRaw(textOfRaw(value).split(by).map(stringRaw));
}

const trimCodes: NamedCodes = { notObject: 50696, unknown: 50694, missing: 50695 };

/** White space that trimming takes when no characters are given. */
const whiteSpace = '\0 \t\n\v\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a';

function trimming(name: string, left: boolean, right: boolean): OperatorRow {
  return named(name, ['input'], ['chars'], trimCodes, ([input, chars], given) => {
    if (isNullish(input)) return nullRaw;
    if (!isString(input))
      throw new MongoError(50699, `${name} requires its input to be a string, got ${typeName(input)}`);
    let drop = whiteSpace;
    if (given[1] === true) {
      if (isNullish(chars)) return nullRaw;
      if (!isString(chars))
        throw new MongoError(50700, `${name} requires 'chars' to be a string, got ${typeName(chars)}`);
      drop = textOfRaw(chars);
    }
    const dropped = new Set(drop);
    const characters = [...textOfRaw(input)];
    let start = 0;
    let end = characters.length;
    if (left) while (start < end && dropped.has(characters[start]!)) start++;
    if (right) while (end > start && dropped.has(characters[end - 1]!)) end--;
    return stringRaw(characters.slice(start, end).join(''));
  });
}

const replaceCodes: NamedCodes = {
  notObject: 51751,
  unknown: 51750,
  missing: { input: 51749, find: 51748, replacement: 51747 },
};

function replacing(name: string, all: boolean): OperatorRow {
  return named(name, ['input', 'find', 'replacement'], [], replaceCodes, (values) => {
    const texts = values.map((value, i) => {
      if (isNullish(value)) return undefined;
      if (!isString(value))
        throw new MongoError(
          51746 - i,
          `${name} requires that '${['input', 'find', 'replacement'][i]!}' be a string, found: ${typeName(value)}`,
        );
      return textOfRaw(value);
    });
    const [input, find, replacement] = texts;
    if (input === undefined || find === undefined || replacement === undefined) return nullRaw;
    if (!all) {
      const at = input.indexOf(find);
      return at < 0 ? values[0] : checkedStringRaw(input.slice(0, at) + replacement + input.slice(at + find.length));
    }
    // An empty text is found before every character and at the end.
    const parts = find === '' ? ['', ...input, ''] : input.split(find);
    let size = input.length + replacement.length * parts.length;
    if (size < 0) size = Infinity;
    checkSize(size);
    return checkedStringRaw(parts.join(replacement));
  });
}

function compareCaseless(left: Operand, right: Operand): Raw {
  return int32Raw(compareText(asciiCase(coercedText(left), true), asciiCase(coercedText(right), true)));
}

/** Bytes of a string as they lie. */
export function bytesOf(value: Raw): Uint8Array {
  return value.bytes.subarray(value.start + 4, value.end - 1);
}

export function characterCount(value: Raw): number {
  let count = 0;
  for (const byte of bytesOf(value)) if ((byte & 0xc0) !== 0x80) count++;
  return count;
}

export const stringOperators: readonly OperatorRow[] = [
  nary('$concat', [0, Infinity], concatenated),
  unary('$toLower', (value) => stringRaw(asciiCase(coercedText(value), false))),
  unary('$toUpper', (value) => stringRaw(asciiCase(coercedText(value), true))),
  binary('$split', split),
  trimming('$trim', true, true),
  trimming('$ltrim', true, false),
  trimming('$rtrim', false, true),
  replacing('$replaceOne', false),
  replacing('$replaceAll', true),
  binary('$strcasecmp', compareCaseless),
  unary('$strLenCP', (value) => {
    if (!isString(value))
      throw new MongoError(34471, `$strLenCP requires a string argument, found: ${typeName(value)}`);
    return int32Raw(characterCount(value));
  }),
  unary('$strLenBytes', (value) => {
    if (!isString(value))
      throw new MongoError(34473, `$strLenBytes requires a string argument, found: ${typeName(value)}`);
    return int32Raw(value.end - value.start - 5);
  }),
];
