// HMAC-SHA256 (RFC 2104) of short texts, checked once a request: H(key ^ opad, H(key ^ ipad, text)). It is made of two
// one-shot hashes over blocks that are prepared once a key: half the time of an Hmac object, and nothing for the
// collector to end. Signatures are compared in constant time.

import { hash, timingSafeEqual } from 'node:crypto';

const blockBytes = 64;
const digestBytes = 32;

/** A key with its two blocks. Opaque. */
export interface HmacKey {
  readonly inner: Uint8Array;
  readonly outer: Uint8Array;
}

export function hmacKeyOf(key: Uint8Array): HmacKey {
  const block = new Uint8Array(blockBytes);
  block.set(key.length > blockBytes ? hash('sha256', key, 'buffer') : key);
  return { inner: block.map((byte) => byte ^ 0x36), outer: block.map((byte) => byte ^ 0x5c) };
}

/** Reused, as checking is synchronous; longer texts get room of their own. */
const room = Buffer.alloc(4096);
const outerInput = Buffer.alloc(blockBytes + digestBytes);
const expected = Buffer.alloc(digestBytes);

/** Whether `signature` is that of the text, in UTF-8, under the key. Any signature may be asked about. */
export function isSignedBy(key: HmacKey, text: string, signature: Uint8Array): boolean {
  if (signature.length !== digestBytes) return false;
  const bytesMax = blockBytes + text.length * 3;
  const input = bytesMax <= room.length ? room : Buffer.allocUnsafe(bytesMax);
  input.set(key.inner);
  const length = blockBytes + input.write(text, blockBytes, 'utf8');
  outerInput.set(key.outer);
  // Digests as text: one call each, without a buffer of their own.
  outerInput.write(hash('sha256', input.subarray(0, length), 'hex'), blockBytes, 'hex');
  expected.write(hash('sha256', outerInput, 'hex'), 'hex');
  return timingSafeEqual(expected, signature);
}
