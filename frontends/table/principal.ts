// Who asks through the Table door, and what a signature of theirs allows beyond the account's own key. Source: "Create
// a service SAS" and "Create an account SAS" (Azure Storage REST reference).

import type { DataAction } from '../roles.ts';
import type { Principal } from '../serve.ts';
import type { EntityKey } from './request.ts';

/** Rights that a shared access signature names by letters; `l` and `w` of an account's concern its tables. */
export type Permission = 'read' | 'list' | 'write' | 'add' | 'update' | 'delete' | 'create';

export interface TablePrincipal extends Principal {
  /** Undefined: everything that `access` allows. */
  readonly grant: Grant | undefined;
  /** Of the bearer of a token: whether roles allow it one of these sets of actions on a table, or on all of them. */
  readonly roles?: RoleCheck | undefined;
}

export type RoleCheck = (alternatives: readonly (readonly DataAction[])[], table: string | undefined) => boolean;

/** What a shared access signature allows. */
export interface Grant {
  readonly permissions: ReadonlySet<Permission>;
  /** Of an account's signature: the levels it opens. A service signature opens the entities of its table. */
  readonly levels: ReadonlySet<'service' | 'container' | 'object'>;
  /** The one table, in lower case; undefined: every table. */
  readonly table: string | undefined;
  /** Bounds on (PartitionKey, RowKey), both ends included; a bound without row key takes the whole partition. */
  readonly from: KeyBound | undefined;
  readonly to: KeyBound | undefined;
}

export interface KeyBound {
  readonly partitionKey: string;
  readonly rowKey: string | undefined;
}

/** Whether the range of a grant holds that key. */
export function isWithin({ from, to }: Pick<Grant, 'from' | 'to'>, key: EntityKey): boolean {
  return (from === undefined || compareToBound(key, from) >= 0) && (to === undefined || compareToBound(key, to) <= 0);
}

function compareToBound(key: EntityKey, bound: KeyBound): number {
  const first = compareText(key.partitionKey, bound.partitionKey);
  return first !== 0 || bound.rowKey === undefined ? first : compareText(key.rowKey, bound.rowKey);
}

/** Keys are ordered as they lie in the index, by the bytes of their UTF-8. */
function compareText(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
