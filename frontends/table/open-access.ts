// PLACE OF authenticate.ts AND authorize.ts, until they are merged: takes the name of an account for the account. Not
// for main.

import type { Deployment } from '../deployment.ts';
import { refusal } from './errors.ts';
import type { TablePrincipal } from './principal.ts';
import type { TableRequest } from './request.ts';

export function openAccess(deployment: Deployment): (request: TableRequest) => TablePrincipal {
  return ({ accountName }) => {
    const found =
      accountName === 'devstoreaccount1'
        ? deployment.accounts[0]
        : deployment.accounts.find(({ id }) => id === accountName);
    if (found === undefined) throw refusal('AuthenticationFailed', 'account');
    return { account: found.number, name: found.id, access: 'full', grant: undefined };
  };
}
