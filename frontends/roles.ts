// Roles of the data plane: what a principal of an issuer may do, and where (docs: "Azure Cosmos DB for NoSQL data
// plane actions", role definitions and assignments; Azure Storage: "Permissions for calling data operations"). Definitions
// and assignments are resources of the account; four definitions are built in. Every door asks `isAllowed`; the admin door writes them.
//
// Invariants: what no assignment allows is refused; a record that cannot be read grants nothing.

import type { Catalog } from '../core/catalog.ts';
import { BsonWriter } from '../model/bson/write.ts';
import { BsonType } from '../model/bson/types.ts';
import { ElementCursor, fieldOf, textOfRaw } from '../model/bson/walk.ts';
import { badRequest } from '../model/errors.ts';
import type { ResourceOwner, ResourceRecord } from '../model/resource.ts';

/** Roles belong to the account itself. */
export const rolesOwner: ResourceOwner = { kind: 'account', number: 0 };

const account = 'Microsoft.DocumentDB/databaseAccounts';
const container = `${account}/sqlDatabases/containers`;
const tableService = 'Microsoft.Storage/storageAccounts/tableServices';
const entities = `${tableService}/tables/entities`;

/** Every data action there is. A role definition may name no other, but the two wildcards. */
export const dataActions = {
  readMetadata: `${account}/readMetadata`,
  executeQuery: `${container}/executeQuery`,
  readChangeFeed: `${container}/readChangeFeed`,
  executeStoredProcedure: `${container}/executeStoredProcedure`,
  manageConflicts: `${container}/manageConflicts`,
  createItem: `${container}/items/create`,
  readItem: `${container}/items/read`,
  replaceItem: `${container}/items/replace`,
  upsertItem: `${container}/items/upsert`,
  deleteItem: `${container}/items/delete`,
  readTableService: `${tableService}/read`,
  writeTableService: `${tableService}/write`,
  readTable: `${tableService}/tables/read`,
  writeTable: `${tableService}/tables/write`,
  deleteTable: `${tableService}/tables/delete`,
  readTablePolicies: `${tableService}/tables/getAcl/action`,
  writeTablePolicies: `${tableService}/tables/setAcl/action`,
  readEntity: `${entities}/read`,
  writeEntity: `${entities}/write`,
  addEntity: `${entities}/add/action`,
  updateEntity: `${entities}/update/action`,
  deleteEntity: `${entities}/delete`,
} as const;
export type DataAction = (typeof dataActions)[keyof typeof dataActions];

const wildcards: ReadonlySet<string> = new Set([
  `${container}/*`,
  `${container}/items/*`,
  `${tableService}/tables/*`,
  `${entities}/*`,
]);
const exact: ReadonlySet<string> = new Set(Object.values(dataActions));

export interface RoleDefinition {
  readonly id: string;
  readonly roleName: string;
  readonly builtIn: boolean;
  readonly dataActions: readonly string[];
}

export interface RoleAssignment {
  readonly id: string;
  /** Object id of a user, application or group, or the name of a role, as the issuer's tokens tell it. */
  readonly principalId: string;
  readonly roleDefinitionId: string;
  /** `/`, `/dbs/{id}` or `/dbs/{id}/colls/{id}`. */
  readonly scope: string;
}

export const builtInRoles: readonly RoleDefinition[] = [
  {
    id: '00000000-0000-0000-0000-000000000001',
    roleName: 'Cosmos DB Built-in Data Reader',
    builtIn: true,
    dataActions: [dataActions.readMetadata, dataActions.readItem, dataActions.executeQuery, dataActions.readChangeFeed],
  },
  {
    id: '00000000-0000-0000-0000-000000000002',
    roleName: 'Cosmos DB Built-in Data Contributor',
    builtIn: true,
    dataActions: [dataActions.readMetadata, `${container}/*`, `${container}/items/*`],
  },
  {
    id: '76199698-9eea-4c19-bc75-cec21354c6b6',
    roleName: 'Storage Table Data Reader',
    builtIn: true,
    dataActions: [dataActions.readTable, dataActions.readEntity],
  },
  {
    id: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3',
    roleName: 'Storage Table Data Contributor',
    builtIn: true,
    dataActions: [dataActions.readTable, dataActions.writeTable, dataActions.deleteTable, `${entities}/*`],
  },
];

/** Data actions of one definition: more than there are would be repetition. */
const dataActionsMax = 32;

/** Characters of a principal id or the name of a role. */
const textCharactersMax = 256;

/** Ids of definitions and assignments: GUIDs in the service, any plain name here. */
const idShape = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export function checkedId(id: unknown, argument: string): string {
  if (typeof id !== 'string' || !idShape.test(id))
    throw badRequest(
      'must be a GUID or a name of at most 128 letters, digits, dots, hyphens and underscores',
      argument,
    );
  return id;
}

function checkedText(text: unknown, argument: string): string {
  if (typeof text !== 'string' || text === '' || text.length > textCharactersMax)
    throw badRequest(`must be a text of 1 to ${textCharactersMax} characters`, argument);
  return text;
}

