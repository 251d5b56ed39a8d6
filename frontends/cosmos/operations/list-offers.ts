// GET /offers: the throughput of every container.

import { catalogReadCharge } from '../../../core/charge.ts';
import type { Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { containersWithOffers } from '../offers.ts';
import { pageOf } from '../page.ts';
import { offerDocument } from '../represent.ts';

export function listOffers({ request, engine }: Call): Answer {
  return pageOf(request, '', 'Offers', containersWithOffers(engine), offerDocument, catalogReadCharge);
}
