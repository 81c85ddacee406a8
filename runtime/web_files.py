"""The files of the page, read once at the start: the folder web/ -> the site that browsers see."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from http import HTTPStatus
from importlib.resources import files
from pathlib import PurePath
from typing import TYPE_CHECKING

import web
from chat.delivery.site import File, Page, Site, file_page, notice_page, websocket_page
from protocol import websocket

if TYPE_CHECKING:
    from importlib.abc import Traversable  # from 3.11 on elsewhere, from 3.14 on only there

CHAT = "/chat"
_INDEX = "index.html"
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_MISSING = (
    "The page of this chat needs the Python package websockets on its server. Start that with `make run`, which "
    "installs it, or install it first: python3 -m pip install websockets. telnet and myclient.py work without it."
)


def open_site(origins: Sequence[str] = ()) -> Site:
    """Return the site of the chat; a site that says how to have one, where a package is missing."""
    if not websocket.AVAILABLE:
        missing = notice_page(HTTPStatus.SERVICE_UNAVAILABLE, _MISSING)
        return Site({"/": missing, CHAT: missing})
    found = (path for path in files(web).iterdir() if PurePath(path.name).suffix in _KINDS)
    pages: dict[str, Page] = {f"/{path.name}": file_page(_read(path)) for path in found}
    pages["/"] = pages.pop(f"/{_INDEX}")
    return Site({**pages, CHAT: websocket_page(origins)})


def _read(path: Traversable) -> File:
    plain = path.read_bytes()
    return File(_KINDS[PurePath(path.name).suffix], plain, gzip.compress(plain, mtime=0))
