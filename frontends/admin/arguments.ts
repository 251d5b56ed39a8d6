// What several operations take: the account of the key, and a container named in the query of the address.

import type { Engine } from '../../core/engine.ts';
import { badRequest } from '../../model/errors.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import type { Account } from '../deployment.ts';
import type { AdminCall } from './surface.ts';

export function accountOf({ deployment, principal }: AdminCall): Account {
  return deployment.accounts.find(({ number }) => number === principal.account)!;
}

/** A parameter of the address. */
export function required({ query }: AdminCall, name: string): string {
  const text = query.get(name);
  if (text === null || text === '') throw badRequest(`the address needs '${name}=…'`, name);
  return text;
}

export function containerIn(call: AdminCall, engine: Engine): ContainerRecord {
  return engine.catalog.container(required(call, 'database'), required(call, 'container'));
}
