// GET /dbs

import { catalogReadCharge } from '../../../core/charge.ts';
import type { Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { pageOf } from '../page.ts';
import { databaseDocument } from '../represent.ts';

export function listDatabases({ request, engine }: Call): Answer {
  return pageOf(request, '', 'Databases', engine.catalog.databases(), databaseDocument, catalogReadCharge);
}
