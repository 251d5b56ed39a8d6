// Queries over databases, containers and offers: the same language over documents in memory.

import type { Call } from './call.ts';
import { headerOf } from './decode.ts';
import { jsonOfFeed, type Answer } from './encode.ts';
import { sqlRequestOf } from './query-request.ts';
import { documentRows, preparedQueries, runPage } from './run-query.ts';

export async function queryDocuments(
  call: Call,
  rid: string,
  name: string,
  documents: readonly Uint8Array[],
): Promise<Answer> {
  const sql = sqlRequestOf(call.request);
  const continuation = headerOf(call.request, 'x-ms-continuation') || undefined;
  const page = await runPage(call, sql, preparedQueries.get(sql.text), documentRows(documents), { continuation });
  return {
    status: 200,
    body: jsonOfFeed(rid, name, page.documents),
    charge: page.charge,
    itemCount: page.documents.length,
    continuation: page.continuation,
    extra: page.metrics,
  };
}
