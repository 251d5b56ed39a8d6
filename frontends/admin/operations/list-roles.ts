// GET /roles: role definitions and assignments of the key's account, those of the configuration included.

import { assignmentOf, builtInRoles, definitionOf, rolesOwner } from '../../roles.ts';
import type { Operation } from '../surface.ts';

export const listRoles: Operation = ({ deployment, principal }) => {
  const { catalog } = deployment.accounts.find(({ number }) => number === principal.account)!.engine;
  return {
    status: 200,
    body: {
      definitions: [...builtInRoles, ...catalog.children(rolesOwner, 'roleDefinition').map(definitionOf)],
      assignments: catalog.children(rolesOwner, 'roleAssignment').map(assignmentOf),
      configured: deployment.roleAssignments ?? [],
    },
  };
};
