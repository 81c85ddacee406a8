"""runtime/certificate.py: what can be wrong with a certificate or its key ends in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.certificate import CertificateError, load_certificate
from tests.support.certificates import Certificates, Files, openssl


@pytest.mark.parametrize("rsa", [False, True])
def test_the_fingerprint_is_the_one_that_openssl_shows(certificates: Certificates, rsa: bool) -> None:
    made = certificates.self_signed(rsa=rsa)
    shown = openssl("x509", "-in", made.cert, "-noout", "-fingerprint", "-sha256")
    loaded = load_certificate(*made.files)
    assert shown.strip().partition("=")[2] == loaded.fingerprint
    assert loaded.warning == ""


def test_one_file_may_hold_both(tmp_path: Path, certificate: Files) -> None:
    both = tmp_path / "both.pem"
    both.write_text("".join(path.read_text() for path in certificate))
    assert load_certificate(both, both).fingerprint == load_certificate(*certificate).fingerprint


def test_an_expired_one_is_served_with_a_warning(certificates: Certificates) -> None:
    expired = certificates.authority().issues(days=-1)
    assert load_certificate(*expired.files).warning == "certificate has expired."


@pytest.mark.parametrize("rsa", [False, True])
def test_a_key_of_another_certificate_is_refused(certificates: Certificates, certificate: Files, rsa: bool) -> None:
    other = certificates.self_signed(rsa=rsa)
    with pytest.raises(CertificateError, match=f"The key in {other.key} is not the one of the certificate in "):
        load_certificate(certificate[0], other.key)


def test_an_encrypted_key_is_refused_and_asks_nobody(tmp_path: Path, certificate: Files) -> None:
    locked = tmp_path / "locked.key"
    openssl("pkey", "-in", certificate[1], "-aes128", "-passout", "pass:secret", "-out", locked)
    with pytest.raises(CertificateError, match=r"locked.key is encrypted. Decrypt it into another file: openssl pkey"):
        load_certificate(certificate[0], locked)


def test_a_key_that_is_too_small_is_refused(tmp_path: Path) -> None:
    certificate, key = tmp_path / "small.crt", tmp_path / "small.key"
    openssl("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=small", "-keyout", key, "-out", certificate)
    with pytest.raises(CertificateError, match="is too small: 2,048 bits of RSA are the least"):
        load_certificate(certificate, key)


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(None, "Cannot read .*: No such file or directory", id="missing"),
        pytest.param("", "There is no (certificate|private key) in ", id="empty"),
        pytest.param("-----BEGIN {0}-----\nbad\n-----END {0}-----\n", "is damaged", id="damaged"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_named(
    tmp_path: Path, certificate: Files, which: int, content: str | None, why: str
) -> None:
    bad = tmp_path / "bad.pem"
    if content is not None:
        bad.write_text(content.format(("CERTIFICATE", "PRIVATE KEY")[which]))
    files = [*certificate]
    files[which] = bad
    with pytest.raises(CertificateError, match=why) as caught:
        load_certificate(*files)
    assert str(bad) in str(caught.value)
