// GET /Tables: a page of tables in the order of their names.

import type { Answer } from '../answer.ts';
import type { Call } from '../call.ts';
import { decodePlace, encodePlace } from '../continuation.ts';
import { contentTypeOf, levelOf } from '../format.ts';
import { parseTableFilter } from '../odata/table-filter.ts';
import { topOf } from '../page.ts';
import { jsonOfTables } from '../table-json.ts';
import { tablesOf } from '../tables.ts';

export function queryTables(call: Call): Answer {
  const { request, engine } = call;
  const { query } = request;
  const level = levelOf(request);
  const top = topOf(query);
  const holds = parseTableFilter(query.get('$filter'));
  const from = decodePlace(query, 'NextTableName')?.toLowerCase() ?? '';
  const names: string[] = [];
  const headers = ['Content-Type', contentTypeOf(level)];
  for (const { id } of tablesOf(engine)) {
    if (id.toLowerCase() < from || !holds(id)) continue;
    if (names.length === top) {
      if (top > 0) headers.push('x-ms-continuation-NextTableName', encodePlace(id));
      break;
    }
    names.push(id);
  }
  return { status: 200, headers, body: jsonOfTables(names, request, level) };
}
