// Who asks the Table door: by the `Authorization` header (a signature with the account's key, shared-key.ts, or a token
// of an issuer, bearer-token.ts), else by a shared access signature in the query (sas.ts). What they may do is decided
// next, in authorize.ts.

import type { Deployment } from '../deployment.ts';
import { bearerPrincipal, unauthenticated } from './bearer-token.ts';
import { refusal } from './errors.ts';
import type { TablePrincipal } from './principal.ts';
import { headerOf, type TableRequest } from './request.ts';
import { bearsSignature, sasChecker } from './sas.ts';
import { authenticationFailed, sharedKeyChecker, type SharedKey } from './shared-key.ts';
import { accountNamed, signers } from './signing-keys.ts';

/** Characters of an account's name: longer ones are none, and are not looked for. */
const nameCharactersMax = 128;

export type Authenticate = (request: TableRequest) => TablePrincipal | Promise<TablePrincipal>;

/** Prepares the keys once; the function it gives checks one request. Throws the service's refusals. */
export function authenticator(deployment: Deployment): Authenticate {
  const signerOf = signers(deployment);
  const checkSharedKey = sharedKeyChecker(deployment);
  const checkSas = sasChecker(deployment);

  return (request) => {
    if (request.row.operation === 'preflight') return anyone(request, deployment);
    const { accountName } = request;
    const text = headerOf(request, 'authorization') ?? '';
    if (text === '' && !bearsSignature(request)) throw unauthenticated(request, deployment);
    const signer = signerOf(accountName);
    if (signer === undefined) throw authenticationFailed('No account of the name in the address is served here.');
    if (text === '') return checkSas(request, signer);
    const given = sharedKeyOf(text);
    if (given !== undefined) {
      if (given.name !== accountName && signerOf(given.name) !== signer)
        throw authenticationFailed('The account of the Authorization header is not the one in the address.');
      return checkSharedKey(request, given, signer);
    }
    const token = /^Bearer +([^\s]+)$/i.exec(text)?.[1];
    if (token === undefined) throw refusal('InvalidAuthenticationInfo', 'authorization');
    return bearerPrincipal(token, request, signer.account, deployment);
  };
}

/** `SharedKey name:signature`; undefined for another form. */
function sharedKeyOf(text: string): SharedKey | undefined {
  const space = text.indexOf(' ');
  const scheme = space < 0 ? text : text.slice(0, space);
  if (scheme !== 'SharedKey' && scheme !== 'SharedKeyLite') return undefined;
  const colon = text.lastIndexOf(':');
  if (colon <= space + 1 || colon - space > nameCharactersMax + 1) return undefined;
  return { scheme, name: text.slice(space + 1, colon), signature: text.slice(colon + 1) };
}

/** Preflight requests of browsers bear no credentials, and are told nothing but what a rule of the account allows. */
function anyone({ accountName }: TableRequest, deployment: Deployment): TablePrincipal {
  const account = accountNamed(deployment, accountName);
  if (account === undefined) throw refusal('CorsPreflightFailure');
  return { account: account.number, name: 'anyone', access: 'read-only', grant: undefined };
}
