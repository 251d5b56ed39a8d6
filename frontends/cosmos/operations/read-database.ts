// GET /dbs/{database}

import { catalogReadCharge } from '../../../core/charge.ts';
import { databaseOf, isKnown, type Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { databaseDocument, jsonOf } from '../represent.ts';

export function readDatabase(call: Call): Answer {
  const database = databaseOf(call);
  if (isKnown(call.request, database.time)) return { status: 304, etag: database.time, charge: catalogReadCharge };
  return { status: 200, body: jsonOf(databaseDocument(database)), etag: database.time, charge: catalogReadCharge };
}
