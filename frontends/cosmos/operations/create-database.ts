// POST /dbs

import { catalogWriteCharge } from '../../../core/charge.ts';
import { offerField } from '../../../core/offer.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import type { Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { databaseDocument, jsonOf } from '../represent.ts';
import { documentIn, nameIn, throughputOf } from '../settings.ts';

export async function createDatabase({ request, engine, context }: Call): Promise<Answer> {
  const id = nameIn(documentIn(request));
  const offer = throughputOf(request);
  const settings = offer && new BsonWriter().beginDocument().document(offerField, offer).end().finish();
  const database = await engine.execute({ kind: 'create-database', id, settings }, context);
  return { status: 201, body: jsonOf(databaseDocument(database)), etag: database.time, charge: catalogWriteCharge };
}
