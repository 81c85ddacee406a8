"""The HTML display: all that is received, as a page that an open browser keeps up to date (D5, D6, D7).

The page is written from the start to the end and never again: a head, then a line of HTML for each thing shown, at
once on the disk's way. So an hour's chat costs as much per line as its first minute. HTML allows this: the end tags
that are missing are implied.

A page that was loaded from a file may not read that file again. But it may have it in a hidden frame, where the same
script runs, and tells the page around it what that lacks. So what is new is added to the log, nothing moves under the
reader, and a screen reader says what came. Only who knows the page's id is told, that is who has read the file: any
other page could have it in a frame, too. Without scripts the browser reloads the page. The element that has it do so
stands in the head while the chat goes on; its place is left blank at the end, and then nothing looks any more.

Nothing in it is trusted. Text is escaped, names stand in <bdi>, so that one written from right to left turns nothing
around, and the content security policy allows the page's own style, script and frame, and nothing else.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import html
import os
import secrets
import threading
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from client.cli import exits
from client.core.links import links
from client.core.render import Role, Shown, Span
from client.view.name_colors import COLORS, NameColors
from protocol.sanitize import clean
from system.atomic_file import open_private

_ELEMENTS = {Role.OWN: "bdi", Role.ACT: "em", Role.MENTION: "mark"}

_STYLE = """
:root { color-scheme: light dark; --back: #fbfaf8; --text: #24211d; --faint: #79736b; --whisper: #8b3a8f;
  --bad: #b3261e; --own: #fff; --mention: #fff1b8;
  --c0: #ba432c; --c1: #1c7865; --c2: #c22e84; --c3: #1d7c21; --c4: #9e39d0; --c5: #5a741b; --c6: #515dd6;
  --c7: #956123; --c8: #1f7384; --c9: #c62f4e; --c10: #1d7c45; --c11: #b62bb0; --c12: #3b781c; --c13: #7851d6;
  --c14: #746c1b; --c15: #2c6dba }
@media (prefers-color-scheme: dark) { :root { --back: #191a1d; --text: #e4e2de; --faint: #928d86;
  --whisper: #dd9be0; --bad: #ff8f86; --own: #222429; --mention: #4d4011;
  --c0: #e89787; --c1: #29d6b2; --c2: #ea90c4; --c3: #29d630; --c4: #d098eb; --c5: #a4d629; --c6: #a1a7ed;
  --c7: #de9f54; --c8: #2dbbd7; --c9: #eb94a6; --c10: #29d671; --c11: #e98be5; --c12: #63d629; --c13: #b7a1ed;
  --c14: #d6c829; --c15: #7eaee7 } }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
h1 { font-size: 1rem; font-weight: 600; color: var(--faint); margin: 0 0 1rem }
p { margin: 0; padding: .3rem .6rem .3rem 4.6rem; border-radius: .4rem; white-space: pre-wrap; overflow-wrap: anywhere }
time { float: left; width: 4rem; margin-left: -4rem; color: var(--faint); font-size: .8rem; line-height: 1.9;
  font-variant-numeric: tabular-nums }
bdi { font-weight: 600 }
a { color: inherit; text-underline-offset: .15em }
.own { background: var(--own) }
.whispered { color: var(--whisper); font-style: italic }
.notice, .question { color: var(--faint) }
.answer { font-family: ui-monospace, monospace; font-size: .85rem }
.refused { color: var(--bad) }
.usage { font-weight: 600 }
mark { background: var(--mention); color: inherit; font-weight: 600; border-radius: .2rem }
""" + " ".join(f".c{n} {{ color: var(--c{n}) }}" for n in range(COLORS))

_SCRIPT = """
const log = () => document.querySelector("[role=log]");
const goesOn = () => document.querySelector("noscript") !== null;
const toEnd = () => scrollTo(0, document.documentElement.scrollHeight);
const isAtEnd = () => scrollY + innerHeight >= document.documentElement.scrollHeight - 8;

// In the frame: tell the page, which has `count` rows, what it lacks. A row is whole if its line end follows it.
function tell() {
  const [id, count] = location.hash.slice(1).split("-");
  const isSame = id === log().id;
  const rows = [...log().children].filter((row) => row.nextSibling);
  const added = isSame ? rows.slice(count).map((row) => row.outerHTML) : [];
  parent.postMessage({ isSame, added, goesOn: isSame && goesOn() }, "*");
}

function begin() {
  const last = log().lastElementChild;
  if (last?.nextSibling === null) last.remove();
  toEnd();
  if (!goesOn()) return;
  const timer = setInterval(look, 2000);
  addEventListener("message", ({ source, data: { isSame, added, goesOn } }) => {
    if (source !== frame.contentWindow) return;
    if (!isSame) return location.reload(); // another chat has begun in this file
    const follows = isAtEnd();
    log().append(...new DOMParser().parseFromString(added.join(""), "text/html").body.children);
    if (follows && added.length) toEnd();
    if (goesOn) return;
    clearInterval(timer);
    frame.remove();
  });
}

let frame = document.createElement("iframe");
function look() {
  frame.remove();
  if (document.hidden) return;
  frame = document.createElement("iframe");
  frame.hidden = true;
  frame.src = `#${log().id}-${log().children.length}`;
  document.body.append(frame);
}

addEventListener("load", parent === window ? begin : tell);
"""
_RELOADS = b'<noscript><meta http-equiv="refresh" content="5"></noscript>'


def _hash(text: str) -> str:
    """Return the source expression for an inline style or script (CSP level 2)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_POLICY = (
    f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; frame-src 'self' file:; "
    "base-uri 'none'; form-action 'none'"
)

_HEAD = f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chat</title>
<style>{_STYLE}</style>
<script>{_SCRIPT}</script>
{_RELOADS.decode()}
</head>
<body>
<main>
"""


def head(title: str, page_id: str) -> str:
    """Return the page's beginning; `page_id`, of letters and digits, is no other page's."""
    return f'{_HEAD}<h1>{html.escape(title)}</h1>\n<div role="log" aria-label="Messages" id="{page_id}">\n'


def line(shown: Shown, at: datetime, colors: NameColors) -> str:
    """Return what is shown, at local time `at`, as one element of HTML; names have their `colors`."""
    own = " own" if shown.spans[0].role is Role.OWN else ""  # what we said begins with us
    time = f'<time datetime="{at.isoformat(timespec="seconds")}">{at:%H:%M:%S}</time>'
    text = "".join(_span(span, colors) for span in shown.spans)
    return f'<p class="{shown.kind.name.lower()}{own}" dir="auto">{time}{text}</p>\n'


def _span(span: Span, colors: NameColors) -> str:
    if span.role is Role.NAME:
        return f'<bdi class="c{colors.of(span.text)}">{html.escape(span.text)}</bdi>'
    text = "".join(_piece(piece, is_link) for piece, is_link in links(span.text))
    if span.role in _ELEMENTS:
        element = _ELEMENTS[span.role]
        return f"<{element}>{text}</{element}>"
    return f'<span class="usage">{text}</span>' if span.role is Role.USAGE else f"<span>{text}</span>"


def _piece(text: str, is_link: bool) -> str:
    escaped = html.escape(text)
    if not is_link:
        return escaped
    return f'<a href="{escaped}" target="_blank" rel="noopener noreferrer nofollow ugc">{escaped}</a>'


class Page:
    """The page in a file. Any thread may show something."""

    def __init__(self, path: Path, title: str) -> None:
        """Make the file at `path`, or empty it. Raises OSError, also when it is a link or another user's."""
        self._file: BinaryIO = os.fdopen(open_private(path), "wb")
        self._writing = threading.Lock()
        self._colors = NameColors()
        self._write(head(title, secrets.token_hex(16)))

    def show(self, shown: Shown) -> None:
        """Add what is shown, as of now. Raises OSError."""
        self._write(line(shown, datetime.now(), self._colors))

    def close(self) -> None:
        """Leave the page as it is: nothing more comes, so it is not to be looked at again."""
        with self._writing, contextlib.suppress(OSError), self._file as file:
            file.seek(_HEAD.encode().index(_RELOADS))
            file.write(b" " * len(_RELOADS))

    def _write(self, text: str) -> None:
        with self._writing:
            self._file.write(text.encode())
            self._file.flush()


def open_page(path: Path | None, host: str, port: int) -> Page | None:
    """Create the page at `path`, or empty it; do nothing for None. Raises Ending."""
    if path is None:
        return None
    try:
        return Page(path, f"Chat on {clean(host)}, port {port}")
    except OSError as error:
        raise exits.no_page(error) from None
