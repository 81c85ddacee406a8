"""Intake: from the bytes of a peer to effects, by its connection and the hub.

    chunk -> Connection: payloads, which wait -> its dialect: requests, one at a time -> Hub.handle -> effects

`receive` is called for each chunk, `serve` until the connection has no requests left. No request is parsed before all
effects of the one before it are known.
"""

from __future__ import annotations

from chat import limits
from chat.delivery.connection import Connection
from chat.effects import Arrived, CodecReply, Effect, LogLine
from chat.hub import Hub
from chat.session import Phase
from protocol.dialects import HTTP, WEBSOCKET
from protocol.telnet import IS_TELNET


def receive(hub: Hub, connection: Connection, chunk: bytes) -> list[Effect]:
    """Take in `chunk`, at least one byte; return the effects of its size, and what the codec replies.

    Its requests wait for `serve`.
    """
    session, detection, size = connection.session, connection.detection, len(chunk)
    if session.phase is Phase.CLOSING:
        return []
    arrival: list[Effect] = []
    if connection.receive(chunk):
        if session.dialect is not HTTP and not detection.is_tls:
            arrival = arrive(connection)
        if arrival and connection.is_telnet:
            arrival += hub.greet(session)
        if session.dialect.has_hello:
            hub.connect_framed(session)
        elif detection.begins_tls:
            hub.await_tls(session)
            return []
        elif detection.is_tls:
            status = LogLine(f"{session.address}: speaks TLS, which this port does not; closed")
            return [status, *hub.lost(session, "connection lost")]
    effects = arrival + hub.received(session, connection.take_cost(size))
    if replies := connection.replies():
        effects.append(CodecReply(session, replies))
        if session.dialect is WEBSOCKET:
            effects += arrive(connection)
    return effects


def charge_overhead(hub: Hub, connection: Connection, size: int) -> list[Effect]:
    """Charge a peer, and the turn, for `size` bytes that it has sent and that are no content but TLS's own."""
    if not size:
        return []
    connection.weight += size * limits.OVERHEAD_COST
    return hub.received(connection.session, size)


def greet(hub: Hub, connection: Connection) -> list[Effect]:
    """Return the greeting of a peer that has kept silent, or the question before it, if that may be a browser."""
    session = connection.session
    if connection.detection.may_be_browser:
        return [] if session.phase is Phase.SECURING else [CodecReply(session, IS_TELNET)]
    return [*arrive(connection), *hub.greet(session)]


def arrive(connection: Connection) -> list[Effect]:
    """Return what has a peer that may chat logged, once; one that only fetches a part of the page may not."""
    if connection.has_arrived:
        return []
    connection.has_arrived = True
    return [Arrived(connection.session)]


def serve(hub: Hub, connection: Connection, effects: list[Effect]) -> None:
    """Serve a peer's requests of one turn, and after its last one its end.

    What they lead to is added to `effects`, request by request, so that nothing is lost if a later one meets a bug.
    """
    session = connection.session
    for request in connection.requests(limits.TURN_REQUESTS):
        effects += hub.handle(session, request)
    if connection.over and session.listened_to and not connection.has_requests:
        effects += hub.lost(session, "connection closed")
