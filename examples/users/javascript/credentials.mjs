// Names and passwords of users, the same in every program of this folder and in Python's.
//
// A password is never stored. What is stored is one text, `scrypt$N$r$p$salt$hash`: a hash that is slow to compute on
// purpose, over a salt that no two users share, together with how it was made.

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(scrypt);

// About a tenth of a second and 32 MiB for each attempt.
const cost = { N: 32_768, r: 8, p: 1 };

/** A hash of nobody's: an unknown user takes as long to refuse as a wrong password. */
const nobody = `scrypt$${cost.N}$${cost.r}$${cost.p}$${'00'.repeat(16)}$${'00'.repeat(32)}`;

export class NameTaken extends Error {}

/** The key of a user's item. Names differ in more than their case, and are legal keys behind every door. */
export function userKey(username) {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(username))
    throw new RangeError('a user name is 1 to 63 letters, digits, dots, dashes and underscores');
  return username.toLowerCase();
}

export async function hashPassword(password) {
  const salt = randomBytes(16);
  const hash = await derived(password, salt, cost);
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('hex'), hash.toString('hex')].join('$');
}

export async function verifyPassword(password, stored = nobody) {
  const [, N, r, p, salt, hash] = stored.split('$');
  const given = await derived(password, Buffer.from(salt, 'hex'), { N: Number(N), r: Number(r), p: Number(p) });
  // Takes as long wherever the first difference is.
  return timingSafeEqual(given, Buffer.from(hash, 'hex'));
}

function derived(password, salt, { N, r, p }) {
  // One form of each letter, whatever the keyboard sends.
  return derive(password.normalize('NFKC'), salt, 32, { N, r, p, maxmem: 256 * N * r });
}
