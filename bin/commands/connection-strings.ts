// `meridian connection-strings`: what clients need to connect to a server with these settings, running or not.

import { configuredAccounts } from '../accounts.ts';
import { clientHost } from '../address.ts';
import type { Command } from '../commands.ts';
import { doorRows } from '../doors.ts';
import { UsageError } from '../flag-type.ts';
import { KeyRing } from '../key-ring.ts';
import { isAnonymous } from '../server.ts';

export const printConnectionStrings: Command = async ({ settings, json, write }) => {
  if (doorRows.some(({ portFlag }) => settings[portFlag] === 0))
    throw new UsageError('a port of 0 is only known once the server runs: see its ready file');
  const keys = await KeyRing.read(settings, settings.memory ? undefined : settings.data);
  const rows = configuredAccounts(settings).flatMap(({ name }) =>
    doorRows.map((row) => ({
      account: name,
      door: row.name,
      connectionString: row.connectionStringOf({
        authority: `${clientHost(settings.host)}:${settings[row.portFlag]}`,
        account: name,
        key: keys.keysOf(name).primary,
        anonymous: isAnonymous(settings) && name === 'localhost',
        advertise: settings.advertise,
        tlsOnly: settings.tlsOnly,
      }),
    })),
  );
  if (json) write(`${JSON.stringify(rows, undefined, 2)}\n`);
  else
    for (const { account, door, connectionString } of rows)
      write(`${account}  ${door.padEnd(6)} ${connectionString}\n`);
  return 0;
};
