// DELETE /Tables('{table}')

import type { Answer } from '../answer.ts';
import type { Call } from '../call.ts';
import { refusal } from '../errors.ts';
import { nameFault } from '../table-name.ts';
import { tableNamed } from '../find-table.ts';

export async function deleteTable({ request, engine, context }: Call): Promise<Answer> {
  const name = request.table ?? '';
  const found = tableNamed(engine.catalog, name);
  if (found === undefined) throw nameFault(name, request.flavour) ?? refusal('ResourceNotFound', 'table');
  await engine.execute({ kind: 'delete-container', database: found.database, container: found.id }, context);
  return { status: 204, headers: [], body: undefined };
}
