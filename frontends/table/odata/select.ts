// `$select`: the properties that a client wants of each entity. Source: "Query timeout and pagination" and "Writing
// LINQ queries against the Table service" (Azure Storage REST reference), OData v3 URL conventions, section 5.
//
// Names are those of the request, each once and in its order. A name that an entity lacks is answered with null, so
// that their number is bounded: each costs bytes in every entity of a page.

import { refusal } from '../errors.ts';

/** As many as an entity has properties, with the three of the system. */
export const selectedNamesMax = 255;

/** The names of a `$select`; undefined when all properties are wanted: absent, blank, or `*` among the names. */
export function parseSelect(text: string | undefined): readonly string[] | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const names = new Set<string>();
  let isWhole = false;
  for (const item of text.split(',')) {
    const name = item.trim();
    if (name === '') throw refusal('InvalidInput', '$select', 'Bad Request - Error in query syntax.');
    if (name === '*') isWhole = true;
    else names.add(name);
    if (names.size > selectedNamesMax) throw refusal('InvalidInput', '$select');
  }
  return isWhole ? undefined : [...names];
}
