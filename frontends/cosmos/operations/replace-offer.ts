// PUT /offers/{offer}: changes the throughput of a container.

import { catalogWriteCharge } from '../../../core/charge.ts';
import { fieldOf } from '../../../model/bson/walk.ts';
import { BsonWriter } from '../../../model/bson/write.ts';
import { ElementCursor } from '../../../model/bson/walk.ts';
import { badRequest } from '../../../model/errors.ts';
import { valueOf } from '../../../model/value.ts';
import { ifMatchOf, type Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { linksOfContainer } from '../links.ts';
import { containerOfOffer } from '../offers.ts';
import { jsonOf, offerDocument, offerField } from '../represent.ts';
import { documentIn, throughputIn } from '../settings.ts';

export async function replaceOffer({ request, engine, context }: Call): Promise<Answer> {
  const before = containerOfOffer(engine, request.ids[0]!);
  const offer = documentIn(request);
  const resource = valueOf(fieldOf(offer, 'offerResourceId'));
  if (resource !== undefined && resource !== linksOfContainer(before).rid)
    throw badRequest('offerResourceId of an offer cannot change', 'offerResourceId');
  const container = await engine.execute(
    {
      kind: 'replace-container',
      database: before.database,
      container: before.id,
      settings: withOffer(before.settings, throughputIn(offer)),
      ifMatch: ifMatchOf(request),
    },
    context,
  );
  return { status: 200, body: jsonOf(offerDocument(container)), etag: container.time, charge: catalogWriteCharge };
}

function withOffer(settings: Uint8Array, content: Uint8Array): Uint8Array {
  const writer = new BsonWriter(settings.length + content.length).beginDocument();
  const cursor = new ElementCursor(settings);
  while (cursor.next()) {
    const name = cursor.name();
    if (name !== offerField) writer.raw(name, cursor.raw());
  }
  return writer.document(offerField, content).end().finish();
}