/** The body that is kept of a definition. */
export function definitionBody(roleName: unknown, actions: unknown): Uint8Array {
  if (!Array.isArray(actions) || actions.length === 0 || actions.length > dataActionsMax)
    throw badRequest(`must be a list of 1 to ${dataActionsMax} data actions`, 'dataActions');
  const writer = new BsonWriter().beginDocument().string('roleName', checkedText(roleName, 'roleName'));
  writer.beginArray('dataActions');
  for (const action of actions as readonly unknown[]) {
    if (typeof action !== 'string' || !(exact.has(action) || wildcards.has(action)))
      throw badRequest('holds what is no data action', 'dataActions');
    writer.string('', action);
  }
  return writer.end().end().finish();
}

/** The body that is kept of an assignment. `definitionId` may be the path of a management client: its end counts. */
export function assignmentBody(principalId: unknown, definitionId: unknown, scope: unknown): Uint8Array {
  const id = typeof definitionId === 'string' ? definitionId.slice(definitionId.lastIndexOf('/') + 1) : definitionId;
  return new BsonWriter()
    .beginDocument()
    .string('principalId', checkedText(principalId, 'principalId'))
    .string('roleDefinitionId', checkedId(id, 'roleDefinitionId'))
    .string('scope', checkedScope(scope))
    .end()
    .finish();
}

/** Within the account: what a management client puts before it is dropped. */
export function checkedScope(scope: unknown): string {
  if (typeof scope !== 'string' || scope.length > 1024) throw badRequest('must be a text', 'scope');
  const path = scope.replace(/^\/subscriptions\/.*\/databaseAccounts\/[^/]+/, '').replace(/\/+$/, '');
  if (path === '') return '/';
  if (!/^\/dbs\/[^/]+(\/colls\/[^/]+)?$/.test(path))
    throw badRequest("must be '/', '/dbs/{id}' or '/dbs/{id}/colls/{id}'", 'scope');
  return path;
}

function textIn(body: Uint8Array, name: string): string {
  const raw = fieldOf(body, name);
  return raw?.type === BsonType.string ? textOfRaw(raw) : '';
}

const readDefinitions = new WeakMap<ResourceRecord, RoleDefinition>();
const readAssignments = new WeakMap<ResourceRecord, RoleAssignment>();

export function definitionOf(record: ResourceRecord): RoleDefinition {
  let definition = readDefinitions.get(record);
  if (definition === undefined) {
    const list = fieldOf(record.body, 'dataActions');
    const actions: string[] = [];
    if (list?.type === BsonType.array) {
      const cursor = new ElementCursor(list.bytes, list.start);
      while (cursor.next()) {
        const raw = cursor.raw();
        if (raw.type === BsonType.string) actions.push(textOfRaw(raw));
      }
    }
    const { id, body } = record;
    definition = { id, roleName: textIn(body, 'roleName'), builtIn: false, dataActions: actions };
    readDefinitions.set(record, definition);
  }
  return definition;
}

export function assignmentOf(record: ResourceRecord): RoleAssignment {
  let assignment = readAssignments.get(record);
  if (assignment === undefined) {
    const { id, body } = record;
    assignment = {
      id,
      principalId: textIn(body, 'principalId'),
      roleDefinitionId: textIn(body, 'roleDefinitionId'),
      scope: textIn(body, 'scope'),
    };
    readAssignments.set(record, assignment);
  }
  return assignment;
}

export function definitionNamed(catalog: Catalog, id: string): RoleDefinition | undefined {
  const builtIn = builtInRoles.find((role) => role.id === id);
  if (builtIn !== undefined) return builtIn;
  const record = catalog.childOrNone(rolesOwner, 'roleDefinition', id);
  return record === undefined ? undefined : definitionOf(record);
}

function allows({ dataActions: allowed }: RoleDefinition, action: string): boolean {
  return allowed.some((one) => one === action || (one.endsWith('/*') && action.startsWith(one.slice(0, -1))));
}

function covers(scope: string, resource: string): boolean {
  return scope === '/' || scope === resource || resource.startsWith(`${scope}/`);
}

export interface RoleQuestion {
  readonly principalIds: ReadonlySet<string>;
  readonly action: DataAction;
  /** `/`, `/dbs/{id}` or `/dbs/{id}/colls/{id}`; undefined: it is enough to be allowed somewhere. */
  readonly resource: string | undefined;
}

/** Whether an assignment of the account, kept or configured, lets one of the principals do it. */
export function isAllowed(
  catalog: Catalog,
  configured: readonly RoleAssignment[],
  { principalIds, action, resource }: RoleQuestion,
): boolean {
  const grants = (assignment: RoleAssignment): boolean => {
    if (!principalIds.has(assignment.principalId)) return false;
    if (resource !== undefined && !covers(assignment.scope, resource)) return false;
    const definition = definitionNamed(catalog, assignment.roleDefinitionId);
    return definition !== undefined && allows(definition, action);
  };
  return (
    configured.some(grants) ||
    catalog.children(rolesOwner, 'roleAssignment').some((record) => grants(assignmentOf(record)))
  );
}
