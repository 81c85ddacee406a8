"""What both ends know of a certificate: its fingerprint, which people compare, and the public key in it. Pure.

A certificate is bytes here, in DER (X.690), the form in which it goes over the wire and is hashed.
"""

from __future__ import annotations

import hashlib
import re

_DIGITS = 64  # of a SHA-256 in hex
_LABEL = re.compile(r"\s*(sha-?256)?(\s*fingerprint)?\s*[=:]?\s*", re.IGNORECASE)
_SEQUENCE, _VERSION = 0x30, 0xA0  # tags
_BEFORE_KEY = 5  # parts that stand before the key: serial number, signature, issuer, validity, subject (RFC 5280, 4.1)


def fingerprint(certificate: bytes) -> str:
    """Return the SHA-256 fingerprint as `openssl x509 -fingerprint -sha256` prints it: pairs of digits, `AB:CD:...`."""
    return hashlib.sha256(certificate).digest().hex(":").upper()


def parsed_fingerprint(text: str) -> str:
    """Return the fingerprint that `text` is, in the form of `fingerprint`. Raises ValueError.

    Colons and blanks in it don't matter, nor does the case, nor `sha256 Fingerprint=` before it.
    """
    digits = re.sub(r"[:\s]", "", text[_LABEL.match(text).end() :])  # type: ignore[union-attr]  # it matches anything
    if len(digits) != _DIGITS or not re.fullmatch("[0-9A-Fa-f]+", digits):
        raise ValueError("that is not a SHA-256 fingerprint: it has 32 pairs of hexadecimal digits, AB:CD:...")
    return bytes.fromhex(digits).hex(":").upper()


def public_key(certificate: bytes) -> str:
    """Return the SHA-256 of the certificate's public key (RFC 5280: SubjectPublicKeyInfo), in hex.

    It stays the same when a certificate is renewed for the same key. Raises ValueError for what is no certificate.
    """
    try:
        at = _content(certificate, _content(certificate, 0))
        at = _end(certificate, at) if certificate[at] == _VERSION else at
        for _ in range(_BEFORE_KEY):
            at = _end(certificate, at)
        _content(certificate, at)
        return hashlib.sha256(certificate[at : _end(certificate, at)]).hexdigest()
    except IndexError:
        raise ValueError("that is not a certificate") from None


def _content(der: bytes, at: int) -> int:
    """Return where the content of the sequence at `at` begins. Raises ValueError if there is none."""
    if der[at] != _SEQUENCE:
        raise ValueError("that is not a certificate")
    return _bounds(der, at)[0]


def _end(der: bytes, at: int) -> int:
    """Return where the element at `at` ends."""
    return _bounds(der, at)[1]


def _bounds(der: bytes, at: int) -> tuple[int, int]:
    """Return where the content of the element at `at` begins and ends: behind a tag and a length (X.690, 8.1)."""
    length, start = der[at + 1], at + 2
    if length & 0x80:  # it is the number of bytes that the length takes
        count = length & 0x7F
        length, start = int.from_bytes(der[start : start + count], "big"), start + count
    if start + length > len(der):
        raise ValueError("that is not a certificate")
    return start, start + length
