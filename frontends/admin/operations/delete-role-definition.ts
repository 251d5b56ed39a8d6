// POST /roles/definitions/delete: {"id"}. Refused while an assignment gives the role to somebody.

import { DatabaseError } from '../../../model/errors.ts';
import { assignmentOf, rolesOwner } from '../../roles.ts';
import { accountOf, deleteRole } from '../put-role.ts';
import type { Operation } from '../surface.ts';

export const deleteRoleDefinition: Operation = async (call) => {
  const { catalog } = accountOf(call).engine;
  const assignments = catalog.children(rolesOwner, 'roleAssignment').map(assignmentOf);
  if (assignments.some(({ roleDefinitionId }) => roleDefinitionId === call.body['id']))
    throw new DatabaseError('PreconditionFailed', 'an assignment gives this role; delete it first', { argument: 'id' });
  return deleteRole(call, 'roleDefinition');
};
