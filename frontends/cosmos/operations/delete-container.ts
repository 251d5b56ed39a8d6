// DELETE /dbs/{database}/colls/{container}

import { catalogWriteCharge } from '../../../core/charge.ts';
import { containerOf, ifMatchOf, type Call } from '../call.ts';
import type { Answer } from '../encode.ts';

export async function deleteContainer(call: Call): Promise<Answer> {
  const { database, id } = containerOf(call);
  await call.engine.execute({ kind: 'delete-container', database, container: id, ifMatch: ifMatchOf(call.request) }, call.context);
  return { status: 204, charge: catalogWriteCharge };
}
