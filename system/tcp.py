"""What both ends of a connection do with their sockets, and the sentence for a port that a program can't have."""

from __future__ import annotations

import errno
import socket

from system.commands import command


def prepare_tcp(sock: socket.socket, idle: int, interval: int, count: int) -> None:
    """Let a connected socket send at once, and notice a peer that is gone.

    It is probed after `idle` seconds of silence, every `interval` seconds, and given up after `count` probes, or when
    what was sent is not acknowledged within 30 s (RFC 1122, RFC 5482).
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {"TCP_KEEPIDLE": idle, "TCP_KEEPINTVL": interval, "TCP_KEEPCNT": count, "TCP_USER_TIMEOUT": 30_000}
    for name, value in options.items():
        if hasattr(socket, name):  # which of them there are depends on the platform
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def why_not_listening(error: OSError, host: str | None, port: int, program: str) -> str:
    """Return the sentence for a listener that `program`, such as "server", can't have: what is wrong and what to do."""
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use. Stop what uses it, or choose another: {command(program)} {port % 65535 + 1}"
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this user has. Choose one from 1024 up, such as 8001."
    return f"Cannot listen on {host or 'all addresses'}, port {port}: {error.strerror or error}."
