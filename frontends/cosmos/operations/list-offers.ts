// GET /offers: the throughput of every container and database that has some.

import { catalogReadCharge } from '../../../core/charge.ts';
import type { Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { offerDocument, offersOf } from '../offers.ts';
import { pageOf } from '../page.ts';

export function listOffers({ request, engine }: Call): Answer {
  return pageOf(request, '', 'Offers', offersOf(engine), offerDocument, catalogReadCharge);
}
