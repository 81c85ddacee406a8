"""The handshake of a WebSocket, as a browser sends it."""

from __future__ import annotations

_HEADERS = {
    "Host": "localhost:8001",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",  # RFC 6455, section 1.3
    "Sec-WebSocket-Version": "13",
}


def handshake(**changed: str | None) -> bytes:
    """Return the head of a handshake, without its empty line, with some headers changed, or left out where None."""
    headers = {name: value for name, value in (_HEADERS | changed).items() if value is not None}
    return "\r\n".join(["GET /chat HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]).encode()


HANDSHAKE = handshake()
