"""Connecting over TLS: a connection is given out only when the certificate at its other end is accepted (T3, T4).

What counts, in this order:

- the fingerprint of --tls-fingerprint, and then nothing else;
- the fingerprint that the user has accepted for this server, kept in known_hosts. If another certificate is shown, the
  authorities may vouch for that one, and from then on they have to; else it is refused;
- the authorities: the system's, or those of --tls-ca. Where they don't vouch for a server that nobody knows yet, a user
  at a terminal is asked, once, before the chat begins. Where they vouched before, they have to.

A return goes the same way, but asks nobody. Each connection is judged by the certificate that it shows itself. Where a
look at a certificate and another judgement need two connections, the first one is closed and never used.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable
from pathlib import Path

from client.cli import tls_endings
from client.cli.known_hosts_file import KnownHosts
from client.cli.tls_endings import Untrusted, Unverified
from client.core.known_servers import Known
from client.net.link import Link
from client.net.stream import dial
from client.net.tls import HANDSHAKE_TIMEOUT, NotTls, TlsStream, unchecked, vouching
from protocol.text import excerpt


class TlsConnector:
    """The ways to one server over TLS."""

    def __init__(
        self, host: str, port: int, hosts: KnownHosts, authorities: Path | None = None, fingerprint: str = ""
    ) -> None:
        """Accept `fingerprint` alone or, if it is "", what stands above. Raises Ending for a bad file `authorities`."""
        self._host, self._port = host, port
        self._where = f"{excerpt(host)}, port {port}"
        self._hosts = hosts
        self._fingerprint = fingerprint
        self._note = ""  # for the user, with the next connection
        try:
            self._vouching = vouching(authorities)
        except OSError as error:
            raise tls_endings.no_authorities(error) from None

    def meet(self, accept: Callable[[Unverified], None]) -> None:
        """If the server is a stranger, and its certificate can't be checked, have the user `accept` it. Raises Ending.

        `accept` raises Ending if the user doesn't.
        """
        if self._fingerprint or self._hosts.of(self._host, self._port) is not None:
            return
        try:
            link = self.connect()
        except Unverified as met:
            accept(met)
            why = self._hosts.keep(self._host, self._port, Known(met.fingerprint))
            self._note = tls_endings.not_kept(self._hosts.file, why) if why else ""
        else:
            link.end()
            link.close()

    def connect(self, address: str = "") -> Link:
        """Return a link to the server, at one of its addresses, whose certificate is accepted.

        Raises Ending, Untrusted if it is not accepted.
        """
        known = Known(self._fingerprint) if self._fingerprint else self._hosts.of(self._host, self._port)
        if known is not None and known.fingerprint:
            return self._connect_by_fingerprint(known, address)
        return self._connect_by_authorities(known, address)

    def _connect_by_fingerprint(self, known: Known, address: str) -> Link:
        stream = self._open(unchecked(), known, address)
        if stream.fingerprint == known.fingerprint:
            note, self._note = self._note, ""
            return Link(stream, note)
        stream.close()
        if self._fingerprint:
            raise tls_endings.other_fingerprint(self._where, known.fingerprint, stream.fingerprint)
        try:
            vouched_for = self._open(self._vouching, known, address)
        except ssl.SSLCertVerificationError:
            raise tls_endings.changed(self._where, known, stream.fingerprint, self._hosts.file) from None
        self._hosts.keep(self._host, self._port, Known())
        return Link(vouched_for, tls_endings.NOW_VOUCHED_FOR)

    def _connect_by_authorities(self, known: Known | None, address: str) -> Link:
        try:
            stream = self._open(self._vouching, known, address)
        except ssl.SSLCertVerificationError as error:
            raise self._unverified(known, address, tls_endings.why_unverified(error)) from None
        if known is None:
            self._hosts.keep(self._host, self._port, Known())
        return Link(stream)

    def _unverified(self, known: Known | None, address: str, why: str) -> Untrusted:
        stream = self._open(unchecked(), known, address)
        stream.close()
        if known is None:
            return Unverified(self._where, why, stream.fingerprint)
        return tls_endings.no_longer_vouched_for(self._where, why, known, stream.fingerprint, self._hosts.file)

    def _open(self, context: ssl.SSLContext, known: Known | None, address: str) -> TlsStream:
        """Return a connection that has shown its certificate. Raises Ending, and ssl.SSLCertVerificationError."""
        sock = dial(self._host, self._port, address)
        with contextlib.ExitStack() as stack:
            stack.callback(sock.close)
            try:
                stream = TlsStream(sock, context, self._host)
                stream.shake_hands()
            except ssl.SSLCertVerificationError:
                raise
            except NotTls as error:
                raise tls_endings.no_tls(self._where, error.said, known) from None
            except (OSError, ValueError) as error:  # a ValueError: no host has such a name
                raise tls_endings.no_handshake(self._where, error, HANDSHAKE_TIMEOUT) from None
            stack.pop_all()
        return stream
