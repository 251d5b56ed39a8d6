// GET /{table}(PartitionKey='…',RowKey='…')

import type { Answer } from '../answer.ts';
import { authorizeKey } from '../authorize.ts';
import type { Call } from '../call.ts';
import { jsonOfEntity } from '../entity-json.ts';
import { addressedKey } from '../entity-address.ts';
import { contentTypeOf, levelOf } from '../format.ts';
import { parseSelect } from '../odata/select.ts';
import { etagOf } from '../stamp.ts';
import { tableOf } from '../tables.ts';

export async function readEntity(call: Call): Promise<Answer> {
  const { request, engine, context, principal } = call;
  const { query, serviceRoot, accountName } = request;
  const table = tableOf(call);
  const key = addressedKey(request);
  authorizeKey(principal, key);
  const level = levelOf(request);
  const select = parseSelect(query.get('$select'));
  const { item } = await engine.execute(
    {
      kind: 'read-item',
      database: table.database,
      container: table.id,
      id: key.rowKey,
      partitionKey: [key.partitionKey],
    },
    context,
  );
  return {
    status: 200,
    headers: ['Content-Type', contentTypeOf(level), 'ETag', etagOf(item.time)],
    body: jsonOfEntity(item, { engine, level, serviceRoot, accountName, table: table.id, select }),
  };
}
