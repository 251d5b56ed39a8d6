// Tokens of a trusted issuer at the Table door (frontends/bearer.ts), and the challenge by which clients learn where to
// get one: `WWW-Authenticate: Bearer authorization_uri=… resource_id=…`, as the SDKs' challenge policies read it
// (docs: "Authorize with Microsoft Entra ID", bearer challenge). The service sends it to clients of version 2020-12-06
// and later; older ones, which would not understand it, get 403. Recorded: by azure-sdk-for-python `test_challenge_auth`
// (a token that is not taken, in versions 2019-07-07 and 2020-12-06), by azure-sdk-for-net `EnableTenantDiscovery` (no
// credentials).

import { DatabaseError } from '../../model/errors.ts';
import type { BearerTokens } from '../bearer.ts';
import type { Account, Deployment } from '../deployment.ts';
import { isAllowed } from '../roles.ts';
import { tablesDatabase } from './call.ts';
import { refusal, refusals } from './errors.ts';
import { tableNamed } from './find-table.ts';
import type { RoleCheck, TablePrincipal } from './principal.ts';
import { headerOf, type TableRequest } from './request.ts';
import { authenticationFailed } from './shared-key.ts';

const challengeVersionMin = '2020-12-06';

/** Who says no version is a person with a browser or curl: a challenge tells them more. */
function heedsChallenges(request: TableRequest): boolean {
  return (headerOf(request, 'x-ms-version') ?? challengeVersionMin) >= challengeVersionMin;
}

/** Refusal of a request that bears no credentials at all. */
export function unauthenticated(request: TableRequest, deployment: Deployment): DatabaseError {
  if (!heedsChallenges(request)) return authenticationFailed('The request bears no credentials.');
  const { bearerTokens } = deployment;
  const challenge = bearerTokens === undefined ? `SharedKey realm="${request.flavour}"` : challengeOf(bearerTokens);
  return refusal('NoAuthenticationInformation', 'authorization', undefined, ['WWW-Authenticate', challenge]);
}

/** Clients take the first part of the path for the tenant, and ask for the scope `{resource_id}/.default`. */
function challengeOf(bearerTokens: BearerTokens): string {
  const [issuer = ''] = bearerTokens.issuers;
  const resource = bearerTokens.audiencesOf('tables').find((audience) => /^https:/.test(audience)) ?? '';
  return `Bearer authorization_uri=${authorizationUri(issuer)} resource_id=${resource}`;
}

function authorizationUri(issuer: string): string {
  if (!URL.canParse(issuer)) return issuer;
  const { origin, pathname } = new URL(issuer);
  const [, tenant = ''] = pathname.split('/');
  return tenant === '' ? issuer : `${origin}/${tenant}/oauth2/authorize`;
}

/** Whoever bears the token, with what roles allow them in the account. Throws the service's refusals. */
export async function bearerPrincipal(
  token: string,
  request: TableRequest,
  account: Account,
  deployment: Deployment,
): Promise<TablePrincipal> {
  const { bearerTokens } = deployment;
  if (!request.isEncrypted)
    throw authenticationFailed('Authentication scheme Bearer is not permitted over an insecure channel.');
  if (bearerTokens === undefined)
    throw authenticationFailed('No issuer of bearer tokens is trusted here; sign with a key of the account.');
  try {
    const { principal, principalIds } = await bearerTokens.verify(token, 'tables');
    return {
      account: account.number,
      name: principal,
      access: 'full',
      grant: undefined,
      roles: roleCheck(account, deployment, principalIds),
    };
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== 'Unauthorized') throw error;
    if (!heedsChallenges(request)) throw authenticationFailed(`Reason: ${error.message}.`);
    const challenge = ['WWW-Authenticate', challengeOf(bearerTokens)];
    throw refusal(
      'InvalidBearerToken',
      'authorization',
      `${refusals.InvalidBearerToken.sentence} Reason: ${error.message}.`,
      challenge,
    );
  }
}

function roleCheck({ engine }: Account, deployment: Deployment, principalIds: ReadonlySet<string>): RoleCheck {
  const { catalog } = engine;
  return (alternatives, table) => {
    const { roleAssignments = [] } = deployment;
    const database = `/dbs/${tablesDatabase}`;
    // What does not exist is refused by the name it was asked for, if it is refused at all.
    const resource = table === undefined ? database : `${database}/colls/${tableNamed(catalog, table)?.id ?? table}`;
    return alternatives.some((actions) =>
      actions.every((action) => isAllowed(catalog, roleAssignments, { principalIds, action, resource })),
    );
  };
}
