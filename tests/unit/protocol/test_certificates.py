"""protocol.certificates: fingerprints as people compare them, and the key in a certificate, beside openssl."""

from __future__ import annotations

import hashlib

import pytest

from protocol.certificates import fingerprint, parsed_fingerprint, public_key
from tests.support.certificates import Certificates, openssl
from tests.support.programs import needs

PRINT = hashlib.sha256(b"x").digest().hex(":").upper()


@needs("openssl")
@pytest.mark.parametrize("rsa", [False, True])
def test_both_are_those_that_openssl_finds(certificates: Certificates, rsa: bool) -> None:  # T3
    made = certificates.self_signed(rsa=rsa)
    printed = openssl("x509", "-in", made.cert, "-noout", "-fingerprint", "-sha256")
    assert fingerprint(made.der) == parsed_fingerprint(printed) == printed.strip().partition("=")[2]
    key = made.cert.with_suffix(".der")
    openssl("pkey", "-in", made.key, "-pubout", "-outform", "DER", "-out", key)
    assert public_key(made.der) == hashlib.sha256(key.read_bytes()).hexdigest()


@needs("openssl")
def test_a_renewed_certificate_has_another_fingerprint_and_may_have_the_same_key(certificates: Certificates) -> None:
    old = certificates.self_signed()
    renewed, other = certificates.self_signed(key=old.key), certificates.self_signed()
    assert len({old.fingerprint, renewed.fingerprint, other.fingerprint}) == 3
    assert public_key(old.der) == public_key(renewed.der) != public_key(other.der)


@needs("openssl")
def test_a_certificate_of_version_1_has_a_key_too(certificates: Certificates) -> None:
    made = certificates.self_signed()
    request, old = made.cert.with_suffix(".csr"), made.cert.with_suffix(".v1")
    openssl("req", "-new", "-key", made.key, "-subj", "/CN=a test", "-out", request)
    openssl("x509", "-req", "-in", request, "-signkey", made.key, "-outform", "DER", "-out", old)
    assert public_key(old.read_bytes()) == public_key(made.der)


@pytest.mark.parametrize(
    "der", [b"", b"0", b"0\x03abc", b"\x04\x02\x30\x00", b"0\x82\xff\xff", b"0\x020\x00", b"0\x84"]
)
def test_what_is_no_certificate_has_no_key(der: bytes) -> None:
    with pytest.raises(ValueError, match="that is not a certificate"):
        public_key(der)


@pytest.mark.parametrize(
    "text",
    [
        PRINT,
        PRINT.lower(),
        PRINT.replace(":", ""),
        PRINT.replace(":", " "),
        f"sha256 Fingerprint={PRINT}",
        f"SHA-256: {PRINT}",
        f"SHA256:{PRINT}\n",
        f" fingerprint {PRINT[:47]}\n{PRINT[47:]} ",
    ],
)
def test_a_fingerprint_may_be_written_in_many_ways(text: str) -> None:
    assert parsed_fingerprint(text) == PRINT


@pytest.mark.parametrize("text", ["", "yes", PRINT[:-1], f"{PRINT}:AB", PRINT.replace(":", "-"), "g" * 64, "٣" * 64])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="32 pairs"):
        parsed_fingerprint(text)
