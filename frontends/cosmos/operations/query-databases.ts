// POST /dbs with x-ms-documentdb-isquery

import type { Call } from '../call.ts';
import type { Answer } from '../encode.ts';
import { queryDocuments } from '../query-documents.ts';
import { databaseDocument } from '../represent.ts';

export function queryDatabases(call: Call): Promise<Answer> {
  return queryDocuments(call, '', 'Databases', call.engine.catalog.databases().map(databaseDocument));
}
