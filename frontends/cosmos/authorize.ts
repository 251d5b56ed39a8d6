// The one place that decides whether a request may do what it asks: by the operation of its row, what the credentials
// are, and which resource it addresses. Keys that may write may do everything; what nothing allows is refused.
//
// The refusals are the service's: 403 with one phrase for keys and resource tokens; for roles the principal, the action
// and the resource, with substatus 5300 where no role can help, 5301 for metadata, 5302 and 5303 for data by name
// and by `_rid`.

import type { Engine } from '../../core/engine.ts';
import { DatabaseError } from '../../model/errors.ts';
import type { ContainerRecord } from '../../model/resource.ts';
import { isUnpartitioned } from '../../model/resource.ts';
import type { PartitionKeyValue } from '../../model/operation.ts';
import type { Account } from '../deployment.ts';
import { dataActions, isAllowed, type DataAction, type RoleAssignment } from '../roles.ts';
import type { Principal } from '../serve.ts';
import { actionOf, type Action } from './actions.ts';
import type { BatchKind, BatchOperation } from './batch.ts';
import { containerAt, databaseAt, parseKey, partitionKeyHeader } from './call.ts';
import { headerOf, type CosmosRequest } from './decode.ts';
import { containerOfLink, isSameItem, isWithinKey, type Permission } from './permission.ts';

/** What limits a principal beyond reading and writing. */
export type Limits =
  | { readonly kind: 'permission'; readonly permission: Permission }
  | {
      readonly kind: 'roles';
      /** Of the person or application itself, for people to read. */
      readonly principal: string;
      /** It, its groups and the roles its token tells. */
      readonly principalIds: ReadonlySet<string>;
      readonly configured: readonly RoleAssignment[];
    };

export interface CosmosPrincipal extends Principal {
  readonly limits?: Limits | undefined;
}

const aad = { notSupported: 5300, metadata: 5301, dataByName: 5302, dataByRid: 5303 } as const;

/** Throws Forbidden unless the principal may. `account` is the principal's. */
export function authorize(request: CosmosRequest, principal: CosmosPrincipal, account: Account): void {
  const { row } = request;
  const { limits } = principal;
  if (limits === undefined) {
    if (principal.access === 'read-only' && (!row.reads || actionOf(row.operation).secret === true))
      throw insufficient();
    return;
  }
  const action = actionOf(row.operation);
  if (limits.kind === 'permission') checkPermission(request, action, limits.permission, account.engine);
  else checkRoles(request, action, limits, account);
}

export function insufficient(): DatabaseError {
  return new DatabaseError(
    'Forbidden',
    'Insufficient permissions provided in the authorization header for the corresponding request. ' +
      'Please retry with another authorization header.',
    { argument: 'authorization' },
  );
}

function checkPermission(request: CosmosRequest, action: Action, permission: Permission, engine: Engine): void {
  const { token } = action;
  if (token === 'any') return;
  if (token === undefined || (permission.mode === 'Read' && !request.row.reads)) throw insufficient();
  const [database, containerText, child] = request.ids;
  if (database === undefined || containerText === undefined) throw insufficient();
  const container = containerAt(engine, database, containerText);
  if (container === undefined || container !== containerOfLink(engine, permission.link)) throw insufficient();
  if (!isWithin(request, token, permission, container, engine, child)) throw insufficient();
  if (action.keyed === true && permission.partitionKey !== undefined) {
    const key = headerOf(request, partitionKeyHeader);
    if (key === undefined || !isPermittedKey(permission, container, parseKey(container, key))) throw insufficient();
  }
}

