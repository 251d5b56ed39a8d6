// With --tls-only every port speaks TLS and nothing else, and `cert export` gives what clients need for it.

import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cert } from '../../bin/commands/cert.ts';
import type { RunningServer } from '../../bin/server.ts';
import { serve, testSettings } from '../serving.ts';

let folder: string;
let server: RunningServer | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-tls-'));
});

afterEach(async () => {
  await server?.stop(0);
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

/** What a port answers to plain bytes before it closes the connection. */
function plainAnswer(authority: string): Promise<string> {
  const { hostname, port } = new URL(`http://${authority}`);
  return new Promise((done) => {
    let text = '';
    const socket = connect(Number(port), hostname, () =>
      socket.write('GET /alive HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
    );
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => done(text));
  });
}

function statusOf(url: string, ca: string): Promise<number> {
  return new Promise((done, failed) => {
    get(url, { ca, agent: false }, (response) => {
      response.resume();
      done(response.statusCode!);
    }).on('error', failed);
  });
}

async function exported(data: string): Promise<string> {
  let text = '';
  const settings = await testSettings({ data });
  const code = await cert({
    settings,
    reread: () => Promise.resolve(settings),
    given: new Set(),
    argument: 'export',
    options: {},
    json: false,
    write: (part) => (text += part),
  });
  expect(code).toBe(0);
  return text;
}

test('plain connections are closed unread on every port, and TLS ones are served', async () => {
  server = await serve({ tlsOnly: true });
  expect(server.endpoints.admin).toMatch(/^https:/);
  expect(server.endpoints.sql).toMatch(/^https:/);
  for (const authority of server.authorities.values()) expect(await plainAnswer(authority)).toBe('');
  const { authorityPem } = server.deployment;
  expect(await statusOf(`${server.endpoints.admin}/alive`, authorityPem)).toBe(200);
  expect(await statusOf(`${server.endpoints.sql}/_explorer/emulator.pem`, authorityPem)).toBe(200);
  expect(await statusOf(`${server.endpoints.sql}/cosmos/emulator`, authorityPem)).toBe(200);
});

test('without it, plain connections are served, too', async () => {
  server = await serve({});
  expect(await plainAnswer(server.authorities.get('admin')!).then((text) => text.slice(0, 12))).toBe('HTTP/1.1 200');
});

test('the exported certificate is the one that clients of the server trust, before and after its first start', async () => {
  const data = join(folder, 'data');
  const before = await exported(data);
  expect(before).toContain('BEGIN CERTIFICATE');
  expect(before).not.toContain('PRIVATE');
  server = await serve({ data, tlsOnly: true });
  expect(await statusOf(`${server.endpoints.admin}/alive`, before)).toBe(200);
  expect(await exported(data)).toBe(before);
});
