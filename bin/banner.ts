// What a person sees when the server is ready: one line a door with what to paste into a client. A key is shown
// only when it is the public one.

import { wellKnownKey } from './accounts.ts';
import { doorRows } from './doors.ts';
import type { RunningServer } from './server.ts';
import { version } from './version.ts';

const hiddenKey = '<your key>';

export function banner(server: RunningServer, readyMs: number): string {
  const { settings, deployment, authorities } = server;
  const account = deployment.accounts[0]!;
  const rows = doorRows.flatMap((row): [string, string][] => {
    const authority = authorities.get(row.name);
    if (authority === undefined) return [];
    const key = account.keys.primary === wellKnownKey ? wellKnownKey : hiddenKey;
    const { anonymous, advertise, tlsOnly = false } = deployment;
    return [
      [row.title, row.connectionStringOf({ authority, account: account.id, key, anonymous, advertise, tlsOnly })],
    ];
  });
  rows.push(
    ['Administration', server.endpoints.admin],
    ['Data', settings.memory ? 'in memory, gone at the end' : settings.data],
  );
  const width = Math.max(...rows.map(([title]) => title.length)) + 2;
  const lines = ['', `  Meridian ${version} is ready after ${(readyMs / 1000).toFixed(2)} s`, ''];
  for (const [title, text] of rows) lines.push(`  ${title.padEnd(width)}${text}`);
  lines.push('');
  if (deployment.anonymous && authorities.has('mongo'))
    lines.push('  MongoDB clients need no credentials here: loopback and the public key. --auth asks for them.');
  lines.push('  Stop with Ctrl-C.', '');
  return `${lines.join('\n')}\n`;
}

/** The same for programs: one line of JSON. */
export function readyLine(server: RunningServer, readyMs: number): string {
  return `${JSON.stringify({ ready: true, readyMs: Math.round(readyMs), version, ...server.endpoints })}\n`;
}
