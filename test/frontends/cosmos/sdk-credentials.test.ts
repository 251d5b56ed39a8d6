// The ways of @azure/cosmos to say who asks, unmodified: resource tokens, a feed of permissions, a token provider, and
// credentials of an issuer.

import { createHmac } from 'node:crypto';
import { Agent } from 'node:https';
import { CosmosClient, PermissionMode, type Container, type Database } from '@azure/cosmos';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BearerTokens } from '../../../frontends/bearer.ts';
import { openCertificate, type Certificate } from '../../../frontends/certificate.ts';
import { fixedKeySet, type PublicJwk } from '../../../frontends/key-set.ts';
import { builtInRoles } from '../../../frontends/roles.ts';
import { keys, start, type Started } from './start.ts';

let server: Started;
let certificate: Certificate;
let owner: CosmosClient;
let database: Database;
let orders: Container;
let token: string;

beforeAll(async () => {
  const pair = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k' } as PublicJwk;
  const issuer = 'https://issuer.example/';
  const nowMs = (): number => Date.now();
  certificate = await openCertificate({ directory: undefined, names: [], nowMs, onRenewalFailure: () => undefined });
  server = await start({
    deployment: {
      secureContext: certificate.secureContext,
      bearerTokens: new BearerTokens({
        issuers: [{ name: issuer, keys: fixedKeySet([jwk]) }],
        audiences: ['https://cosmos.azure.com'],
        toleranceSeconds: 0,
        nowMs,
      }),
      roleAssignments: [{ id: 'a', principalId: 'app', roleDefinitionId: builtInRoles[1]!.id, scope: '/dbs/shop' }],
    },
  });
  token = await new SignJWT({ iss: issuer, aud: 'https://cosmos.azure.com', oid: 'app' })
    .setProtectedHeader({ alg: 'RS256', kid: 'k' })
    .setExpirationTime('10m')
    .sign(pair.privateKey);
  owner = new CosmosClient({ endpoint: server.endpoint, key: keys.primary });
  ({ database } = await owner.databases.create({ id: 'shop' }));
  ({ container: orders } = await database.containers.create({ id: 'orders', partitionKey: { paths: ['/customer'] } }));
  for (const customer of ['ann', 'bob']) await orders.items.create({ id: 'first', customer });
});

afterAll(async () => {
  expect(server.faults).toEqual([]);
  owner.dispose();
  await server.stop();
  certificate.close();
});

async function withClient(
  credentials: Omit<ConstructorParameters<typeof CosmosClient>[0] & object, 'endpoint'>,
  use: (container: Container, client: CosmosClient) => Promise<void>,
): Promise<void> {
  // Over TLS: the client sends bearer tokens in no other way.
  const agent = new Agent({ ca: certificate.authorityPem });
  const client = new CosmosClient({ endpoint: `https://localhost:${server.port}/`, agent, ...credentials });
  try {
    await use(client.database('shop').container('orders'), client);
  } finally {
    client.dispose();
    agent.destroy();
  }
}

describe('users and permissions', () => {
  it('are created, read, listed, queried, replaced, upserted and deleted', async () => {
    const { user } = await database.users.create({ id: 'crud' });
    expect((await user.read()).resource).toMatchObject({ id: 'crud' });
    await expect(database.users.create({ id: 'crud' })).rejects.toMatchObject({ code: 409 });
    expect((await database.users.readAll().fetchAll()).resources.map(({ id }) => id)).toContain('crud');
    expect(
      (await database.users.query({ query: "SELECT * FROM u WHERE u.id = 'crud'" }).fetchAll()).resources,
    ).toHaveLength(1);
    const { permission } = await user.permissions.create({
      id: 'p',
      permissionMode: PermissionMode.Read,
      resource: orders.url,
    });
    const { resource: read } = await permission.read();
    expect(read).toMatchObject({ id: 'p', permissionMode: PermissionMode.Read, resource: orders.url });
    expect(
      (await user.permissions.query({ query: "SELECT * FROM p WHERE p.id = 'p'" }).fetchAll()).resources,
    ).toHaveLength(1);
    const renamed = { id: 'q', permissionMode: PermissionMode.All, resource: orders.url };
    expect((await permission.replace(renamed)).resource).toMatchObject(renamed);
    expect((await user.permissions.upsert(renamed)).resource).toMatchObject(renamed);
    expect((await user.permissions.readAll().fetchAll()).resources).toHaveLength(1);
    await user.permission('q').delete();
    await expect(user.permission('q').read()).rejects.toMatchObject({ code: 404 });
    await user.replace({ id: 'renamed' });
    await database.user('renamed').delete();
    await expect(database.user('renamed').read()).rejects.toMatchObject({ code: 404 });
  });
});

