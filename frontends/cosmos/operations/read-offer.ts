// GET /offers/{offer}

import { catalogReadCharge } from '../../../core/charge.ts';
import type { Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { containerOfOffer } from '../offers.ts';
import { jsonOf, offerDocument } from '../represent.ts';

export function readOffer({ request, engine }: Call): Answer {
  const container = containerOfOffer(engine, request.ids[0]!);
  return { status: 200, body: jsonOf(offerDocument(container)), etag: container.time, charge: catalogReadCharge };
}
