// The accounts a server serves: their names and the keys that are configured for them. Which keys they have besides,
// and have had made anew, is in key-ring.ts.

import type { Settings } from './flags.ts';
import { defaultAccountName } from './settings.ts';

/**
 * The public key of every Cosmos DB emulator, printed in its manual: clients know it by heart. It protects nothing,
 * therefore only loopback is served with it.
 */
export const wellKnownKey = 'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==';

/**
 * The public key of the account `devstoreaccount1` of every storage emulator, as well known. The default account takes
 * it beside its own on the Table door while that one is public, on loopback only: so nothing is opened that was closed.
 */
export const storageEmulatorKey =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

export interface ConfiguredAccount {
  readonly name: string;
  /** The primary key, unless it was made anew since. */
  readonly key: string;
}

/** The default account first. */
export function configuredAccounts(settings: Pick<Settings, 'key' | 'accounts'>): ConfiguredAccount[] {
  return [{ name: defaultAccountName, key: settings.key ?? wellKnownKey }, ...settings.accounts];
}

export function usesWellKnownKey(settings: Pick<Settings, 'key' | 'accounts'>): boolean {
  return configuredAccounts(settings).some(({ key }) => key === wellKnownKey);
}
