// The public key of the storage emulators: taken where everybody may come in anyway, and nowhere else.

import { afterEach, expect, test } from 'vitest';
import { storageEmulatorKey } from '../../bin/accounts.ts';
import type { RunningServer } from '../../bin/server.ts';
import { serve } from '../serving.ts';

let server: RunningServer | undefined;

afterEach(() => server?.stop(0));

test('is taken while the default account has the public key of the Cosmos emulator', async () => {
  server = await serve();
  expect(server.deployment.storageEmulatorKey).toBe(storageEmulatorKey);
});

test('is not taken beside a key of one’s own, whatever keys other accounts have', async () => {
  server = await serve({ key: Buffer.alloc(64, 1).toString('base64') });
  expect(server.deployment.storageEmulatorKey).toBeUndefined();
});

test('ends with the public key', async () => {
  server = await serve();
  const [account] = server.deployment.accounts;
  const key = account!.keys.primary;
  const answer = await fetch(`${server.endpoints.admin}/keys/regenerate`, {
    method: 'POST',
    headers: { 'x-meridian-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'primary' }),
  });
  expect(answer.status).toBe(200);
  expect(server.deployment.storageEmulatorKey).toBeUndefined();
});
