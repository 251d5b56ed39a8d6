// The keys of issuers: which texts hold some, where they may be fetched from, and when they are fetched again.

import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { isFetchable, openKeySet, parseKeys, RemoteKeySet } from '../../frontends/key-set.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = pair.publicKey.export({ format: 'jwk' });
const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const setOf = (...kids: string[]): string => JSON.stringify({ keys: kids.map((kid) => ({ ...jwk, kid })) });

test('a set, a key and a PEM are keys', () => {
  expect(parseKeys(setOf('a', 'b')).map(({ kid }) => kid)).toEqual(['a', 'b']);
  expect(parseKeys(JSON.stringify(jwk))).toEqual([jwk]);
  expect(parseKeys(pem)).toMatchObject([{ kty: 'EC', crv: 'P-256' }]);
});

test('what is secret, not for signatures, or nothing is no key', () => {
  const secret = { kty: 'oct', k: 'AAAA', kid: 's' };
  expect(
    parseKeys(JSON.stringify({ keys: [secret, { ...jwk, use: 'enc' }, { ...jwk, kid: 'a' }, null, 1] })),
  ).toHaveLength(1);
  const privatePem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const cases = [
    JSON.stringify(secret),
    '{"keys":[]}',
    '[]',
    'x',
    '',
    privatePem,
    JSON.stringify(pair.privateKey.export({ format: 'jwk' })),
    '-----BEGIN NOTHING-----',
    '"'.repeat(300_000),
  ];
  for (const text of cases) expect(() => parseKeys(text)).toThrow('the keys of an issuer cannot be used');
});

test('a set is fetched again for an unknown key, but not at once, and when it is old', async () => {
  let nowMs = 0;
  let fetched = 0;
  let answer: string | Error = setOf('a');
  const keys = new RemoteKeySet(
    () => {
      fetched++;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    () => nowMs,
  );
  expect(await keys.find('a')).toHaveLength(1);
  expect(await keys.find('a')).toHaveLength(1);
  expect(fetched).toBe(1);
  answer = setOf('a', 'b');
  expect(await keys.find('b')).toHaveLength(0);
  expect(fetched).toBe(1);
  nowMs = 30_000;
  const together = await Promise.all([keys.find('b'), keys.find('b')]);
  expect(together.map((found) => found.length)).toEqual([1, 1]);
  expect(fetched).toBe(2);
  // An issuer that is away leaves what is known.
  nowMs += 3_600_000;
  answer = new Error('away');
  expect(await keys.find('b')).toHaveLength(1);
  expect(fetched).toBe(3);
});

test('an issuer that never answered is not there', async () => {
  const keys = new RemoteKeySet(
    () => Promise.reject(new Error('away')),
    () => 0,
  );
  await expect(keys.find('a')).rejects.toMatchObject({ code: 'Unavailable' });
});

test.each([
  '127.0.0.1',
  '127.9.9.9',
  '0.0.0.0',
  '169.254.169.254',
  '224.0.0.1',
  '255.255.255.255',
  '::1',
  '::',
  'fe80::1',
  'fd00:ec2::254',
  '::ffff:127.0.0.1',
  '::ffff:169.254.169.254',
  'localhost',
  '',
])('nothing is fetched from %s', (address) => {
  expect(isFetchable(address)).toBe(false);
});

test.each(['20.190.160.1', '10.1.2.3', '2603:1006:2000::1'])('keys may be fetched from %s', (address) => {
  expect(isFetchable(address)).toBe(true);
});

test('addresses must be https, and their names must not lead inside', async () => {
  await expect(openKeySet('http://issuer.example/keys', Date.now)).rejects.toThrow('https');
  for (const address of ['https://127.0.0.1:1/keys', 'https://[::1]:1/keys', 'https://localhost:1/keys']) {
    const keys = await openKeySet(address, Date.now);
    const error = await keys.find('a').catch((thrown: unknown) => thrown as Error);
    expect(String((error as Error).cause)).toContain('not fetched from');
  }
  await expect(openKeySet('/nowhere/keys.json', Date.now)).rejects.toThrow('cannot be read');
  expect(await (await openKeySet(setOf('a'), Date.now)).find('a')).toHaveLength(1);
});
