"""Refusals: connections that are turned away before there is a session: each is told why and counted."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections import Counter
from math import inf

from chat import limits
from protocol.events import Refused
from protocol.lines import LINE_END

log = logging.getLogger("server")


class Refusals:
    """How many connections were turned away, by the `code` of the error that each was told."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._unlogged = 0  # since the last log line about them, at `_logged_at`
        self._logged_at = -inf

    def turn_away(self, sock: socket.socket, address: str, refused: Refused, now: float, why: str = "") -> None:
        """Refuse a connection and close it; log that at most once a second, with its code or the reason `why`."""
        self.counts[refused.code] += 1
        _refuse(sock, refused.text)
        self._unlogged += 1
        if now >= self._logged_at + 1.0:
            why = why or refused.code
            log.info("%s: turned away, %s (%d since the last such line)", address, why, self._unlogged)
            self._unlogged, self._logged_at = 0, now


def _refuse(sock: socket.socket, text: str) -> None:
    """Send `text`, which the custom client shows, too, and close."""
    with contextlib.suppress(OSError), sock:
        sock.setblocking(False)
        sock.send(text.encode() + LINE_END)
        sock.shutdown(socket.SHUT_WR)
        sock.recv(limits.TURN_CHUNK)  # an unread hello would turn our close into a reset
