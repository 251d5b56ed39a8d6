// POST /reset: drops every database of the key's account, so that a test suite begins on empty ground without a
// restart. Refused on a data directory, unless test commands were enabled.

import { DatabaseError } from '../../../model/errors.ts';
import type { Operation } from '../surface.ts';

export const resetAccount: Operation = async ({ deployment, sources, principal }) => {
  if (!sources.resetAllowed)
    throw new DatabaseError('Forbidden', 'a reset needs --memory or --enable-test-commands');
  const { engine, number } = deployment.accounts.find(({ number }) => number === principal.account)!;
  const databases = await engine.execute({ kind: 'list-databases' }, { account: number });
  const dropping = databases.map(({ id }) => engine.execute({ kind: 'delete-database', id }, { account: number }));
  const outcomes = await Promise.allSettled(dropping);
  for (const outcome of outcomes) {
    // Somebody else dropped it meanwhile: it is gone, which is what was asked for.
    if (outcome.status === 'rejected' && !isGone(outcome.reason)) throw outcome.reason;
  }
  return { status: 200, body: { dropped: outcomes.filter(({ status }) => status === 'fulfilled').length } };
};

function isGone(reason: unknown): boolean {
  return reason instanceof DatabaseError && reason.code === 'DatabaseNotFound';
}
