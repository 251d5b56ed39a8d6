// Users of a database and their permissions (docs: "Users" and "Permissions" of the REST reference). Reading a
// permission in any way makes a new token for it, which lasts as long as the request says.

import { badRequest, DatabaseError } from '../../model/errors.ts';
import { formatResourceId } from '../../model/resource-id.ts';
import { databaseOf, type Call } from './call.ts';
import { childOf, withoutSystem, type ChildResource, type Owner } from './child-resource.ts';
import { integerOf } from './decode.ts';
import { ridOfDatabase, selfOfDatabase } from './links.ts';
import { permissionIn, permissionOf } from './permission.ts';
import { formatResourceToken } from './resource-token.ts';

const expiryHeader = 'x-ms-documentdb-expiry-seconds';
const expirySecondsDefault = 3600;
const expirySecondsMax = 18_000;

interface DatabaseOwner extends Owner {
  readonly databaseNumber: number;
}

function ownerOfUsers(call: Call): DatabaseOwner {
  const database = databaseOf(call);
  return {
    owner: { kind: 'database', number: database.number },
    rid: ridOfDatabase(database),
    self: selfOfDatabase(database),
    databaseNumber: database.number,
  };
}

function userRid(database: number, user: number): string {
  return formatResourceId({ kind: 'user', database, user });
}

export const users: ChildResource = {
  type: 'user',
  segment: 'users',
  feed: 'Users',
  noun: 'user',
  ownerOf: ownerOfUsers,
  ridOf: (_call, owner, number) => userRid((owner as DatabaseOwner).databaseNumber, number),
  accept: (_call, body) => withoutSystem(body, ['_permissions']),
  show: (_call, _owner, _record, writer) => {
    writer.string('_permissions', 'permissions/');
  },
};

function ownerOfPermissions(call: Call): DatabaseOwner {
  const owner = ownerOfUsers(call);
  const user = childOf(call, users, owner, call.request.ids[1]!);
  const rid = userRid(owner.databaseNumber, user.number);
  return {
    owner: { kind: 'user', number: user.number },
    rid,
    self: `${owner.self}users/${rid}/`,
    databaseNumber: owner.databaseNumber,
  };
}

export const permissions: ChildResource = {
  type: 'permission',
  segment: 'permissions',
  feed: 'Permissions',
  noun: 'permission',
  ownerOf: ownerOfPermissions,
  ridOf: (_call, owner, number) =>
    formatResourceId({
      kind: 'permission',
      database: (owner as DatabaseOwner).databaseNumber,
      user: owner.owner.number,
      number,
    }),
  accept: (call, body, before) => {
    tokenSecondsOf(call);
    const kept = withoutSystem(body, ['_token']);
    const { link, partitionKey } = permissionIn(kept);
    const { owner } = ownerOfPermissions(call);
    for (const other of call.engine.catalog.children(owner, 'permission')) {
      if (other.number === before?.number) continue;
      const known = permissionOf(other);
      if (JSON.stringify([known.link, known.partitionKey]) === JSON.stringify([link, partitionKey]))
        throw new DatabaseError('ResourceExists', 'the user has a permission for that resource', {
          argument: 'resource',
        });
    }
    return kept;
  },
  show: (call, owner, record, writer) => {
    const { account, deployment } = call;
    const issuedMs = deployment.nowMs();
    const token = formatResourceToken(account.keys, {
      account: account.number,
      user: owner.owner.number,
      permission: record.number,
      id: record.id,
      digest: permissionOf(record).digest,
      issuedMs,
      expiresMs: issuedMs + tokenSecondsOf(call) * 1000,
    });
    writer.string('_token', token);
  },
};

/** How long a token made for this request is to last. */
function tokenSecondsOf({ request }: Call): number {
  const seconds = integerOf(request, expiryHeader) ?? expirySecondsDefault;
  if (seconds < 1 || seconds > expirySecondsMax)
    throw badRequest(`must be 1 to ${expirySecondsMax} seconds`, expiryHeader);
  return seconds;
}
