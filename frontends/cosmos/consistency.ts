// Which reads look at a session token. A request may weaken the account's consistency and never strengthen it
// (docs: "Consistency levels in Azure Cosmos DB", overriding the default).

import { badRequest } from '../../model/errors.ts';
import type { ConsistencyLevel } from '../deployment.ts';
import { headerOf, type CosmosRequest } from './decode.ts';

const strength: Readonly<Record<ConsistencyLevel, number>> = {
  Eventual: 0,
  ConsistentPrefix: 1,
  Session: 2,
  BoundedStaleness: 3,
  Strong: 4,
};

function isLevel(text: string): text is ConsistencyLevel {
  return Object.hasOwn(strength, text);
}

export function consistencyOf(request: CosmosRequest, account: ConsistencyLevel): ConsistencyLevel {
  const asked = headerOf(request, 'x-ms-consistency-level');
  if (asked === undefined || asked === '') return account;
  if (!isLevel(asked)) throw badRequest('x-ms-consistency-level names no consistency level', 'x-ms-consistency-level');
  if (strength[asked] > strength[account])
    throw badRequest(
      `ConsistencyLevel ${asked} specified in the request is stronger than the account's ${account}; it can only be weakened.`,
      'x-ms-consistency-level',
    );
  return asked;
}

/** The token a read must not be older than. Writes go to the leader, which is never behind. */
export function sessionTokenOf(request: CosmosRequest, account: ConsistencyLevel): string | undefined {
  const level = consistencyOf(request, account);
  if (!request.row.reads || level !== 'Session') return undefined;
  const token = headerOf(request, 'x-ms-session-token');
  return token === '' ? undefined : token;
}
