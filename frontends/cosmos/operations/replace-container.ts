// PUT /dbs/{database}/colls/{container}: policies may change, id and partition key may not; throughput stays.

import { offerField } from '../../../core/offer.ts';
import { catalogWriteCharge } from '../../../core/charge.ts';
import { badRequest } from '../../../model/errors.ts';
import { fieldOf } from '../../../model/bson/walk.ts';
import { containerOf, ifMatchOf, type Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { containerDocument, jsonOf } from '../represent.ts';
import { checkSearchUnchanged } from '../search-policies.ts';
import { checkUnchanged, containerDefinition } from '../settings.ts';

export async function replaceContainer(call: Call): Promise<Answer> {
  const { request, engine, context } = call;
  const before = containerOf(call);
  const { id, partitionKey, settings } = containerDefinition(
    request,
    fieldOf(before.settings, offerField)?.slice(),
    before.settings,
  );
  if (id !== before.id) throw badRequest('the id in the body differs from the id in the address', 'id');
  checkUnchanged(before.partitionKey, partitionKey);
  checkSearchUnchanged(before.settings, settings);
  const container = await engine.execute(
    { kind: 'replace-container', database: before.database, container: id, settings, ifMatch: ifMatchOf(request) },
    context,
  );
  return {
    status: 200,
    body: jsonOf(containerDocument(container)),
    etag: container.time,
    charge: catalogWriteCharge,
    place: { engine, container, itself: true },
  };
}
