"""Hashing passwords: scrypt (RFC 7914), parameters and salt kept with each hash.

n=2^14, r=8, p=5 is the smallest set with n=2^14 that OWASP's password storage recommendations list; it takes about
0.2 s and 16 MiB. It releases the interpreter's lock meanwhile, so a worker thread can hash while the loop runs.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass

N, R, P = 2**14, 8, 5
SALT_SIZE = 16
HASH_SIZE = 32

# What a line that somebody wrote by hand may ask for: OpenSSL's memory, 128 * r * (n + p + 2) bytes, and repetitions.
_MEMORY_LIMIT = 64 * 1024 * 1024
_P_LIMIT = 16


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A password as it is kept. `str` is its text, `parse` reads that again."""

    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    def __str__(self) -> str:
        """Return `scrypt:16384:8:5:SALT:DIGEST`, the last two in base64."""
        encoded = [base64.b64encode(part).decode() for part in (self.salt, self.digest)]
        return ":".join(("scrypt", str(self.n), str(self.r), str(self.p), *encoded))

    @staticmethod
    def parse(text: str) -> PasswordHash:
        """Return the hash that `text` says. Raises ValueError when it says none, or one that scrypt can't make."""
        parts = text.split(":")
        if parts[0] != "scrypt" or len(parts) != 6:
            raise ValueError("it holds no scrypt hash")
        try:
            n, r, p = map(int, parts[1:4])
            salt, digest = map(_decode, parts[4:])
        except ValueError:  # binascii.Error is one too
            raise ValueError("its scrypt hash is damaged") from None
        if n < 2 or n & (n - 1) or r < 1 or not 1 <= p <= _P_LIMIT or 128 * r * (n + p + 2) > _MEMORY_LIMIT:
            raise ValueError("its scrypt parameters are impossible")
        if r < 8 and n >= 1 << 16 * r:  # RFC 7914, section 2: N is less than 2^(128 * r / 8)
            raise ValueError("its scrypt parameters are impossible")
        return PasswordHash(n, r, p, salt, digest)

    def matches(self, password: str) -> bool:
        """Return whether this is the hash of `password`; takes as long for any answer."""
        return hmac.compare_digest(self._derive(password), self.digest)

    def _derive(self, password: str) -> bytes:
        return hashlib.scrypt(
            password.encode(),
            salt=self.salt,
            n=self.n,
            r=self.r,
            p=self.p,
            maxmem=_MEMORY_LIMIT,
            dklen=len(self.digest),
        )

    @staticmethod
    def of(password: str) -> PasswordHash:
        """Return the hash of `password` with a new salt."""
        blank = PasswordHash(N, R, P, os.urandom(SALT_SIZE), bytes(HASH_SIZE))
        return PasswordHash(N, R, P, blank.salt, blank._derive(password))


def _decode(text: str) -> bytes:
    decoded = base64.b64decode(text, validate=True)
    if not 8 <= len(decoded) <= 64 or base64.b64encode(decoded).decode() != text:  # Python 3.10 takes odd paddings
        raise ValueError("salt or digest of an odd size")
    return decoded


# What a password for a name that has no account is compared with, so that the answer takes as long as for one that has.
NOBODY = PasswordHash(N, R, P, bytes(SALT_SIZE), bytes(HASH_SIZE))


def hash_in(record: str) -> PasswordHash:
    """Return the hash that is a record of the room; NOBODY for one that is none, or is of a kind not known here."""
    try:
        return PasswordHash.parse(record)
    except ValueError:
        return NOBODY
