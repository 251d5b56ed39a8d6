// TLS for every door without any setting up: our own certificate authority and a leaf it signed, made at the first
// start for the names the server goes by, kept beside the data (or in memory), renewed before they expire. Clients
// trust the authority once and for all; the leaf changes under it. ECDSA on P-256 (RFC 5480), names as subject
// alternative names (RFC 5280 §4.2.1.6).
//
// Invariant: a private key is only ever written with mode 0600.

import { X509Certificate as NodeCertificate, type webcrypto } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';

const dayMs = 24 * 60 * 60 * 1000;

/** Clients of some vendors refuse leaves that live longer than 398 days. */
const leafMsMax = 397 * dayMs;
const authorityMsMax = 3650 * dayMs;

/** A certificate that ends sooner is replaced. */
const renewBeforeMs = 30 * dayMs;
const renewalCheckEveryMs = dayMs;

/** Clocks of clients may be behind ours. */
const backdatedMs = dayMs;

export interface Certificate {
  readonly secureContext: () => SecureContext;
  /** What clients trust. */
  readonly authorityPem: string;
  close(): void;
}

export interface CertificateOptions {
  /** Directory for keys and certificates; undefined: memory. */
  readonly directory: string | undefined;
  /** Host names and addresses beside localhost. */
  readonly names: readonly string[];
  readonly nowMs: () => number;
  readonly onRenewalFailure: (error: unknown) => void;
}

interface KeyPair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

interface Chain {
  readonly authority: KeyPair;
  readonly leaf: KeyPair;
}

const loopbackNames = ['localhost', '127.0.0.1', '::1'];

/** Finds or makes the chain, and renews it as long as it is open. */
export async function openCertificate(options: CertificateOptions): Promise<Certificate> {
  const names = [...new Set([...loopbackNames, ...options.names])];
  let chain = await currentChain(options.directory, names, options.nowMs());
  let context = contextOf(chain);
  const renew = async (): Promise<void> => {
    chain = await currentChain(options.directory, names, options.nowMs(), chain);
    context = contextOf(chain);
  };
  const timer = setInterval(() => void renew().catch(options.onRenewalFailure), renewalCheckEveryMs);
  timer.unref();
  return {
    secureContext: () => context,
    get authorityPem() {
      return chain.authority.certificatePem;
    },
    close: () => clearInterval(timer),
  };
}

/** A chain given by the operator. It is read once; a new one takes a restart. */
export async function loadCertificate(certificateFile: string, keyFile: string): Promise<Certificate> {
  const cert = await readFile(certificateFile, 'utf8');
  const context = createSecureContext({ cert, key: await readFile(keyFile, 'utf8'), minVersion: 'TLSv1.2' });
  return { secureContext: () => context, authorityPem: cert, close: () => undefined };
}

function contextOf({ authority, leaf }: Chain): SecureContext {
  return createSecureContext({ cert: leaf.certificatePem + authority.certificatePem, key: leaf.keyPem, minVersion: 'TLSv1.2' });
}

/** One chain for all in-memory servers of a process with the same names: test suites start many. */
const inMemory = new Map<string, Promise<Chain>>();
const inMemoryMax = 16;

async function currentChain(
  directory: string | undefined,
  names: readonly string[],
  nowMs: number,
  before?: Chain,
): Promise<Chain> {
  if (directory === undefined) {
    if (before !== undefined && isGood(before, names, nowMs)) return before;
    const label = names.join(' ');
    let shared = inMemory.get(label);
    if (shared === undefined || before !== undefined || !isGood(await shared, names, nowMs)) {
      if (inMemory.size >= inMemoryMax) inMemory.clear();
      shared = makeChain(names, nowMs, undefined);
      inMemory.set(label, shared);
    }
    return shared;
  }
  const found = before ?? (await readChain(directory));
  if (found !== undefined && isGood(found, names, nowMs)) return found;
  const made = await makeChain(names, nowMs, found);
  await writeChain(directory, made);
  return made;
}

