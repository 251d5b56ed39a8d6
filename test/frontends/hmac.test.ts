// Signatures checked with one-shot hashes are those of the platform's own HMAC.

import { createHmac, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { hmacKeyOf, isSignedBy } from '../../frontends/hmac.ts';

const signatureOf = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

test('keys and texts of every length are signed as the platform signs them', () => {
  for (const keyBytes of [1, 32, 63, 64, 65, 200])
    for (const text of ['', 'a', 'é€𝄞'.repeat(7), 'x'.repeat(1343), 'x'.repeat(1344), '€'.repeat(30_000)]) {
      const key = randomBytes(keyBytes);
      expect(isSignedBy(hmacKeyOf(key), text, signatureOf(key, text)), `${keyBytes} ${text.length}`).toBe(true);
    }
});

test('another text, another key, and a signature with one bit or byte amiss are refused', () => {
  const key = randomBytes(64);
  const signature = signatureOf(key, 'text');
  const made = hmacKeyOf(key);
  expect(isSignedBy(made, 'texu', signature)).toBe(false);
  expect(isSignedBy(made, 'texts', signature)).toBe(false);
  expect(isSignedBy(hmacKeyOf(randomBytes(64)), 'text', signature)).toBe(false);
  const bent = Buffer.from(signature);
  bent[31]! ^= 1;
  expect(isSignedBy(made, 'text', bent)).toBe(false);
  for (const length of [0, 31]) expect(isSignedBy(made, 'text', signature.subarray(0, length))).toBe(false);
  expect(isSignedBy(made, 'text', Buffer.concat([signature, signature]))).toBe(false);
});

test('a short text after a long one is signed by itself', () => {
  const key = randomBytes(64);
  const made = hmacKeyOf(key);
  isSignedBy(made, 'a long text that stays in the room'.repeat(20), signatureOf(key, ''));
  expect(isSignedBy(made, 'short', signatureOf(key, 'short'))).toBe(true);
});
