// GET /offers/{offer}

import { catalogReadCharge } from '../../../core/charge.ts';
import { isKnown, type Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { offerDocument, offerHeaders, offerOf } from '../offers.ts';
import { jsonOf } from '../represent.ts';

export function readOffer({ request, engine }: Call): Answer {
  const offer = offerOf(engine, request.ids[0]!);
  const { time } = offer.owner.record;
  if (isKnown(request, time)) return { status: 304, etag: time, charge: catalogReadCharge };
  return {
    status: 200,
    body: jsonOf(offerDocument(offer)),
    etag: time,
    charge: catalogReadCharge,
    extra: offerHeaders(offer),
  };
}
