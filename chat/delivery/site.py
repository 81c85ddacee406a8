"""The site: what a browser finds here. A path -> a page, which makes a response, or a WebSocket, of the request.

    site = Site({"/": file_page(...), "/chat": websocket_page(origins)})

The rule: a path is looked up as it stands, and nothing is made of it (no folder, no decoding, no file name), so there
is nothing to climb out of. Every response forbids the browser whatever the page does not need: scripts, styles and
connections from elsewhere, scripts in the page's own text, markup made of text, framing, guessing at types, referrers.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from typing import NamedTuple

from chat.networks import Network, is_trusted
from protocol.codec import Codec
from protocol.http import HttpError, Request, Response, not_allowed, text_response
from protocol.text import ascii_line
from protocol.websocket import WebSocketCodec

Page = Callable[[Request, str], "Response | Codec"]  # of a request, and the address that it comes from

_POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "connect", "img")),
        *(f"{what} 'none'" for what in ("base-uri", "form-action", "frame-ancestors")),
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_SECURITY = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?")
_FORWARDED = {"forwarded", "x-forwarded-for", "x-real-ip", "via"}  # what proxies add
_VISITORS = 1_000  # addresses
_QUOTED = 80  # characters of a peer's words in an answer


class Site:
    """The pages by their paths."""

    def __init__(self, pages: Mapping[str, Page]) -> None:
        self._pages = pages
        self._visitors: OrderedDict[str, None] = OrderedDict()  # the addresses that asked last

    def and_pages(self, pages: Mapping[str, Page]) -> Site:
        """Return a site that has these `pages`, too."""
        return Site({**self._pages, **pages})

    def respond(self, request: Request, address: str) -> Response | Codec:
        """Return what `request`, from `address`, is answered. Raises HttpError."""
        self._visitors[address] = None
        self._visitors.move_to_end(address)
        if len(self._visitors) > _VISITORS:
            self._visitors.popitem(last=False)
        if request.method not in ("GET", "HEAD"):
            raise not_allowed(request.method)
        page = self._pages.get(request.path)
        if page is None:
            raise HttpError(HTTPStatus.NOT_FOUND, f"There is no {ascii_line(request.path[:_QUOTED])} here.")
        return page(request, address)

    def knows(self, address: str) -> bool:
        """Return whether `address` is one of those that asked last, so that a browser is there."""
        return address in self._visitors


class File(NamedTuple):
    """A file of the page, as it is and packed."""

    kind: str  # its content type
    plain: bytes
    gzip: bytes


def file_page(file: File) -> Page:
    """Return a page that is `file`. A browser that has it asks each time if it is still the same."""
    tag = f'"{hashlib.sha256(file.plain).hexdigest()[:16]}"'
    headers = (*_SECURITY, ("Cache-Control", "no-cache"), ("Vary", "Accept-Encoding"), ("ETag", tag))
    unchanged = Response(HTTPStatus.NOT_MODIFIED, headers)
    plain = Response(HTTPStatus.OK, (*headers, ("Content-Type", file.kind)), file.plain)
    packed = Response(HTTPStatus.OK, (*plain.headers, ("Content-Encoding", "gzip")), file.gzip)

    def page(request: Request, address: str) -> Response:
        if tag in request.headers.get("if-none-match", ""):
            return unchanged
        return packed if "gzip" in request.headers.get("accept-encoding", "") else plain

    return page


def notice_page(status: HTTPStatus, text: str) -> Page:
    """Return a page that is a line of text."""
    response = text_response(status, text, *_SECURITY[2:])
    return lambda request, address: response


def operator_page(trusted: Collection[Network], content: Callable[[], tuple[str, str]]) -> Page:
    """Return a page for programs of the operator: a content type and a text, made for each request.

    It is for this machine and the networks in `trusted`. A proxy on this machine asks for others, and says so.
    """

    def page(request: Request, address: str) -> Response:
        if not is_trusted(address, trusted) or not _FORWARDED.isdisjoint(request.headers):
            raise HttpError(HTTPStatus.FORBIDDEN, "This is for the server's own machine and for --trusted networks.")
        kind, text = content()
        return Response(
            HTTPStatus.OK, (*_SECURITY, ("Cache-Control", "no-store"), ("Content-Type", kind)), text.encode()
        )

    return page


def to_https(request: Request) -> Response:
    """Return the response of a port that speaks TLS only: the same page, by https."""
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise HttpError(HTTPStatus.FORBIDDEN, "This chat is encrypted: use https.")
    place = f"https://{host}{request.path}"
    return text_response(HTTPStatus.TEMPORARY_REDIRECT, f"This chat is encrypted: {place}", ("Location", place))


def websocket_page(origins: Collection[str]) -> Page:
    """Return a page that opens a WebSocket, for scripts of this site and of `origins`, such as "https://example.org".

    A browser names in `Origin` the site whose script asks, and what it asks of is in `Host`. (RFC 6454, RFC 6455, 10.2)
    Whatever sends no Origin is no browser, and can claim anything.
    """
    allowed = {origin.lower().rstrip("/") for origin in origins}

    def page(request: Request, address: str) -> Codec:
        origin = request.headers.get("origin", "").lower()
        own = (f"{scheme}://{request.headers.get('host', '').lower()}" for scheme in ("http", "https"))
        if origin and origin not in own and origin not in allowed:
            raise HttpError(HTTPStatus.FORBIDDEN, "Scripts of other sites may not chat here (see --origin).")
        return WebSocketCodec(request)

    return page
