// Where a page ended, as headers tell it and queries bring it back: one text for each half of a key,
//
//   1!<length of the rest>!<base64 of the UTF-8>
//
// the form that the service's own have, so that a key of any characters, also an empty one, can stand in a header.
// Source: "Query timeout and pagination" (Azure Storage REST reference).

import { refusal } from './errors.ts';

export function encodePlace(text: string): string {
  const base64 = Buffer.from(text).toString('base64');
  return `1!${base64.length}!${base64}`;
}

const shape = /^1!(\d{1,5})!([A-Za-z0-9+/_-]*={0,2})$/;

/** Undefined when it was not sent. Throws InvalidQueryParameterValue for what is none of ours. */
export function decodePlace(query: ReadonlyMap<string, string>, name: string): string | undefined {
  const text = query.get(name);
  if (text === undefined || text === '') return undefined;
  // A plus that nobody encoded has become a blank.
  const match = shape.exec(text.replaceAll(' ', '+'));
  if (match === null || match[2]!.length !== Number(match[1])) throw refusal('InvalidQueryParameterValue', name);
  return Buffer.from(match[2]!, 'base64').toString('utf8');
}
