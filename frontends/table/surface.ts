// The whole surface of the Table service on one page: verb, what the address names, and the parameter that tells
// operations of one address apart. The README's table is generated from it and checked by a test.
// Source: "Table service REST API" (Azure Storage REST reference).

import type { Verb } from './request.ts';

/** What an address names. */
export type Target = 'service' | 'tables' | 'table' | 'entities' | 'entity' | 'batch' | 'metadata';

export interface Row {
  readonly verb: Verb;
  readonly target: Target;
  /** `comp` and `restype` of the query, where they decide. */
  readonly component?: 'properties' | 'stats' | 'acl' | undefined;
  /** Label in metrics, and the file in operations/. */
  readonly operation: string;
  /** Reads may be asked of the secondary, and with read-only keys. */
  readonly reads: boolean;
}
