// DELETE /dbs/{database}: with everything in it.

import { catalogWriteCharge } from '../../../core/charge.ts';
import { databaseOf, ifMatchOf, type Call } from '../call.ts';
import type { Answer } from '../encode.ts';

export async function deleteDatabase(call: Call): Promise<Answer> {
  const { id } = databaseOf(call);
  await call.engine.execute({ kind: 'delete-database', id, ifMatch: ifMatchOf(call.request) }, call.context);
  return { status: 204, charge: catalogWriteCharge };
}
