"""Names and passwords of users, the same in every program of this folder and in JavaScript's.

A password is never stored. What is stored is one text, `scrypt$N$r$p$salt$hash`: a hash that is slow to compute on
purpose, over a salt that no two users share, together with how it was made.
"""

import hashlib
import hmac
import re
import secrets
import unicodedata

# About a tenth of a second and 32 MiB for each attempt.
N, R, P = 32_768, 8, 1

# A hash of nobody's: an unknown user takes as long to refuse as a wrong password.
NOBODY = f"scrypt${N}${R}${P}${'00' * 16}${'00' * 32}"


class NameTaken(Exception):
    pass


def user_key(username):
    """The key of a user's item. Names differ in more than their case, and are legal keys behind every door."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", username):
        raise ValueError("a user name is 1 to 63 letters, digits, dots, dashes and underscores")
    return username.lower()


def hash_password(password):
    salt = secrets.token_bytes(16)
    return f"scrypt${N}${R}${P}${salt.hex()}${_derived(password, salt, N, R, P).hex()}"


def verify_password(password, stored=None):
    _, n, r, p, salt, expected = (stored or NOBODY).split("$")
    given = _derived(password, bytes.fromhex(salt), int(n), int(r), int(p))
    # Takes as long wherever the first difference is.
    return hmac.compare_digest(given, bytes.fromhex(expected))


def _derived(password, salt, n, r, p):
    # One form of each letter, whatever the keyboard sends.
    secret = unicodedata.normalize("NFKC", password).encode()
    return hashlib.scrypt(secret, salt=salt, n=n, r=r, p=p, dklen=32, maxmem=256 * n * r)
