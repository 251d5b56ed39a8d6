// POST /roles/definitions: makes a role definition, or replaces the one of that id. {"id"?, "roleName", "dataActions"}

import { randomUUID } from 'node:crypto';
import { DatabaseError } from '../../../model/errors.ts';
import { builtInRoles, checkedId, definitionBody, definitionOf } from '../../roles.ts';
import { putRole } from '../put-role.ts';
import type { Operation } from '../surface.ts';

export const putRoleDefinition: Operation = async (call) => {
  const { id = randomUUID(), roleName, dataActions } = call.body;
  const name = checkedId(id, 'id');
  if (builtInRoles.some((role) => role.id === name))
    throw new DatabaseError('Forbidden', 'a built-in role cannot be changed', { argument: 'id' });
  return putRole(call, 'roleDefinition', name, definitionBody(roleName, dataActions), definitionOf);
};