describe('a client', () => {
  it('with resource tokens reads and queries its container, and writes nothing', async () => {
    const { user } = await database.users.create({ id: 'reader' });
    const { resource } = await user.permissions.create({
      id: 'p',
      permissionMode: PermissionMode.Read,
      resource: orders.url,
    });
    await withClient({ resourceTokens: { [orders.url]: resource!._token } }, async (container, client) => {
      expect((await container.item('first', 'ann').read()).resource).toMatchObject({ customer: 'ann' });
      const sorted = container.items.query('SELECT VALUE c.customer FROM c ORDER BY c.customer');
      expect((await sorted.fetchAll()).resources).toEqual(['ann', 'bob']);
      expect((await container.items.readAll().fetchAll()).resources).toHaveLength(2);
      await expect(container.items.create({ id: 'x', customer: 'ann' })).rejects.toMatchObject({ code: 403 });
      await expect(container.delete()).rejects.toMatchObject({ code: 403 });
      await expect(client.database('shop').read()).rejects.toThrow();
    });
  });

  it('with a feed of permissions for one partition key sees that one', async () => {
    const { user } = await database.users.create({ id: 'ann' });
    await user.permissions.create({
      id: 'p',
      permissionMode: PermissionMode.All,
      resource: orders.url,
      resourcePartitionKey: ['ann'],
    });
    const { resources: permissionFeed } = await user.permissions.readAll().fetchAll();
    await withClient({ permissionFeed: permissionFeed as never }, async (container) => {
      await container.items.upsert({ id: 'second', customer: 'ann' });
      const query = (partitionKey?: string) =>
        container.items.query('SELECT VALUE c.customer FROM c', { ...(partitionKey && { partitionKey }) }).fetchAll();
      expect((await query('ann')).resources).toEqual(['ann', 'ann']);
      await expect(query('bob')).rejects.toMatchObject({ code: 403 });
      await expect(query()).rejects.toMatchObject({ code: 403 });
      await expect(container.item('first', 'bob').read()).rejects.toMatchObject({ code: 403 });
    });
  });

  it('with a token provider signs for itself', async () => {
    const tokenProvider = (info: { verb: string; resourceId?: string; resourceType: string; headers: object }) => {
      const date = (info.headers as Record<string, string>)['x-ms-date']!;
      const text = `${info.verb.toLowerCase()}\n${info.resourceType}\n${info.resourceId ?? ''}\n${date.toLowerCase()}\n\n`;
      const signature = createHmac('sha256', Buffer.from(keys.secondary, 'base64')).update(text).digest('base64');
      return Promise.resolve(`type=master&ver=1.0&sig=${signature}`);
    };
    await withClient({ tokenProvider: tokenProvider as never }, async (container) => {
      expect((await container.item('first', 'bob').read()).resource).toMatchObject({ customer: 'bob' });
    });
  });

  it('with credentials of an issuer does what its roles allow', async () => {
    const aadCredentials = { getToken: () => Promise.resolve({ token, expiresOnTimestamp: Date.now() + 600_000 }) };
    await withClient({ aadCredentials }, async (container, client) => {
      await container.items.upsert({ id: 'third', customer: 'cid' });
      expect((await container.item('third', 'cid').read()).resource).toMatchObject({ id: 'third' });
      expect(
        (await container.items.query("SELECT * FROM c WHERE c.customer = 'cid'").fetchAll()).resources,
      ).toHaveLength(1);
      const creates = client.database('shop').containers.create({ id: 'no', partitionKey: { paths: ['/a'] } });
      await expect(creates).rejects.toMatchObject({ code: 403, substatus: 5300 });
      await expect(client.database('other').read()).rejects.toMatchObject({ code: 403 });
    });
  });
});
