// POST /dbs/{database}/colls with x-ms-documentdb-isquery

import { databaseOf, type Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { ridOfDatabase } from '../links.ts';
import { queryDocuments } from '../query-documents.ts';
import { containerDocument } from '../represent.ts';

export function queryContainers(call: Call): Promise<Answer> {
  const database = databaseOf(call);
  const documents = call.engine.catalog.containers(database.id).map((container) => containerDocument(container));
  return queryDocuments(call, ridOfDatabase(database), 'DocumentCollections', documents);
}
