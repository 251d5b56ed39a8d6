// The address of what is imported: `cosmos://HOST[:PORT][/DATABASE[/CONTAINER]][?tls=false]`. Names are
// percent-encoded; the key is no part of it, because command lines and state files are read by others.

import { badRequest } from '../../model/errors.ts';

export interface SourceAddress {
  readonly endpoint: URL;
  /** All of the account when absent. */
  readonly database: string | undefined;
  /** All of the database when absent. */
  readonly container: string | undefined;
}

const scheme = 'cosmos:';
const standardPort = '443';

export function parseSourceAddress(text: string): SourceAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== scheme || url.hostname === '')
    throw badRequest('the source must be cosmos://HOST[:PORT][/DATABASE[/CONTAINER]]', 'source');
  if (url.username !== '' || url.password !== '')
    throw badRequest('the source must not carry a key: give it by --key-file or the environment', 'source');
  for (const name of url.searchParams.keys())
    if (name !== 'tls') throw badRequest(`the source has an unknown parameter: ${name}`, 'source');
  const tls = url.searchParams.get('tls') ?? 'true';
  if (tls !== 'true' && tls !== 'false') throw badRequest('tls must be true or false', 'source');
  const names = url.pathname.split('/').filter((name) => name !== '');
  if (names.length > 2) throw badRequest('the source names a database and a container at most', 'source');
  const [database, container] = names.map(decoded);
  return {
    endpoint: new URL(`${tls === 'true' ? 'https' : 'http'}://${url.hostname}:${url.port || standardPort}/`),
    database,
    container,
  };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw badRequest('a name in the source is not percent-encoded as it should be', 'source');
  }
}