/** Whether the permission is for what the operation needs, within the right container. */
function isWithin(
  request: CosmosRequest,
  token: NonNullable<Action['token']>,
  { link }: Permission,
  container: ContainerRecord,
  engine: Engine,
  child: string | undefined,
): boolean {
  const own = link.child;
  if (token === 'container') return true;
  if (own === undefined) return token === 'whole' || token === 'item' || token === 'run';
  if (token === 'whole' || child === undefined) return false;
  if (token === 'item')
    return (
      own.segment === 'docs' &&
      isSameItem(
        engine,
        container,
        { containerText: link.container, id: own.id },
        { containerText: request.ids[1]!, id: child },
      )
    );
  // Scripts are addressed as their permission names them.
  return own.segment === request.resourceType && own.id === child;
}

function isPermittedKey(permission: Permission, container: ContainerRecord, key: PartitionKeyValue): boolean {
  if (isUnpartitioned(container) || permission.partitionKey === undefined) return true;
  return isWithinKey(parseKey(container, permission.partitionKey), key);
}

function checkRoles(
  request: CosmosRequest,
  { data, level }: Action,
  limits: Limits & { readonly kind: 'roles' },
  account: Account,
): void {
  if (data === undefined) {
    const path = (request.path.split('?')[0] ?? '').replace(/^\/+/, '/');
    throw blocked(
      account,
      `The given request [${request.verb} ${path}] cannot be authorized by AAD token in data plane.`,
      aad.notSupported,
    );
  }
  requireAction(request, data, level, limits, account);
}

function requireAction(
  request: CosmosRequest,
  action: DataAction,
  level: Action['level'],
  { principal, principalIds, configured }: Limits & { readonly kind: 'roles' },
  account: Account,
): void {
  const resource = level === 'somewhere' ? undefined : resourceOf(request, level, account.engine);
  if (isAllowed(account.engine.catalog, configured, { principalIds, action, resource })) return;
  const shown = resource === undefined || resource === '/' ? '/' : resource.slice(1);
  const isByName = request.ids.length < 2 || resource === `/dbs/${request.ids[0]}/colls/${request.ids[1]}`;
  throw blocked(
    account,
    `Request is blocked because principal [${principal}] does not have required RBAC permissions to perform action ` +
      `[${action}] on resource [${shown}].`,
    action === dataActions.readMetadata ? aad.metadata : isByName ? aad.dataByName : aad.dataByRid,
  );
}

function blocked(account: Account, reason: string, substatus: number): DatabaseError {
  return new DatabaseError('Forbidden', `Request blocked by Auth ${account.id} : ${reason}`, {
    argument: 'authorization',
    details: { substatus },
  });
}

/** The database or container addressed, by names: what scopes of assignments are compared with. */
function resourceOf({ ids }: CosmosRequest, level: Action['level'], engine: Engine): string {
  const [first, second] = ids;
  if (level === 'account' || first === undefined) return '/';
  // What does not exist is refused by the name it was asked for, if it is refused at all.
  if (level === 'database' || second === undefined) return `/dbs/${databaseAt(engine, first)?.id ?? first}`;
  const container = containerAt(engine, first, second);
  return container === undefined ? `/dbs/${first}/colls/${second}` : `/dbs/${container.database}/colls/${container.id}`;
}

const batchActions: Readonly<Record<BatchKind, DataAction>> = {
  Create: dataActions.createItem,
  Upsert: dataActions.upsertItem,
  Replace: dataActions.replaceItem,
  Patch: dataActions.replaceItem,
  Delete: dataActions.deleteItem,
  Read: dataActions.readItem,
};

/** Checks what is only known once a batch is read: each operation's action, and the key of each one in bulk. */
export function authorizeBatch(
  request: CosmosRequest,
  principal: CosmosPrincipal,
  account: Account,
  container: ContainerRecord,
  operations: readonly BatchOperation[],
): void {
  const { limits } = principal;
  if (limits?.kind === 'permission') {
    for (const { write } of operations)
      if (write.partitionKey === undefined || !isPermittedKey(limits.permission, container, write.partitionKey))
        throw insufficient();
  } else if (limits?.kind === 'roles') {
    for (const action of new Set(operations.map(({ kind }) => batchActions[kind])))
      requireAction(request, action, 'container', limits, account);
  }
}
