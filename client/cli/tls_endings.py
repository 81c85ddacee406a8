"""How a connection over TLS ends before it begins: what is wrong, and what to do. Nothing of ours was sent by then."""

from __future__ import annotations

import ssl
import textwrap

from client.cli.exits import Ending, Exit, quoted, turned_away
from client.core.known_servers import Known
from protocol.text import WIDTH, excerpt

_SELF_SIGNED, _NOT_YET, _EXPIRED, _REVOKED = 18, 9, 10, 23  # X509_V_ERR_... of OpenSSL's x509_vfy.h
_UNKNOWN_ISSUER, _OTHER_HOST, _OTHER_ADDRESS = (19, 20, 21), 62, 64
_REASONS = {
    _SELF_SIGNED: "it is self-signed",
    _NOT_YET: "it is not valid yet, or the clock here is wrong",
    _EXPIRED: "it has expired, or the clock here is wrong",
    _REVOKED: "it was revoked",
    **dict.fromkeys(_UNKNOWN_ISSUER, "its authority is not known here"),
    _OTHER_HOST: "it is for another host",
    _OTHER_ADDRESS: "it is for another address",
}
_OLD_TLS = {"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "WRONG_SSL_VERSION"}
NOW_VOUCHED_FOR = "The server has a new certificate, for which authorities vouch. From now on they have to."
NOT_ENCRYPTED = "This connection is not encrypted, though the server is known to speak TLS. /quit, and add --tls."
_ASK = "Ask the person who runs it for the fingerprint that the server has printed at its start."


class Untrusted(Ending):
    """The server that answers is not known to be the one that is meant; nothing was sent to it."""

    def __init__(self, *paragraphs: str) -> None:
        """Each of `paragraphs` begins a line and is wrapped; a fingerprint stays whole, to be copied."""
        super().__init__(Exit.CANNOT_CONNECT, wrapped(*paragraphs))


class Unverified(Untrusted):
    """Nothing is known of the server, and its certificate can't be checked. A user may accept its `fingerprint`."""

    def __init__(self, where: str, why: str, fingerprint: str) -> None:
        self.introduction = (
            f"The certificate of {where} can't be checked: {why}. Its SHA-256 fingerprint:",
            fingerprint,
        )
        super().__init__(
            *self.introduction,
            f"Nothing was sent to the server. {_ASK} If it is this one, use --tls-fingerprint with it, or connect "
            "once from a terminal, where you can accept it.",
        )
        self.fingerprint = fingerprint


def wrapped(*paragraphs: str) -> str:
    """Return `paragraphs` as lines of at most WIDTH characters, but for longer words."""
    fill = textwrap.TextWrapper(WIDTH, break_on_hyphens=False, break_long_words=False).fill
    return "\n".join(map(fill, paragraphs))


def why_unverified(error: ssl.SSLCertVerificationError) -> str:
    """Return what is wrong with a certificate, as the end of a sentence."""
    return _REASONS.get(error.verify_code) or excerpt(error.verify_message)


def changed(where: str, known: Known, shown: str, file: str) -> Untrusted:
    """Return the ending for a certificate that is not the one that the user has accepted."""
    return Untrusted(
        f"THE CERTIFICATE OF {where} HAS CHANGED. Nothing was sent to it. Accepted was:",
        known.fingerprint,
        "The server shows now:",
        shown,
        f"Either it has a new certificate, or somebody stands between you and it. {_ASK} If it is the second one, "
        f"{_forget(known, file)} and connect again.",
    )


def no_longer_vouched_for(where: str, why: str, known: Known, shown: str, file: str) -> Untrusted:
    """Return the ending for a server for which authorities have vouched before, and don't now."""
    return Untrusted(
        f"THE CERTIFICATE OF {where} CAN'T BE CHECKED ANY MORE: {why}. Nothing was sent to it. It shows:",
        shown,
        "Authorities vouched for this server before (if they were those of a --tls-ca FILE, name it again). Either it "
        f"has a new certificate, or somebody stands between you and it. {_ASK} If it is this one, "
        f"{_forget(known, file)} and connect again from a terminal.",
    )


def _forget(known: Known, file: str) -> str:
    return f"delete line {known.line} of {file}" if known.line else "start the client anew"


def not_kept(file: str, why: str) -> str:
    """Return the notice for a certificate that was accepted and can't be written down."""
    return f"The certificate can't be kept in {file} ({why}). You will be asked again."


def other_fingerprint(where: str, wanted: str, shown: str) -> Untrusted:
    """Return the ending for a certificate that is not the one of --tls-fingerprint."""
    return Untrusted(
        f"THE CERTIFICATE OF {where} IS ANOTHER ONE. Nothing was sent to it. You gave --tls-fingerprint:",
        wanted,
        "The server shows:",
        shown,
        f"Either it has a new certificate, or somebody stands between you and it. {_ASK}",
    )


def no_tls(where: str, said: bytes, known: Known | None) -> Ending:
    """Return the ending for a port where something else than TLS is spoken; `said` are its first bytes.

    A server that turns a connection away, since it is full or we are banned, says so in text, before it looks at what
    comes. Anybody on the way could say that, and gain nothing: they can cut the connection as well.
    """
    away = turned_away(said)
    if away is not None:
        return away
    did = "does not speak TLS" if said else "closed the connection instead of speaking TLS"
    if known is None:
        did = ": ".join(filter(None, (did, quoted(said))))
        return Untrusted(f"{where} {did}. Leave out --tls, if you trust the network, or check the port.")
    return Untrusted(
        f"{where} SPOKE TLS BEFORE, AND DOES NOT NOW. Nothing was sent to it. Either TLS was switched off there, or "
        "somebody stands between you and the server; without --tls, anybody on the way can read along."
    )


def no_handshake(where: str, error: OSError | ValueError, seconds: float) -> Ending:
    """Return the ending for a handshake that failed, after `seconds` if it was for no answer."""
    reason = getattr(error, "reason", None) or ""
    if isinstance(error, TimeoutError):
        why = f"it did not finish the TLS handshake within {seconds:.0f} s. Try again, or check the port"
    elif reason in _OLD_TLS:
        why = "it speaks no TLS of version 1.2 or newer"
    elif isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ConnectionError):
        why = "it closed the connection during the TLS handshake"
    else:
        words = reason.replace("_", " ").lower() or getattr(error, "strerror", None) or str(error)
        why = f"the TLS handshake failed ({excerpt(words)})"
    return Ending(Exit.CANNOT_CONNECT, f"Cannot connect to {where}: {why}.")


def no_authorities(error: OSError) -> Ending:
    """Return the ending for a file of --tls-ca that can't be used."""
    why = "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
    return Ending(Exit.ERROR, f"The FILE of --tls-ca can't be used: {why}.")


def speaks_tls() -> Ending:
    """Return the ending for a server that speaks TLS while we don't."""
    return Ending(Exit.CANNOT_CONNECT, "The server speaks TLS. Connect with --tls.")
