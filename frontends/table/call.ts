// One authenticated request on its way through an operation.

import type { Engine } from '../../core/engine.ts';
import type { Context } from '../../model/operation.ts';
import type { Account, Deployment } from '../deployment.ts';
import type { TablePrincipal } from './principal.ts';
import type { TableRequest } from './request.ts';

/** The database that holds every table of an account. */
export const tablesDatabase = 'tables';

export interface Call {
  readonly request: TableRequest;
  readonly principal: TablePrincipal;
  readonly deployment: Deployment;
  readonly account: Account;
  readonly engine: Engine;
  readonly context: Context;
}
