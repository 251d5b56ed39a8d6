// GET /{table}, and /{table}() as many clients write it: a page of entities in the order of their keys. It may be
// empty and still have a place to go on from.

import type { KeyPlace } from '../../../model/operation.ts';
import type { Answer } from '../answer.ts';
import { rangeOf } from '../authorize.ts';
import type { Call } from '../call.ts';
import { decodePlace, encodePlace } from '../continuation.ts';
import { jsonOfEntities } from '../entity-json.ts';
import { contentTypeOf, levelOf } from '../format.ts';
import { narrow } from '../key-range.ts';
import { pageBytesMax } from '../limits.ts';
import { parseFilter } from '../odata/filter.ts';
import { parseSelect } from '../odata/select.ts';
import { topOf } from '../page.ts';
import { tableOf } from '../tables.ts';

export async function queryEntities(call: Call): Promise<Answer> {
  const { request, engine, context, principal } = call;
  const { query, serviceRoot, accountName } = request;
  const level = levelOf(request);
  const select = parseSelect(query.get('$select'));
  const itemsMax = topOf(query);
  const { predicate, from } = narrow(parseFilter(query.get('$filter')), placeOf(query), rangeOf(principal));
  const table = tableOf(call);
  const headers = ['Content-Type', contentTypeOf(level)];
  const form = { engine, level, serviceRoot, accountName, table: table.id, select };
  if (itemsMax === 0) return { status: 200, headers, body: jsonOfEntities([], form) };
  const { items, next } = await engine.execute(
    {
      kind: 'read-by-key',
      database: table.database,
      container: table.id,
      predicate,
      from,
      itemsMax,
      bytesMax: pageBytesMax,
    },
    context,
  );
  if (next !== undefined)
    headers.push(
      'x-ms-continuation-NextPartitionKey',
      encodePlace(next.partitionKey),
      'x-ms-continuation-NextRowKey',
      encodePlace(next.id),
    );
  return { status: 200, headers, body: jsonOfEntities(items, form) };
}

/** A row key may be missing: then the partition begins there. */
function placeOf(query: ReadonlyMap<string, string>): KeyPlace | undefined {
  const partitionKey = decodePlace(query, 'NextPartitionKey');
  return partitionKey === undefined ? undefined : { partitionKey, id: decodePlace(query, 'NextRowKey') };
}
