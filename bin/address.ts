// Addresses a server listens on, and what they look like to a client.

import { isIP } from 'node:net';
import { UsageError } from './flag-type.ts';
import type { Settings } from './flags.ts';
import { usesWellKnownKey } from './accounts.ts';

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Refuses to show the whole network what anybody can open. */
export function checkExposure(settings: Pick<Settings, 'host' | 'key' | 'accounts'>): void {
  if (isLoopback(settings.host) || !usesWellKnownKey(settings)) return;
  throw new UsageError(
    `--host ${settings.host} would let anybody in, because an account has the emulators' public key: ` +
      'give every account a key of its own (--key or MERIDIAN_KEY; `openssl rand -base64 64 -A` makes one)',
  );
}

/** The host a client on this machine connects to: an address that means "all" is none to connect to. */
export function clientHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return isIP(host) === 6 ? `[${host}]` : host;
}

/** Names and addresses this server goes by beside localhost: what certificates carry and Host headers may say. */
export function hostNames(settings: Pick<Settings, 'host' | 'advertise'>): string[] {
  const names = [settings.host];
  if (settings.advertise !== undefined) names.push(new URL(settings.advertise).hostname.replace(/^\[|\]$/g, ''));
  return names.filter((name) => name !== '0.0.0.0' && name !== '::');
}
