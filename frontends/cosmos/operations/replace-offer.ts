// PUT /offers/{offer}: changes the throughput of a container or database.

import { setTimeout as delay } from 'node:timers/promises';
import { catalogWriteCharge } from '../../../core/charge.ts';
import { fieldOf } from '../../../model/bson/walk.ts';
import { badRequest } from '../../../model/errors.ts';
import { valueOf } from '../../../model/value.ts';
import { ifMatchOf, type Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { offerDocument, offerHeaders, offerOf, ownerRidOf, withOffer } from '../offers.ts';
import { replacedContent } from '../replaced-offer.ts';
import { jsonOf } from '../represent.ts';
import { documentIn } from '../settings.ts';

/** How long the answer waits for partitions that are being split; after that the offer says that it is pending. */
const splitWaitMsMax = 1_000;

export async function replaceOffer({ request, engine, context }: Call): Promise<Answer> {
  const id = request.ids[0]!;
  const before = offerOf(engine, id);
  const { owner } = before;
  const body = documentIn(request);
  const resource = valueOf(fieldOf(body, 'offerResourceId'));
  if (resource !== undefined && resource !== ownerRidOf(before))
    throw badRequest('offerResourceId of an offer cannot change', 'offerResourceId');
  const settings = withOffer(owner.record.settings, replacedContent(request, body, before.content));
  const ifMatch = ifMatchOf(request);
  if (owner.kind === 'database')
    await engine.execute({ kind: 'replace-database', id: owner.record.id, settings, ifMatch }, context);
  else {
    const { database, id: container } = owner.record;
    await engine.execute({ kind: 'replace-container', database, container, settings, ifMatch }, context);
    // More throughput may need more partitions. Small ones are made at once: then nobody has to ask again.
    const waited = new AbortController();
    await Promise.race([
      engine.splits.tend(),
      delay(splitWaitMsMax, undefined, { signal: waited.signal }).catch(() => undefined),
    ]);
    waited.abort();
  }
  const offer = offerOf(engine, id);
  return {
    status: 200,
    body: jsonOf(offerDocument(offer)),
    etag: offer.owner.record.time,
    charge: catalogWriteCharge,
    extra: offerHeaders(offer),
  };
}
