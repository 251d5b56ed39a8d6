// $arrayToObject and $objectToArray. Source: MongoDB manual, pages of that name.

import { BsonType } from '../../../../model/bson/types.ts';
import { ElementCursor, textOfRaw, type Raw } from '../../../../model/bson/walk.ts';
import { fieldsOf } from '../../bson-input.ts';
import { MongoError } from '../../errors.ts';
import { unary, type OperatorRow } from '../row.ts';
import {
  arrayRaw,
  elements,
  isArray,
  isNullish,
  isObject,
  nullRaw,
  objectOfMap,
  objectRaw,
  stringRaw,
  typeName,
  type Operand,
} from '../value.ts';

function toObject(array: Operand): Raw {
  if (isNullish(array)) return nullRaw;
  if (!isArray(array)) throw new MongoError(40386, `$arrayToObject requires an array input, found: ${typeName(array)}`);
  const pairs = elements(array);
  const fields = new Map<string, Raw>();
  const first = pairs[0];
  if (first === undefined) return objectOfMap(fields);
  if (first.type !== BsonType.array && first.type !== BsonType.object)
    throw new MongoError(40398, `Unrecognised input type format for $arrayToObject: ${typeName(first)}`);
  for (const pair of pairs) {
    const [name, value] = first.type === BsonType.array ? listPair(pair) : namedPair(pair);
    if (name.includes('\0')) throw new MongoError(4940400, 'Key field cannot contain an embedded null byte');
    // Of equal names the last one wins and stands where the first did.
    fields.set(name, value);
  }
  return objectOfMap(fields);
}

function listPair(pair: Raw): readonly [string, Raw] {
  if (pair.type !== BsonType.array)
    throw new MongoError(
      40396,
      `$arrayToObject requires a consistent input format. Elements must all be arrays or all be objects. Array was detected, now found: ${typeName(pair)}`,
    );
  const parts = elements(pair);
  if (parts.length !== 2)
    throw new MongoError(
      40397,
      `$arrayToObject requires an array of size 2 arrays,found array of size: ${parts.length}`,
    );
  if (parts[0]!.type !== BsonType.string)
    throw new MongoError(
      40395,
      `$arrayToObject requires an array of key-value pairs, where the key must be of type string. Found key type: ${typeName(parts[0])}`,
    );
  return [textOfRaw(parts[0]!), parts[1]!];
}

function namedPair(pair: Raw): readonly [string, Raw] {
  if (pair.type !== BsonType.object)
    throw new MongoError(
      40391,
      `$arrayToObject requires a consistent input format. Elements must all be arrays or all be objects. Object was detected, now found: ${typeName(pair)}`,
    );
  const fields = fieldsOf(pair);
  if (fields.length !== 2)
    throw new MongoError(
      40392,
      `$arrayToObject requires an object keys of 'k' and 'v'. Found incorrect number of keys:${fields.length}`,
    );
  const key = fields.find(({ name }) => name === 'k')?.value;
  const value = fields.find(({ name }) => name === 'v')?.value;
  if (key === undefined || value === undefined)
    throw new MongoError(40393, "$arrayToObject requires an object with keys 'k' and 'v'. Missing either or both keys");
  if (key.type !== BsonType.string)
    throw new MongoError(
      40394,
      `$arrayToObject requires an object with keys 'k' and 'v', where the value of 'k' must be of type string. Found type: ${typeName(key)}`,
    );
  return [textOfRaw(key), value];
}

function toArray(object: Operand): Raw {
  if (isNullish(object)) return nullRaw;
  if (!isObject(object))
    throw new MongoError(40390, `$objectToArray requires a document input, found: ${typeName(object)}`);
  const cursor = new ElementCursor(object.bytes, object.start);
  const pairs: Raw[] = [];
  while (cursor.next()) pairs.push(objectRaw(['k', 'v'], [stringRaw(cursor.name()), cursor.raw()]));
  return arrayRaw(pairs);
}

export const arrayObjectOperators: readonly OperatorRow[] = [
  unary('$arrayToObject', toObject),
  unary('$objectToArray', toArray),
];
