// POST /roles/assignments/delete: {"id"}. It ends with the next request.

import { deleteRole } from '../put-role.ts';
import type { Operation } from '../surface.ts';

export const deleteRoleAssignment: Operation = (call) => deleteRole(call, 'roleAssignment');
