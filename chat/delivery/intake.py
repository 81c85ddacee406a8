"""Intake: from what a peer has sent to what follows from it. A connection and the hub, put together.

    chunk -> Connection: payloads, which wait -> its dialect: requests, one at a time -> Hub.handle -> effects

`receive` is called for each chunk, `serve` until the connection has no requests left. No request is parsed before all
effects of the one before it are known.
"""

from __future__ import annotations

from collections.abc import Iterator

from chat import limits
from chat.delivery.connection import Connection
from chat.effects import Effect, LogLine
from chat.hub import Hub


def receive(hub: Hub, connection: Connection, chunk: bytes, now: float) -> list[Effect]:
    """Take in `chunk`, at least one byte; return what follows from its size. Its requests wait for `serve`."""
    session, size = connection.session, len(chunk)
    if session.closing:
        return []
    if connection.receive(chunk, now):  # it has shown what it speaks
        if connection.framed:
            hub.connect_framed(session)
        elif connection.is_tls:
            status = LogLine(f"{session.address}: speaks TLS, which this port does not; closed")
            return [status, *hub.lost(session, "connection lost")]
    return hub.received(session, connection.take_cost(size))


def serve(hub: Hub, connection: Connection) -> Iterator[Effect]:
    """Yield what follows from a turn's requests of a peer; after the last one of all, from its end."""
    session = connection.session
    for request in connection.requests(limits.TURN_REQUESTS):
        yield from hub.handle(session, request)
    if connection.ended and session.listened_to and not connection.has_requests:
        yield from hub.lost(session, "connection closed")
