// The one place that decides what whoever asks the Table door may do: by the operation of the row, what the credentials
// are, and which table and keys are addressed. Keys that may write may do everything; what nothing allows is refused, and
// an operation that is not listed here is open to keys that may write and to nobody else, so that a new one begins closed.
//
// Sources: "Create an account SAS" (operations by service, resource and permission), "Create a service SAS", and
// "Permissions for calling data operations" (Azure Storage REST reference). A role for items of any door also opens
// entities: they are the same items.

import { dataActions, type DataAction } from '../roles.ts';
import { refusal } from './errors.ts';
import { isWithin, type Grant, type Permission, type TablePrincipal } from './principal.ts';
import type { EntityKey, TableRequest } from './request.ts';

/** What an operation needs: one of the alternatives, all of it. */
interface Right {
  /** Of a shared access signature; undefined: none will do. */
  readonly level?: 'service' | 'container' | 'object' | undefined;
  readonly permissions: readonly (readonly Permission[])[];
  readonly actions: readonly (readonly DataAction[])[];
}

const on = dataActions;

const addEntity: Right = {
  level: 'object',
  permissions: [['add']],
  actions: [[on.writeEntity], [on.addEntity], [on.createItem]],
};
const updateEntity: Right = {
  level: 'object',
  permissions: [['update']],
  actions: [[on.writeEntity], [on.updateEntity], [on.replaceItem]],
};
/** Which of the two it will be is not known before. */
const upsertEntity: Right = {
  level: 'object',
  permissions: [['add', 'update']],
  actions: [[on.writeEntity], [on.addEntity, on.updateEntity], [on.upsertItem]],
};
const readEntities: Right = {
  level: 'object',
  permissions: [['read']],
  actions: [[on.readEntity], [on.readItem, on.executeQuery]],
};
const readTables: Right = {
  level: 'container',
  permissions: [['list']],
  actions: [[on.readTable], [on.readMetadata]],
};

const rights: ReadonlyMap<string, Right> = new Map<string, Right>([
  ['read-service-document', readTables],
  ['read-metadata', readTables],
  ['read-service-document', readTables],
  ['query-tables', readTables],
  ['read-table', readTables],
  ['create-table', { level: 'container', permissions: [['create'], ['write']], actions: [[on.writeTable]] }],
  ['delete-table', { level: 'container', permissions: [['delete']], actions: [[on.deleteTable]] }],
  ['query-entities', readEntities],
  ['read-entity', readEntities],
  ['insert-entity', addEntity],
  ['update-entity', updateEntity],
  ['merge-entity', updateEntity],
  ['insert-or-replace-entity', upsertEntity],
  ['insert-or-merge-entity', upsertEntity],
  ['delete-entity', { level: 'object', permissions: [['delete']], actions: [[on.deleteEntity], [on.deleteItem]] }],
  ['read-service-properties', { level: 'service', permissions: [['read']], actions: [[on.readTableService]] }],
  ['replace-service-properties', { level: 'service', permissions: [['write']], actions: [[on.writeTableService]] }],
  ['read-service-stats', { level: 'service', permissions: [['read']], actions: [[on.readTableService]] }],
  ['read-table-acl', { permissions: [], actions: [[on.readTablePolicies]] }],
  ['replace-table-acl', { permissions: [], actions: [[on.writeTablePolicies]] }],
]);

/** Throws the service's refusal unless the principal may do that, whatever the keys of the entities are. */
export function authorize(principal: TablePrincipal, request: TableRequest): void {
  const { operation, reads } = request.row;
  // The parts of a batch are authorised one by one, and anybody may ask what browsers may do.
  if (operation === 'commit-batch' || operation === 'preflight') return;
  const { grant, roles, access } = principal;
  if (grant !== undefined || roles !== undefined) {
    const right = rights.get(operation);
    if (grant !== undefined) checkGrant(grant, right, request);
    else if (right === undefined || !roles!(right.actions, request.table))
      throw refusal('AuthorizationPermissionMismatch', 'authorization');
  }
  if (access === 'read-only' && !reads) throw refusal('AuthorizationPermissionMismatch', 'authorization');
  if (request.isSecondary && !reads) throw refusal('WriteOnSecondary');
}

function checkGrant({ levels, permissions, table }: Grant, right: Right | undefined, request: TableRequest): void {
  if (right?.level === undefined) throw refusal('AuthorizationFailure', 'sig');
  if (!levels.has(right.level)) throw refusal('AuthorizationResourceTypeMismatch', 'srt');
  if (table !== undefined && request.table?.toLowerCase() !== table) throw refusal('AuthorizationFailure', 'tn');
  if (!right.permissions.some((all) => all.every((one) => permissions.has(one))))
    throw refusal('AuthorizationPermissionMismatch', 'sp');
}

/**
 * Throws the service's refusal for an entity outside the range of a signature: to be asked once its key is known.
 * Recorded by azure-sdk-for-python, `test_sas_add_outside_range`.
 */
export function authorizeKey({ grant }: TablePrincipal, key: EntityKey): void {
  if (grant !== undefined && !isWithin(grant, key)) throw refusal('AuthorizationFailure', 'sig');
}

/** The range of keys that queries may see, both ends included; without a row key a whole partition. */
export function rangeOf({ grant }: TablePrincipal): Pick<Grant, 'from' | 'to'> {
  return grant ?? everything;
}

const everything: Pick<Grant, 'from' | 'to'> = { from: undefined, to: undefined };
