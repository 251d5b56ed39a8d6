// POST /offers with x-ms-documentdb-isquery: SDKs find the offer of a container by its offerResourceId.

import type { Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { offerDocument, offersOf } from '../offers.ts';
import { queryDocuments } from '../query-documents.ts';

export function queryOffers(call: Call): Promise<Answer> {
  return queryDocuments(call, '', 'Offers', offersOf(call.engine).map(offerDocument));
}
