// POST /throughput: whether a container, or a database and its containers, are held to their throughput; null leaves
// it to the server again.

import { withEnforced } from '../../../core/offer.ts';
import { badRequest } from '../../../model/errors.ts';
import { accountOf } from '../arguments.ts';
import type { Operation } from '../surface.ts';

export const setThroughput: Operation = async (call) => {
  const { engine, number } = accountOf(call);
  const { database, container, enforced } = call.body;
  if (typeof database !== 'string') throw badRequest("give the 'database'", 'database');
  if (container !== undefined && typeof container !== 'string')
    throw badRequest("'container' must be a name", 'container');
  if (typeof enforced !== 'boolean' && enforced !== null)
    throw badRequest("'enforced' must be true, false or null", 'enforced');
  const wanted = enforced ?? undefined;
  const context = { account: number };
  // A change of the settings in between is not overwritten: the version must be the one that was read.
  if (container === undefined) {
    const { id, settings, time } = engine.catalog.database(database);
    const changed = withEnforced(settings, wanted);
    await engine.execute({ kind: 'replace-database', id, settings: changed, ifMatch: time }, context);
  } else {
    const { settings, time } = engine.catalog.container(database, container);
    const changed = withEnforced(settings, wanted);
    await engine.execute({ kind: 'replace-container', database, container, settings: changed, ifMatch: time }, context);
  }
  return { status: 200, body: { database, container, enforced } };
};
