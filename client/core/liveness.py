"""Silence: when a server that says nothing is taken for gone. Pure."""

from __future__ import annotations

from client.core.session import ClientSession


def is_dead(session: ClientSession, heard_at: float, now: float, silence: float, timeout: float) -> bool:
    """Say whether the server, last heard at `heard_at`, has to be gone by `now`.

    It may keep a line of ours waiting for `silence` seconds, and one who comes back, and was not asked anything, for
    `timeout`.
    """
    returns_unheard = bool(session.epoch) and not session.online and not session.question
    return session.waits_since(heard_at) + silence < now or (returns_unheard and heard_at + timeout < now)
