// Certificates: a client that trusts the authority connects; files keep their secrets; renewal keeps the authority.

import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadCertificate, openCertificate, type Certificate } from '../../frontends/certificate.ts';
import { openPort } from '../../frontends/port.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-tls-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const dayMs = 86_400_000;
const never = (error: unknown): never => {
  throw error;
};

function open(directory: string | undefined, names: readonly string[] = [], nowMs = Date.now()): Promise<Certificate> {
  return openCertificate({ directory, names, nowMs: () => nowMs, onRenewalFailure: never });
}

/** Handshakes as a client that trusts `ca` and expects `servername`; gives the error or 'trusted'. */
async function handshake(certificate: Certificate, ca: string, servername: string): Promise<string> {
  const port = await openPort({
    host: '127.0.0.1',
    port: 0,
    secureContext: certificate.secureContext,
    onConnection: (socket) => void socket.on('data', () => socket.end()),
  });
  try {
    return await new Promise<string>((done) => {
      const options = {
        port: port.address.port,
        host: '127.0.0.1',
        ca,
        ...(servername === '127.0.0.1' ? {} : { servername }),
      };
      const socket = connect(options, () => {
        done(socket.authorized ? 'trusted' : String(socket.authorizationError));
        socket.destroy();
      });
      socket.once('error', (error) => done(error.message));
    });
  } finally {
    await port.close(0);
  }
}

test('a client that trusts the authority connects by every name, and by no other', async () => {
  const certificate = await open(undefined, ['db.example.test', '10.1.2.3']);
  for (const name of ['localhost', '127.0.0.1', 'db.example.test'])
    expect(await handshake(certificate, certificate.authorityPem, name)).toBe('trusted');
  expect(await handshake(certificate, certificate.authorityPem, 'other.test')).toMatch(/altnames/);
  const stranger = await open(join(folder, 'other'));
  expect(await handshake(certificate, stranger.authorityPem, 'localhost')).toMatch(
    /self-signed|unable to verify|signature/,
  );
});

test('keys are written for the owner only', async () => {
  await open(folder);
  expect((await readdir(folder)).sort()).toEqual([
    'authority-key.pem',
    'authority.pem',
    'server-key.pem',
    'server.pem',
  ]);
  for (const name of ['authority-key.pem', 'server-key.pem'])
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
});

test('the same chain serves again after a restart', async () => {
  await open(folder);
  const before = await readFile(join(folder, 'server.pem'), 'utf8');
  await open(folder);
  expect(await readFile(join(folder, 'server.pem'), 'utf8')).toBe(before);
});

test('a new name and a near end give a new leaf from the same authority', async () => {
  await open(folder);
  const [authority, leaf] = [
    await readFile(join(folder, 'authority.pem'), 'utf8'),
    await readFile(join(folder, 'server.pem'), 'utf8'),
  ];
  await open(folder, ['new.example.test']);
  const named = await readFile(join(folder, 'server.pem'), 'utf8');
  expect(named).not.toBe(leaf);
  expect(new X509Certificate(named).checkHost('new.example.test')).toBe('new.example.test');
  await open(folder, ['new.example.test'], Date.now() + 380 * dayMs);
  const renewed = await readFile(join(folder, 'server.pem'), 'utf8');
  expect(Date.parse(new X509Certificate(renewed).validTo)).toBeGreaterThan(
    Date.parse(new X509Certificate(named).validTo),
  );
  expect(await readFile(join(folder, 'authority.pem'), 'utf8')).toBe(authority);
});

test('damaged files are replaced as a whole', async () => {
  await open(folder);
  await writeFile(join(folder, 'server-key.pem'), 'garbage');
  const certificate = await open(folder);
  expect(await handshake(certificate, certificate.authorityPem, 'localhost')).toBe('trusted');
});

test('a given chain is served as it is, and a key that does not fit is refused', async () => {
  await open(folder);
  await open(join(folder, 'second'));
  const given = await loadCertificate(join(folder, 'server.pem'), join(folder, 'server-key.pem'));
  expect(await handshake(given, await readFile(join(folder, 'authority.pem'), 'utf8'), 'localhost')).toBe('trusted');
  await expect(loadCertificate(join(folder, 'server.pem'), join(folder, 'second', 'server-key.pem'))).rejects.toThrow();
});
