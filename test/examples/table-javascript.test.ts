// The sample of examples/table/javascript as it stands, in a process of its own, against a server in this one.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Meridian } from '../../bin/embed.ts';

let meridian: Meridian;

beforeAll(async () => {
  meridian = await Meridian.start({ memory: true });
}, 60_000);
afterAll(() => meridian.stop());

it('the quickstart of tables tells the same in a first and in a second run', async () => {
  const sample = fileURLToPath(new URL('../../examples/table/javascript/quickstart.mjs', import.meta.url));
  const environment = { ...process.env, TZ: 'UTC', TABLES_CONNECTION_STRING: meridian.connectionStrings().table! };
  for (let run = 0; run < 2; run++) {
    const { stdout } = await promisify(execFile)(process.execPath, [sample], { env: environment });
    expect(stdout.trimEnd().split('\n')).toEqual([
      'tables: ordersjavascript',
      'types: 9007199254740993 Thu Feb 29 2024 12:00:00 GMT+0000 (Coordinated Universal Time) ' +
        '6ba7b810-9dad-11d1-80b4-00c04fd430c8 0-1-254-255',
      'too late: 412 UpdateConditionNotSatisfied',
      'large orders: 1: 35, 2: 70',
      'pages: 2, 1',
      'transaction: 204, 204, 204',
      'undone: 404 ResourceNotFound 404',
      'signature: 4 403 AuthorizationPermissionMismatch',
      'properties: https://shop.example 7',
    ]);
  }
});
