// Every route of the admin door, on one page.

import type { Deployment } from '../deployment.ts';
import type { Principal } from '../serve.ts';
import { advanceClock } from './operations/advance-clock.ts';
import { findShard } from './operations/find-shard.ts';
import { readAlive } from './operations/read-alive.ts';
import { readAuthority } from './operations/read-authority.ts';
import { readMetrics } from './operations/read-metrics.ts';
import { readReady } from './operations/read-ready.ts';
import { readSkew } from './operations/read-skew.ts';
import { readStatus } from './operations/read-status.ts';
import { resetAccount } from './operations/reset-account.ts';
import { listKeys } from './operations/list-keys.ts';
import { regenerateKey } from './operations/regenerate-key.ts';
import { listRoles } from './operations/list-roles.ts';
import { putRoleDefinition } from './operations/put-role-definition.ts';
import { deleteRoleDefinition } from './operations/delete-role-definition.ts';
import { putRoleAssignment } from './operations/put-role-assignment.ts';
import { deleteRoleAssignment } from './operations/delete-role-assignment.ts';
import { setThroughput } from './operations/set-throughput.ts';
import { splitPartition } from './operations/split-partition.ts';
import type { AdminSources } from './sources.ts';

export interface Route {
  readonly method: 'get' | 'post';
  readonly path: string;
  /** Name in metrics. */
  readonly operation: string;
  /** 'none': answers without a key, to hosts of the allow-list only. */
  readonly credentials: 'none' | 'any key' | 'full key';
  readonly help: string;
  readonly run: Operation;
}

export interface AdminCall {
  readonly deployment: Deployment;
  readonly sources: AdminSources;
  readonly principal: Principal;
  /** Parameters of the address. */
  readonly query: URLSearchParams;
  /** The JSON object of the body; {} when there was none. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface AdminAnswer {
  readonly status: number;
  /** Text is sent as it is, anything else as JSON. */
  readonly body: string | object;
  readonly contentType?: string | undefined;
}

export type Operation = (call: AdminCall) => AdminAnswer | Promise<AdminAnswer>;

export const surface: readonly Route[] = [
  {
    method: 'get',
    path: '/alive',
    operation: 'read-alive',
    credentials: 'none',
    run: readAlive,
    help: 'the process answers',
  },
  {
    method: 'get',
    path: '/ready',
    operation: 'read-ready',
    credentials: 'none',
    run: readReady,
    help: 'every door answers and writes are taken',
  },
  {
    method: 'get',
    path: '/authority.pem',
    operation: 'read-authority',
    credentials: 'none',
    run: readAuthority,
    help: 'certificate authority for clients to trust',
  },
  {
    method: 'get',
    path: '/status',
    operation: 'read-status',
    credentials: 'any key',
    run: readStatus,
    help: 'accounts, containers, partitions, log, memory',
  },
  {
    method: 'get',
    path: '/metrics',
    operation: 'read-metrics',
    credentials: 'any key',
    run: readMetrics,
    help: 'figures for Prometheus',
  },
  {
    method: 'get',
    path: '/shard',
    operation: 'find-shard',
    credentials: 'any key',
    run: findShard,
    help: 'the partition of a key: `?database=…&container=…&key=[…]`',
  },
  {
    method: 'get',
    path: '/partitions/skew',
    operation: 'read-skew',
    credentials: 'any key',
    run: readSkew,
    help: 'hot partitions of a container, and better keys: `?database=…&container=…`',
  },
  {
    method: 'post',
    path: '/partitions/split',
    operation: 'split-partition',
    credentials: 'full key',
    run: splitPartition,
    help: 'put several partitions in the place of one: {"database", "container", "range": "0", "parts": 2}',
  },
  {
    method: 'post',
    path: '/throughput',
    operation: 'set-throughput',
    credentials: 'full key',
    run: setThroughput,
    help: 'enforce throughput or not: {"database", "container", "enforced": true, false or null}',
  },
  {
    method: 'post',
    path: '/reset',
    operation: 'reset-account',
    credentials: 'full key',
    run: resetAccount,
    help: 'drop every database of the account of the key',
  },
  {
    method: 'post',
    path: '/clock/advance',
    operation: 'advance-clock',
    credentials: 'full key',
    run: advanceClock,
    help: 'move the manual clock: {"milliseconds": n} or {"seconds": n}',
  },
  {
    method: 'post',
    path: '/keys/list',
    operation: 'list-keys',
    credentials: 'full key',
    run: listKeys,
    help: 'the four keys of the account of the key',
  },
  {
    method: 'post',
    path: '/keys/regenerate',
    operation: 'regenerate-key',
    credentials: 'full key',
    run: regenerateKey,
    help: 'make a key anew: {"kind": "primary"}; the old one ends at once',
  },
  {
    method: 'get',
    path: '/roles',
    operation: 'list-roles',
    credentials: 'any key',
    run: listRoles,
    help: 'role definitions and assignments of the account',
  },
  {
    method: 'post',
    path: '/roles/definitions',
    operation: 'put-role-definition',
    credentials: 'full key',
    run: putRoleDefinition,
    help: 'make or replace a role: {"id", "roleName", "dataActions"}',
  },
  {
    method: 'post',
    path: '/roles/definitions/delete',
    operation: 'delete-role-definition',
    credentials: 'full key',
    run: deleteRoleDefinition,
    help: 'drop a role that nobody has: {"id"}',
  },
  {
    method: 'post',
    path: '/roles/assignments',
    operation: 'put-role-assignment',
    credentials: 'full key',
    run: putRoleAssignment,
    help: 'give a role: {"id", "principalId", "roleDefinitionId", "scope"}',
  },
  {
    method: 'post',
    path: '/roles/assignments/delete',
    operation: 'delete-role-assignment',
    credentials: 'full key',
    run: deleteRoleAssignment,
    help: 'take a role away: {"id"}',
  },
];
