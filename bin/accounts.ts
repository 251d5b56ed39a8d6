// The accounts a server serves: their names, numbers and keys. Only the first key of an account is configured; the
// other three are derived from it, so that nothing secret has to be kept and every start gives the same ones.

import { createHmac } from 'node:crypto';
import type { AccountKeys } from '../frontends/deployment.ts';
import type { Settings } from './flags.ts';
import { defaultAccountName } from './settings.ts';

/**
 * The public key of every Cosmos DB emulator, printed in its manual: clients know it by heart. It protects nothing,
 * therefore only loopback is served with it.
 */
export const wellKnownKey = 'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==';

export interface ConfiguredAccount {
  readonly name: string;
  readonly keys: AccountKeys;
}

/** The default account first. */
export function configuredAccounts(settings: Pick<Settings, 'key' | 'accounts'>): ConfiguredAccount[] {
  return [{ name: defaultAccountName, key: settings.key ?? wellKnownKey }, ...settings.accounts].map(({ name, key }) => ({
    name,
    keys: keysFrom(key),
  }));
}

function keysFrom(primary: string): AccountKeys {
  const derived = (purpose: string): string =>
    createHmac('sha512', Buffer.from(primary, 'base64')).update(`meridian account key: ${purpose}`).digest('base64');
  return {
    primary,
    secondary: derived('secondary'),
    primaryReadOnly: derived('primary read-only'),
    secondaryReadOnly: derived('secondary read-only'),
  };
}

export function usesWellKnownKey(settings: Pick<Settings, 'key' | 'accounts'>): boolean {
  return configuredAccounts(settings).some(({ keys }) => keys.primary === wellKnownKey);
}