function isGood({ authority, leaf }: Chain, names: readonly string[], nowMs: number): boolean {
  const certificate = new NodeCertificate(leaf.certificatePem);
  return (
    endsAfter(authority, nowMs + renewBeforeMs) &&
    endsAfter(leaf, nowMs + renewBeforeMs) &&
    certificate.verify(new NodeCertificate(authority.certificatePem).publicKey) &&
    names.every((name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined)
  );
}

function endsAfter(pair: KeyPair, milliseconds: number): boolean {
  return Date.parse(new NodeCertificate(pair.certificatePem).validTo) > milliseconds;
}

const files = {
  authorityCertificate: 'authority.pem',
  authorityKey: 'authority-key.pem',
  leafCertificate: 'server.pem',
  leafKey: 'server-key.pem',
} as const;

/** Undefined when any part is missing or damaged: then a new chain is made. */
async function readChain(directory: string): Promise<Chain | undefined> {
  const pem = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');
  try {
    const [authorityCertificate, authorityKey, leafCertificate, leafKey] = await Promise.all([
      pem(files.authorityCertificate),
      pem(files.authorityKey),
      pem(files.leafCertificate),
      pem(files.leafKey),
    ]);
    const chain = {
      authority: { certificatePem: authorityCertificate, keyPem: authorityKey },
      leaf: { certificatePem: leafCertificate, keyPem: leafKey },
    };
    contextOf(chain);
    new NodeCertificate(authorityCertificate);
    return chain;
  } catch {
    return undefined;
  }
}

async function writeChain(directory: string, { authority, leaf }: Chain): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const put = async (name: string, pem: string, mode: number): Promise<void> => {
    const path = join(directory, name);
    await writeFile(`${path}.new`, pem, { mode });
    await rename(`${path}.new`, path);
  };
  await put(files.authorityKey, authority.keyPem, 0o600);
  await put(files.authorityCertificate, authority.certificatePem, 0o644);
  await put(files.leafKey, leaf.keyPem, 0o600);
  await put(files.leafCertificate, leaf.certificatePem, 0o644);
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** Makes a leaf, and an authority too unless the former one still serves. */
async function makeChain(names: readonly string[], nowMs: number, former: Chain | undefined): Promise<Chain> {
  // Loaded only when something is made: it takes longer to load than everything else a start does.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(crypto);
  const { subtle } = crypto;
  const toPem = (der: ArrayBuffer): string =>
    `-----BEGIN PRIVATE KEY-----\n${Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`;
  const privatePem = async (key: webcrypto.CryptoKey): Promise<string> => toPem(await subtle.exportKey('pkcs8', key));
  const generate = (): Promise<webcrypto.CryptoKeyPair> => subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const notBefore = new Date(nowMs - backdatedMs);

  let authorityCertificate: InstanceType<typeof x509.X509Certificate>;
  let authorityKey: webcrypto.CryptoKey;
  let authority: KeyPair;
  if (former !== undefined && endsAfter(former.authority, nowMs + leafMsMax)) {
    authority = former.authority;
    authorityCertificate = new x509.X509Certificate(authority.certificatePem);
    const der = x509.PemConverter.decodeFirst(authority.keyPem);
    authorityKey = await subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
  } else {
    const keys = await generate();
    authorityKey = keys.privateKey;
    authorityCertificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=Meridian local authority',
      notBefore,
      notAfter: new Date(nowMs + authorityMsMax),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    authority = { certificatePem: `${authorityCertificate.toString('pem')}\n`, keyPem: await privatePem(keys.privateKey) };
  }

  const keys = await generate();
  const leaf = await x509.X509CertificateGenerator.create({
    subject: 'CN=localhost',
    issuer: authorityCertificate.subject,
    notBefore,
    notAfter: new Date(nowMs + leafMsMax),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: authorityKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((name) => ({ type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const), value: name })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(authorityCertificate.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { authority, leaf: { certificatePem: `${leaf.toString('pem')}\n`, keyPem: await privatePem(keys.privateKey) } };
}
