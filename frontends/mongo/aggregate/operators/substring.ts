// Parts and positions in strings, counted in bytes of UTF-8 or in characters.
// Source: MongoDB manual, "$substrBytes", "$substrCP", "$indexOfBytes", "$indexOfCP".

import { textOfRaw, type Raw } from '../../../../model/bson/walk.ts';
import { numberOf } from '../../bson-input.ts';
import { MongoError } from '../../errors.ts';
import { int32Of } from '../number.ts';
import { nary, type OperatorRow } from '../row.ts';
import {
  int32Raw,
  isNullish,
  isNumeric,
  isString,
  nullRaw,
  stringBytesRaw,
  stringRaw,
  typeName,
  type Operand,
} from '../value.ts';
import { searchPosition } from './array.ts';
import { bytesOf, coercedText } from './string.ts';
import { utf8 } from '../../../../model/bytes.ts';

function startsInside(bytes: Uint8Array, at: number): boolean {
  return at < bytes.length && (bytes[at]! & 0xc0) === 0x80;
}

function substringOfBytes([value, start, length]: readonly Operand[]): Raw {
  const bytes = utf8(coercedText(value));
  if (!isNumeric(start))
    throw new MongoError(
      16034,
      `$substrBytes:  starting index must be a numeric type (is BSON type ${typeName(start)})`,
    );
  if (!isNumeric(length))
    throw new MongoError(16035, `$substrBytes:  length must be a numeric type (is BSON type ${typeName(length)})`);
  const from = Math.trunc(numberOf(start));
  if (from < 0) throw new MongoError(50752, '$substrBytes:  starting index must be non-negative');
  const count = Math.trunc(numberOf(length));
  const end = count < 0 ? bytes.length : Math.min(bytes.length, from + count);
  if (startsInside(bytes, from))
    throw new MongoError(28656, '$substrBytes:  Invalid range, starting index is a UTF-8 continuation byte.');
  if (startsInside(bytes, end))
    throw new MongoError(28657, '$substrBytes:  Invalid range, ending index is in the middle of a UTF-8 character.');
  return from >= end ? stringRaw('') : stringBytesRaw(bytes.subarray(from, end));
}

function substringOfCharacters([value, start, length]: readonly Operand[]): Raw {
  const text = coercedText(value);
  const from = characterPart('starting index', 34450, start);
  const count = characterPart('length', 34452, length);
  if (count < 0) throw new MongoError(34454, '$substrCP: length must be a nonnegative integer.');
  if (from < 0) throw new MongoError(34455, '$substrCP: the starting index must be nonnegative integer.');
  return stringRaw([...text].slice(from, from + count).join(''));
}

function characterPart(which: string, code: number, value: Operand): number {
  if (!isNumeric(value))
    throw new MongoError(code, `$substrCP: ${which} must be a numeric type (is BSON type ${typeName(value)})`);
  const number = int32Of(value);
  if (number === undefined)
    throw new MongoError(code + 1, `$substrCP: ${which} cannot be represented as a 32-bit integral value`);
  return number;
}

function searching(
  name: string,
  code: number,
  find: (text: Raw, part: Raw, from: number, to: number) => number,
): OperatorRow {
  return nary(name, [2, 4], ([text, part, from, to]) => {
    if (isNullish(text)) return nullRaw;
    if (!isString(text))
      throw new MongoError(code, `${name} requires a string as the first argument, found: ${typeName(text)}`);
    if (!isString(part))
      throw new MongoError(code + 1, `${name} requires a string as the second argument, found: ${typeName(part)}`);
    const start = from === undefined ? 0 : searchPosition(name, 'starting', from);
    const end = to === undefined ? Infinity : searchPosition(name, 'ending', to);
    return int32Raw(start > end ? -1 : find(text, part, start, end));
  });
}

function indexOfBytes(text: Raw, part: Raw, from: number, to: number): number {
  const all = bytesOf(text);
  const end = Math.min(to, all.length);
  if (from > end) return -1;
  const at = Buffer.from(all.buffer, all.byteOffset, end).indexOf(bytesOf(part), from);
  return at;
}

function indexOfCharacters(text: Raw, part: Raw, from: number, to: number): number {
  const characters = [...textOfRaw(text)];
  const end = Math.min(to, characters.length);
  if (from > end) return -1;
  const found = characters.slice(from, end).join('').indexOf(textOfRaw(part));
  if (found < 0) return -1;
  // UTF-16 units before the place, as characters.
  let units = 0;
  let at = from;
  while (units < found) units += characters[at++]!.length;
  return at;
}

export const substringOperators: readonly OperatorRow[] = [
  nary('$substr', [3, 3], substringOfBytes),
  nary('$substrBytes', [3, 3], substringOfBytes),
  nary('$substrCP', [3, 3], substringOfCharacters),
  searching('$indexOfBytes', 40091, indexOfBytes),
  searching('$indexOfCP', 40093, indexOfCharacters),
];
