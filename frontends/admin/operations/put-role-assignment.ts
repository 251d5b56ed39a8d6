// POST /roles/assignments: gives a principal a role, or replaces the assignment of that id.
// {"id"?, "principalId", "roleDefinitionId", "scope"}

import { randomUUID } from 'node:crypto';
import { badRequest } from '../../../model/errors.ts';
import { assignmentBody, assignmentOf, checkedId, definitionNamed } from '../../roles.ts';
import { accountOf, putRole } from '../put-role.ts';
import type { Operation } from '../surface.ts';

export const putRoleAssignment: Operation = async (call) => {
  const { id = randomUUID(), principalId, roleDefinitionId, scope = '/' } = call.body;
  const name = checkedId(id, 'id');
  const body = assignmentBody(principalId, roleDefinitionId, scope);
  const wanted = String(roleDefinitionId).split('/').at(-1)!;
  if (definitionNamed(accountOf(call).engine.catalog, wanted) === undefined)
    throw badRequest('there is no role definition of that id', 'roleDefinitionId');
  return putRole(call, 'roleAssignment', name, body, assignmentOf);
};
