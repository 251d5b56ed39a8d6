// POST /dbs. Throughput shared by the containers of a database is not supported: each container has its own.

import { DatabaseError } from '../../../model/errors.ts';
import { catalogWriteCharge } from '../../../core/charge.ts';
import type { Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { databaseDocument, jsonOf } from '../represent.ts';
import { documentIn, nameIn, throughputOf } from '../settings.ts';

export async function createDatabase({ request, engine, context }: Call): Promise<Answer> {
  const id = nameIn(documentIn(request));
  if (throughputOf(request) !== undefined)
    throw new DatabaseError('NotSupported', 'throughput of a database is not supported; give it to its containers', {
      argument: 'x-ms-offer-throughput',
    });
  const database = await engine.execute({ kind: 'create-database', id }, context);
  return { status: 201, body: jsonOf(databaseDocument(database)), etag: database.time, charge: catalogWriteCharge };
}
