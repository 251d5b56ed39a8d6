// GET /: what the service holds, in the terms of OData: the list of tables.

import { JsonWriter } from '../../../model/bson/json-write.ts';
import type { Answer } from '../answer.ts';
import type { Call } from '../call.ts';
import { contentTypeOf, levelOf } from '../format.ts';

export function readServiceDocument({ request }: Call): Answer {
  const level = levelOf(request);
  const writer = new JsonWriter('sql').text('{');
  if (level !== 'nometadata') writer.text('"odata.metadata":').string(`${request.serviceRoot}/$metadata`).text(',');
  const body = writer.text('"value":[{"name":"Tables","url":"Tables"}]}').finish();
  return { status: 200, headers: ['Content-Type', contentTypeOf(level)], body };
}
