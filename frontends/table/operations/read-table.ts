// GET /Tables('{table}')

import type { Answer } from '../answer.ts';
import type { Call } from '../call.ts';
import { refusal } from '../errors.ts';
import { contentTypeOf, levelOf } from '../format.ts';
import { jsonOfTable } from '../table-json.ts';
import { tableNamed } from '../find-table.ts';

export function readTable({ request, engine }: Call): Answer {
  const level = levelOf(request);
  const found = tableNamed(engine.catalog, request.table ?? '');
  if (found === undefined) throw refusal('ResourceNotFound', 'table');
  return {
    status: 200,
    headers: ['Content-Type', contentTypeOf(level)],
    body: jsonOfTable(found.id, request, level),
  };
}
