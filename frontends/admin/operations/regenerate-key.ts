// POST /keys/regenerate: makes a key of the key's account anew. The old one ends with the next request; the answer is the
// only place where the new one is told.

import { badRequest } from '../../../model/errors.ts';
import { keyKinds } from '../../deployment.ts';
import type { Operation } from '../surface.ts';

export const regenerateKey: Operation = async ({ deployment, sources, principal, body }) => {
  const kind = keyKinds.find((one) => one === body['kind']);
  if (kind === undefined) throw badRequest(`'kind' must be one of ${keyKinds.join(', ')}`, 'kind');
  const account = deployment.accounts.find(({ number }) => number === principal.account)!;
  const changed = await sources.regenerateKey(account.id, kind);
  sources.audit({ action: 'regenerate-key', account: account.id, subject: changed.join(', ') });
  const { keys } = account;
  return {
    status: 200,
    body: { account: account.id, keys: Object.fromEntries(changed.map((one) => [one, keys[one]])) },
  };
};
