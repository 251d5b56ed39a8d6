// Signatures of single requests with a key of the account: `SharedKey name:signature` and `SharedKeyLite
// name:signature`, HMAC-SHA256 in base64 (docs: "Authorize with Shared Key", the sections on the Table service):
//
//   SharedKey      verb LF content-md5 LF content-type LF date LF resource
//   SharedKeyLite  date LF resource
//
// The date is `x-ms-date`, else `date`. The resource is a slash, the account's name, and the path as it was sent, which
// in path style names the account once more; `?comp=…` where the query has it. A signature holds for 15 minutes around
// its date.

import type { DatabaseError } from '../../model/errors.ts';
import type { Deployment } from '../deployment.ts';
import { refusal, refusals } from './errors.ts';
import type { TablePrincipal } from './principal.ts';
import { headerOf, type TableRequest } from './request.ts';
import { keyThatSigned, signatureOf, type Signer } from './signing-keys.ts';

/** How far a request's date may be from ours. */
export const clockSkewMsMax = 15 * 60 * 1000;

export type Scheme = 'SharedKey' | 'SharedKeyLite';

export interface SharedKey {
  readonly scheme: Scheme;
  /** The account as the client calls it. */
  readonly name: string;
  readonly signature: string;
}

/** 403 with the reason behind the service's sentence, as it tells it: clients with a wrong clock or key see it at once. */
export function authenticationFailed(detail: string): DatabaseError {
  return refusal('AuthenticationFailed', 'authorization', `${refusals.AuthenticationFailed.sentence} ${detail}`);
}

/** Whose key signed the request. Throws the service's refusal. */
export type CheckSharedKey = (request: TableRequest, given: SharedKey, signer: Signer) => TablePrincipal;

export function sharedKeyChecker(deployment: Deployment): CheckSharedKey {
  let lastDate = '';
  let lastMs = NaN;

  const checkDate = (text: string): void => {
    // Clients sign many requests within a second.
    if (text !== lastDate) {
      lastMs = Date.parse(text);
      lastDate = text;
    }
    if (Number.isNaN(lastMs)) throw authenticationFailed('The Date header in the request is incorrect.');
    // Under a manual clock any date will do.
    if (deployment.manualClock === true) return;
    const aheadMs = lastMs - deployment.nowMs();
    if (aheadMs < -clockSkewMsMax) throw authenticationFailed(`Request date header too old: '${text}'.`);
    if (aheadMs > clockSkewMsMax) throw authenticationFailed(`Request date header too far ahead: '${text}'.`);
  };

  return (request, { scheme, name, signature }, signer) => {
    const date = headerOf(request, 'x-ms-date') ?? headerOf(request, 'date') ?? '';
    checkDate(date);
    const bytes = signatureOf(signature);
    if (bytes === undefined) throw authenticationFailed('The MAC signature is not the base64 of 32 bytes.');
    const head = scheme === 'SharedKey' ? sharedHead(request, date) : `${date}\n`;
    const comp = request.query.get('comp');
    const tail = comp === undefined ? '' : `?comp=${comp}`;
    const text = `${head}/${name}${request.rawPath}${tail}`;
    let signed = keyThatSigned(signer, text, bytes);
    for (const path of signed === undefined ? primaryPaths(request) : [])
      signed ??= keyThatSigned(signer, `${head}/${name}${path}${tail}`, bytes);
    if (signed === undefined)
      throw authenticationFailed(
        'The MAC signature found in the HTTP request is not the same as any computed signature. ' +
          `Server used following string to sign: '${text}'.`,
      );
    return signed.principal;
  };
}

function sharedHead(request: TableRequest, date: string): string {
  const md5 = headerOf(request, 'content-md5') ?? '';
  const type = headerOf(request, 'content-type') ?? '';
  return `${request.sentVerb}\n${md5}\n${type}\n${date}\n`;
}

/**
 * What clients sign that turn to the secondary after they have signed: the primary's path. Some then put the
 * secondary's account in front of it (`/name-secondary/name/…`), others in its place.
 */
function primaryPaths({ rawPath, accountName, isSecondary, isPathStyle }: TableRequest): readonly string[] {
  const prefix = `/${accountName}-secondary`;
  if (!isSecondary || !isPathStyle || !rawPath.startsWith(prefix)) return [];
  const rest = rawPath.slice(prefix.length);
  return rest.startsWith(`/${accountName}`) ? [rest, `/${accountName}${rest}`] : [`/${accountName}${rest}`];
}
