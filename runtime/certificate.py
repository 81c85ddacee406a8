"""The server's certificate: read with its key, and tried out in a handshake with ourselves before any peer meets it.

Everything that an operator can get wrong here ends in a sentence (CertificateError), and what clients will complain
about is known before they do: the trial is OpenSSL's own judgement, with the certificate as its own authority.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NamedTuple, NoReturn

from protocol.certificates import fingerprint

ENCRYPTED = "The key in {key} is encrypted. Decrypt it into another file: openssl pkey -in {key} -out FILE"
_ANOTHER = "The key in {key} is not the one of the certificate in {certificate}."
_REASONS = {
    "KEY_VALUES_MISMATCH": _ANOTHER,
    "KEY_TYPE_MISMATCH": _ANOTHER,
    "NO_CERTIFICATE_ASSIGNED": _ANOTHER,
    "EE_KEY_TOO_SMALL": "The key of the certificate in {certificate} is too small: 2,048 bits of RSA are the least.",
    "CA_MD_TOO_WEAK": "The certificate in {certificate} is signed with a hash that nobody trusts any more.",
}


class CertificateError(Exception):
    """The certificate can't be used; the text says why, and what to do."""


class Certificate(NamedTuple):
    """What a handshake needs, and what people want to know of it."""

    context: ssl.SSLContext
    fingerprint: str  # SHA-256, as OpenSSL prints it: "3F:9A:..."
    warning: str  # why clients may not accept it; "" for no reason that is known here


def load_certificate(certificate: Path, key: Path) -> Certificate:
    """Return the certificate, with the chain behind it, and its key, both in PEM. Raises CertificateError."""
    chain = _read(certificate, "CERTIFICATE")
    _read(key, "PRIVATE KEY")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION

    def refuse_password() -> NoReturn:
        raise CertificateError(ENCRYPTED.format(key=key))

    try:
        context.load_cert_chain(certificate, key, refuse_password)
        shown = _try_out(context, _client())
    except ssl.SSLError as error:
        reason = _REASONS.get(error.reason or "", "The certificate in {certificate} or its key in {key} is damaged.")
        raise CertificateError(reason.format(key=key, certificate=certificate)) from error
    return Certificate(context, fingerprint(shown), _warning(context, chain))


def _read(path: Path, label: str) -> str:
    """Return the text of a PEM file, one part of which has a `label` that ends so."""
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise CertificateError(f"Cannot read {path}: {error.strerror}.") from error
    if f"{label}-----" not in text:
        raise CertificateError(f"There is no {label.lower()} in {path}: in PEM, one begins -----BEGIN {label}-----")
    return text


def _client() -> ssl.SSLContext:
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False  # which of the server's names clients will use, nobody knows here
    client.verify_mode = ssl.CERT_NONE
    return client


def _warning(context: ssl.SSLContext, chain: str) -> str:
    client = _client()
    client.verify_mode = ssl.CERT_REQUIRED
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        client.load_verify_locations(cadata=chain)
        _try_out(context, client)
    except ssl.SSLCertVerificationError as error:
        return f"{error.verify_message}."
    return ""


def _try_out(context: ssl.SSLContext, client: ssl.SSLContext) -> bytes:
    """Shake hands with ourselves, in memory; return the certificate that was shown, in DER. Raises ssl.SSLError."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(to_client, to_server), context.wrap_bio(to_server, to_client, server_side=True)]
    waiting = list(ends)
    while waiting:
        for end in list(waiting):
            try:
                end.do_handshake()
                waiting.remove(end)
            except ssl.SSLWantReadError:
                continue
    return ends[0].getpeercert(binary_form=True) or b""
