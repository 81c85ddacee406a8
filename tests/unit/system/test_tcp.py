"""system/tcp.py: the sentence for a port that can't be had. (What is set on sockets: test_sockets.py, test_link.py.)"""

from __future__ import annotations

import errno
import os
import socket

import pytest

from system.tcp import why_not_listening


def error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("why", "host", "port", "sentence"),
    [
        (error(errno.EADDRINUSE), None, 8001, "Port 8001 is in use. Stop what uses it, or choose another: "),
        (error(errno.EADDRINUSE), None, 65535, "server.py 1"),
        (error(errno.EACCES), None, 23, "Port 23 needs more rights than this user has."),
        (error(errno.EADDRNOTAVAIL), "192.0.2.1", 8001, "Cannot listen on 192.0.2.1, port 8001: "),
        (error(errno.EADDRNOTAVAIL), None, 8001, "Cannot listen on all addresses, port 8001: "),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "x", 8001, ": Name or service not known."),
        (OSError("'a..b' can't be the name of a host"), "a..b", 8001, ": 'a..b' can't be the name of a host."),
    ],
)
def test_a_listener_that_cannot_be_had_is_explained(why: OSError, host: str | None, port: int, sentence: str) -> None:
    told = why_not_listening(why, host, port, "server")
    assert sentence in told
    assert "\n" not in told
