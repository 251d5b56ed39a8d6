// POST /keys/list: the keys of the key's account. A POST, so that no page and no prefetch asks by accident.

import { keyKinds } from '../../deployment.ts';
import type { Operation } from '../surface.ts';

export const listKeys: Operation = ({ deployment, sources, principal }) => {
  const account = deployment.accounts.find(({ number }) => number === principal.account)!;
  sources.audit({ action: 'list-keys', account: account.id, subject: keyKinds.join(', ') });
  const { keys } = account;
  return {
    status: 200,
    body: { account: account.id, keys: Object.fromEntries(keyKinds.map((kind) => [kind, keys[kind]])) },
  };
};
