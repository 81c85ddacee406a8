"""Encryption: what the port has to do with TLS: its certificate, who may speak plain, and whose handshake is next.

A handshake is the dearest thing that a stranger can ask of the loop: 180 us with a key on P-256, 400 us with RSA-2048,
several ms with RSA-4096. So a turn does as many as fit into `limits.TURN_HANDSHAKES` seconds, and one at least. The
others wait for the next turn, in the order in which they were ready, while everybody else is served. A connection has
one handshake (renegotiation is refused), so the limits for new connections of an address (chat.admission) are limits
for handshakes, too.
"""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

from chat import limits
from chat.delivery.detection import Security
from chat.networks import Network, address_of
from runtime.certificate import Certificate, CertificateError, load_certificate
from runtime.log_writer import RateLimitedLog
from runtime.peers import Peer
from runtime.tls import TlsTransport

FAILURES_PER_SECOND = 10  # log lines: a scan must not flood the log

log = logging.getLogger("server")


class Encryption:
    """The certificate of a port that speaks TLS, and who has to."""

    def __init__(self, certificate: Path, key: Path, plain_from: tuple[Network, ...] | None = None) -> None:
        """Read the files `certificate` and `key`. Only `plain_from` may speak plain; with None, everybody.

        Raises CertificateError.
        """
        self._files = certificate, key
        self._plain_from = plain_from
        self._certificate = load_certificate(certificate, key)
        self._log_warning()

    @property
    def certificate(self) -> Certificate:
        """The certificate that the next handshakes show."""
        return self._certificate

    def reload(self) -> None:
        """Read the files again, for new connections; if they can't be used, log that and keep the old certificate."""
        try:
            self._certificate = load_certificate(*self._files)
        except CertificateError as error:
            log.warning("%s The certificate of before stays.", error)
            return
        log.info("Certificate: SHA-256 fingerprint %s", self._certificate.fingerprint)
        self._log_warning()

    def _log_warning(self) -> None:
        if self._certificate.warning:
            log.warning("Clients will not accept %s: %s", self._files[0], self._certificate.warning)

    def security_for(self, host: str) -> Security:
        """Return what TLS is to a peer from `host`."""
        if self._plain_from is None or any(address_of(host) in network for network in self._plain_from):
            return Security.OPTIONAL
        return Security.REQUIRED

    def begin(self, sock: socket.socket, start: bytes) -> TlsTransport:
        """Return the transport of a peer that has begun TLS with the bytes `start`."""
        return TlsTransport(sock, self._certificate.context, start)


class Handshakes:
    """TLS as the loop sees it: who may begin it, the handshakes under way, and whose turn it is."""

    def __init__(self, encryption: Encryption | None, clock: Callable[[], float]) -> None:
        """Without `encryption` there is no TLS; `clock` tells what a handshake costs."""
        self._encryption = encryption
        self._clock = clock
        self.ready: dict[Peer, None] = {}  # those that have something to go on with, the longest ready first
        self._failed = RateLimitedLog(log, FAILURES_PER_SECOND, "%d more TLS handshakes have failed")

    def security_for(self, host: str) -> Security:
        """Return what TLS is to a peer from `host`."""
        return self._encryption.security_for(host) if self._encryption else Security.NONE

    def reload(self) -> None:
        """Read the certificate again, if there is one."""
        if self._encryption is not None:
            self._encryption.reload()

    def begin(self, peer: Peer, start: bytes) -> None:
        """Go on with `peer` in TLS, which the bytes `start` have begun."""
        if self._encryption is not None:
            peer.begin(self._encryption.begin(peer.transport.sock, start), peer.connection.inside_tls())

    def add(self, peer: Peer) -> None:
        """Let `peer` have its turn; there is something to go on with."""
        self.ready.setdefault(peer)

    def log_rest(self, now: float) -> None:
        """Log how many failures were not logged one by one; to be called every second."""
        self._failed.log_rest(now)

    def go_on(self, now: float) -> Iterator[tuple[Peer, bool]]:
        """Go on with some handshakes; yield each peer, and whether its handshake has failed."""
        end = self._clock() + limits.TURN_HANDSHAKES
        while self.ready:
            peer = next(iter(self.ready))
            del self.ready[peer]
            if peer.transport.handshaking and not peer.session.closing:  # nobody comes in who is being closed
                yield peer, self._fails(peer, now)
                if self._clock() >= end:
                    return

    def _fails(self, peer: Peer, now: float) -> bool:
        try:
            peer.transport.shake_hands()
        except OSError as error:
            self._failed.info(now, "%s: the TLS handshake failed (%s); closed", peer.session.address, _reason(error))
            return True
        return False


def _reason(error: OSError) -> str:
    """Return why a handshake failed, in a few words: OpenSSL's, which may be those of the peer's alert."""
    reason = error.reason if isinstance(error, ssl.SSLError) else "the peer has gone"
    return (reason or "an error").lower().replace("_", " ")
