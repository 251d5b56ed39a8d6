// One look at foreign BSON before anything else trusts it: lengths, terminators, types, UTF-8, depth.
// Without recursion, so that depth costs memory of ours, never the stack. Errors carry the byte's offset.

import { DatabaseError } from '../errors.ts';
import { readInt32, utf8FaultAt } from '../bytes.ts';
import { BsonType, depthMax, fixedLength } from './types.ts';

function bad(message: string, offset: number): DatabaseError {
  return new DatabaseError('BadRequest', `invalid BSON: ${message}`, { offset });
}

function checkText(bytes: Uint8Array, at: number, limit: number, what: string): number {
  if (at + 5 > limit) throw bad(`${what} is cut`, at);
  const length = readInt32(bytes, at);
  const end = at + 4 + length;
  if (length < 1 || end > limit) throw bad(`${what} has a wrong length`, at);
  if (bytes[end - 1] !== 0) throw bad(`${what} has no terminator`, end - 1);
  const fault = utf8FaultAt(bytes, at + 4, end - 1);
  if (fault >= 0) throw bad(`${what} is not UTF-8`, fault);
  return end;
}

function checkCString(bytes: Uint8Array, at: number, limit: number, what: string): number {
  let end = at;
  let ascii = true;
  while (end < limit && bytes[end] !== 0) {
    if (bytes[end]! >= 0x80) ascii = false;
    end++;
  }
  if (end >= limit) throw bad(`${what} has no terminator`, at);
  if (!ascii) {
    const fault = utf8FaultAt(bytes, at, end);
    if (fault >= 0) throw bad(`${what} is not UTF-8`, fault);
  }
  return end + 1;
}

/**
 * Checks the document that fills [start, end) of `bytes`.
 * Throws BadRequest (offset given) for malformed bytes and TooDeep beyond `levelsMax` nested documents.
 */
export function validateBson(bytes: Uint8Array, start = 0, end = bytes.length, levelsMax = depthMax): void {
  if (end - start < 5) throw bad('a document has at least 5 bytes', start);
  if (readInt32(bytes, start) !== end - start) throw bad('the document length differs from the bytes given', start);
  if (bytes[end - 1] !== 0) throw bad('the document has no terminator', end - 1);
  const ends: number[] = [];
  let limit = end - 1;
  let at = start + 4;
  for (;;) {
    if (at === limit) {
      const outer = ends.pop();
      if (outer === undefined) return;
      at = limit + 1;
      limit = outer;
      continue;
    }
    const type = bytes[at]!;
    const fixed = fixedLength[type]!;
    if (fixed === -2) throw bad(`unknown element type 0x${type.toString(16)}`, at);
    const valueStart = checkCString(bytes, at + 1, limit, 'a field name');
    let valueEnd: number;
    if (fixed >= 0) {
      valueEnd = valueStart + fixed;
      if (valueEnd > limit) throw bad('a value is cut', valueStart);
      if (type === BsonType.boolean && bytes[valueStart]! > 1) throw bad('a boolean is neither 0 nor 1', valueStart);
    } else {
      switch (type) {
        case BsonType.string:
        case BsonType.code:
        case BsonType.symbol:
          valueEnd = checkText(bytes, valueStart, limit, 'a string');
          break;
        case BsonType.binary: {
          if (valueStart + 5 > limit) throw bad('a binary value is cut', valueStart);
          const length = readInt32(bytes, valueStart);
          valueEnd = valueStart + 5 + length;
          if (length < 0 || valueEnd > limit) throw bad('a binary value has a wrong length', valueStart);
          if (bytes[valueStart + 4] === 0x02 && (length < 4 || readInt32(bytes, valueStart + 5) !== length - 4))
            throw bad('an old-style binary value has a wrong inner length', valueStart);
          break;
        }
        case BsonType.dbPointer:
          valueEnd = checkText(bytes, valueStart, limit, 'a DBPointer') + 12;
          if (valueEnd > limit) throw bad('a DBPointer is cut', valueStart);
          break;
        case BsonType.regex:
          valueEnd = checkCString(
            bytes,
            checkCString(bytes, valueStart, limit, 'a regular expression'),
            limit,
            'regular expression options',
          );
          break;
        default: {
          // object, array, code with scope: descend.
          if (valueStart + 5 > limit) throw bad('a nested document is cut', valueStart);
          const length = readInt32(bytes, valueStart);
          valueEnd = valueStart + length;
          if (length < 5 || valueEnd > limit) throw bad('a nested document has a wrong length', valueStart);
          let inner = valueStart;
          if (type === BsonType.codeWithScope) {
            if (length < 14) throw bad('code with scope is cut', valueStart);
            inner = checkText(bytes, valueStart + 4, valueEnd, 'code');
            if (inner + 5 > valueEnd || readInt32(bytes, inner) !== valueEnd - inner)
              throw bad('the scope of code has a wrong length', inner);
          }
          if (bytes[valueEnd - 1] !== 0) throw bad('a nested document has no terminator', valueEnd - 1);
          if (ends.length + 1 >= levelsMax)
            throw new DatabaseError('TooDeep', `nesting exceeds ${levelsMax} levels`, { offset: valueStart });
          ends.push(limit);
          limit = valueEnd - 1;
          at = inner + 4;
          continue;
        }
      }
    }
    at = valueEnd;
  }
}
