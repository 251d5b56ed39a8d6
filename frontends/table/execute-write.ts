// A write to one entity by itself, as all of its operations run it.

import type { Answer } from './answer.ts';
import { authorizeKey } from './authorize.ts';
import type { Call } from './call.ts';
import { tableOf } from './tables.ts';
import { prepareWrite } from './write-entity.ts';

export async function writeEntity(call: Call): Promise<Answer> {
  const { request, engine, context, principal } = call;
  // A table that is not there is told before what is wrong with the entity.
  const table = tableOf(call);
  const { key, write, answerOf } = prepareWrite(request);
  authorizeKey(principal, key);
  const written = await engine.execute(
    { kind: 'write-item', database: table.database, container: table.id, write },
    context,
  );
  return answerOf(written);
}
