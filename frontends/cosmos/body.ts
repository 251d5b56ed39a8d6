// The JSON of a request's body, as text or in Cosmos's binary form: the first byte tells which, as in the service.

import { bsonOfJson, valueOfJson, type JsonReadOptions } from '../../model/bson/json-read.ts';
import { bsonOfBinary, isBinaryJson, rawOfBinary } from '../../model/cosmos-binary/read.ts';
import { valueOf, type Value } from '../../model/value.ts';

export function documentOfBody(body: Uint8Array, options: Pick<JsonReadOptions, 'uniqueNames'> = {}): Uint8Array {
  return isBinaryJson(body) ? bsonOfBinary(body, options) : bsonOfJson(body, options);
}

export function valueOfBody(body: Uint8Array): Value {
  return isBinaryJson(body) ? valueOf(rawOfBinary(body)) : valueOfJson(body);
}
