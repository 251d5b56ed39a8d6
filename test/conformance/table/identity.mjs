// Who and what the suite meets: the account of the storage emulators, a certificate for the names of the service, and a
// token of somebody signed in. Made anew for every run.

import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const accountName = 'devstoreaccount1';

/** Public: every client has it built in for `UseDevelopmentStorage=true`. */
const emulatorKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

const names = ['*.table.core.windows.net', '*.table.cosmos.azure.com'];

/** Other servers look at how an issuer's name begins. */
const issuer = 'https://sts.windows.net/conformance/';
const audience = 'https://storage.azure.com';
const subject = 'conformance-suite';

const service = 'Microsoft.Storage/storageAccounts/tableServices';
const role = {
  id: 'conformance',
  roleName: 'Everything that tests do with tokens',
  dataActions: ['read', 'write', 'tables/*', 'tables/entities/*'].map((action) => `${service}/${action}`),
};

/** Lets a server of ours take the bearer of the token for somebody who may do what the tests do. */
export async function admit(adminUrl, key) {
  for (const [path, record] of [
    ['definitions', role],
    ['assignments', { principalId: subject, roleDefinitionId: role.id, scope: '/' }],
  ]) {
    const headers = { 'x-meridian-key': key, 'content-type': 'application/json' };
    const answer = await fetch(`${adminUrl}/roles/${path}`, { method: 'POST', headers, body: JSON.stringify(record) });
    if (!answer.ok) throw new Error(`/roles/${path}: ${answer.status} ${await answer.text()}`);
  }
}

/** Resolves with the files, the key, the token, and the flags by which a server of ours takes all of them. */
export async function makeIdentity() {
  const directory = await mkdtemp(join(tmpdir(), 'meridian-identity-'));
  const { openCertificate } = await import('../../../dist/frontends/certificate.js');
  const certificate = await openCertificate({ directory, names, nowMs: Date.now, onRenewalFailure: () => undefined });
  certificate.close();
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const keysFile = join(directory, 'issuer.json');
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'conformance', alg: 'RS256', use: 'sig' }];
  await writeFile(keysFile, JSON.stringify({ keys }));
  const token = await new SignJWT({ oid: subject })
    .setProtectedHeader({ alg: 'RS256', kid: 'conformance' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(subject)
    .setIssuedAt()
    .setNotBefore('-1 minute')
    .setExpirationTime('6 hours')
    .sign(privateKey);
  const certificateFile = join(directory, 'server.pem');
  const certificateKeyFile = join(directory, 'server-key.pem');
  return {
    directory,
    key: emulatorKey,
    token,
    authorityFile: join(directory, 'authority.pem'),
    certificateFile,
    certificateKeyFile,
    flags: ['--tls-cert', certificateFile, '--tls-key', certificateKeyFile, '--issuer', `${issuer}=${keysFile}`].concat(
      ['--audience', audience, '--grant', `${subject}=table-contributor`],
    ),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
