// GET /dbs/{database}/colls

import { catalogReadCharge } from '../../../core/charge.ts';
import { databaseOf, type Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { ridOfDatabase } from '../links.ts';
import { pageOf } from '../page.ts';
import { containerDocument } from '../represent.ts';

export function listContainers(call: Call): Answer {
  const database = databaseOf(call);
  const containers = call.engine.catalog.containers(database.id);
  return pageOf(call.request, ridOfDatabase(database), 'DocumentCollections', containers, containerDocument, catalogReadCharge);
}
