// What the role routes share: role definitions and assignments are resources of the account (frontends/roles.ts).

import { DatabaseError } from '../../model/errors.ts';
import type { ResourceRecord } from '../../model/resource.ts';
import type { Account } from '../deployment.ts';
import { checkedId, rolesOwner } from '../roles.ts';
import type { AdminAnswer, AdminCall } from './surface.ts';

type RoleType = 'roleDefinition' | 'roleAssignment';

export function accountOf({ deployment, principal }: AdminCall): Account {
  return deployment.accounts.find(({ number }) => number === principal.account)!;
}

/** Makes the resource, or replaces the one of that id. */
export async function putRole(
  call: AdminCall,
  type: RoleType,
  id: string,
  body: Uint8Array,
  show: (record: ResourceRecord) => object,
): Promise<AdminAnswer> {
  const { id: account, number, engine } = accountOf(call);
  const exists = engine.catalog.childOrNone(rolesOwner, type, id) !== undefined;
  const kind = exists ? 'replace-resource' : 'create-resource';
  const record = await engine.execute({ kind, owner: rolesOwner, type, id, body }, { account: number });
  call.sources.audit({ action: kind, account, subject: `${type} ${id}` });
  return { status: exists ? 200 : 201, body: show(record) };
}

export async function deleteRole(call: AdminCall, type: RoleType): Promise<AdminAnswer> {
  const { id: account, number, engine } = accountOf(call);
  const id = checkedId(call.body['id'], 'id');
  if (engine.catalog.childOrNone(rolesOwner, type, id) === undefined)
    throw new DatabaseError('ResourceNotFound', 'there is none of that id', { argument: 'id' });
  await engine.execute({ kind: 'delete-resource', owner: rolesOwner, type, id }, { account: number });
  call.sources.audit({ action: 'delete-resource', account, subject: `${type} ${id}` });
  return { status: 200, body: { deleted: id } };
}
