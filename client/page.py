"""The HTML display: all that is received, as a page that an open browser keeps up to date (D5, D6, D7).

The page is written from the start to the end and never again: a head, then a line of HTML for each thing shown, at
once on the disk's way. So an hour's chat costs as much per line as its first minute. HTML allows this: the end tags
that are missing are implied.

Nothing in it is trusted. Text is escaped, names stand in <bdi>, so that one written from right to left turns nothing
around, and the content security policy allows the page's own style and script, by their hashes, and nothing else. The
script reloads the page, and puts the reader back where he was, unless he is selecting text; without scripts the browser
reloads it by itself.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import html
import os
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TextIO

from client import endings, options
from client.endings import Ending
from client.looks import Role, Shown, Span, refusal, shade
from protocol.text import clean

_MODE = 0o600  # whispers are in it

_STYLE = """
:root { color-scheme: light dark; --back: #fbfaf8; --text: #24211d; --faint: #79736b; --whisper: #8b3a8f;
  --bad: #b3261e; --own: #fff; --c0: #00707f; --c1: #2b7a2b; --c2: #8a6100; --c3: #2456b8; --c4: #0b6e8f; --c5: #4b7600;
  --c6: #a04e00; --c7: #5a4fc0 }
@media (prefers-color-scheme: dark) { :root { --back: #191a1d; --text: #e4e2de; --faint: #928d86;
  --whisper: #dd9be0; --bad: #ff8f86; --own: #222429; --c0: #5ccfe0; --c1: #7fce7f; --c2: #e0b54a; --c3: #83aef5;
  --c4: #74d7f0; --c5: #b3da5a; --c6: #f0a564; --c7: #aaa2f7 } }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
h1 { font-size: 1rem; font-weight: 600; color: var(--faint); margin: 0 0 1rem }
p { margin: 0; padding: .3rem .6rem .3rem 4.6rem; border-radius: .4rem; white-space: pre-wrap; overflow-wrap: anywhere }
time { float: left; width: 4rem; margin-left: -4rem; color: var(--faint); font-size: .8rem; line-height: 1.9;
  font-variant-numeric: tabular-nums }
bdi { font-weight: 600 }
.own { background: var(--own) }
.whispered { color: var(--whisper); font-style: italic }
.notice, .question { color: var(--faint) }
.answer { font-family: ui-monospace, monospace; font-size: .85rem }
.refused { color: var(--bad) }
.usage { font-weight: 600 }
.c0 { color: var(--c0) } .c1 { color: var(--c1) } .c2 { color: var(--c2) } .c3 { color: var(--c3) }
.c4 { color: var(--c4) } .c5 { color: var(--c5) } .c6 { color: var(--c6) } .c7 { color: var(--c7) }
"""

_SCRIPT = """
const key = "read to " + location.pathname;
history.scrollRestoration = "manual";
const end = () => document.documentElement.scrollHeight;
addEventListener("load", () => {
  const place = sessionStorage.getItem(key);
  scrollTo(0, place === null || place === "end" ? end() : Number(place));
});
addEventListener("pagehide", () => {
  sessionStorage.setItem(key, scrollY + innerHeight >= end() - 8 ? "end" : scrollY);
});
setInterval(() => {
  if (!document.hidden && getSelection().isCollapsed) location.reload();
}, 2000);
"""


def _hash(text: str) -> str:
    """Return the source expression for an inline style or script (CSP level 2)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_POLICY = f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; base-uri 'none'"

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
<noscript><meta http-equiv="refresh" content="5"></noscript>
</head>
<body>
<main>
"""


def head(title: str) -> str:
    """Return the page's beginning."""
    return f"{_HEAD}<h1>{html.escape(title)}</h1>\n"


def line(shown: Shown, at: datetime) -> str:
    """Return what is shown, at local time `at`, as one element of HTML."""
    own = " own" if shown.spans[0].role is Role.OWN else ""  # what we said begins with us
    time = f'<time datetime="{at.isoformat(timespec="seconds")}">{at:%H:%M:%S}</time>'
    return f'<p class="{shown.kind.name.lower()}{own}" dir="auto">{time}{"".join(map(_span, shown.spans))}</p>\n'


def _span(span: Span) -> str:
    text = html.escape(span.text)
    if span.role is Role.NAME:
        return f'<bdi class="c{shade(span.text)}">{text}</bdi>'
    if span.role is Role.OWN:
        return f"<bdi>{text}</bdi>"
    return f'<span class="usage">{text}</span>' if span.role is Role.USAGE else f"<span>{text}</span>"


class Page:
    """The page in a file. Any thread may show something."""

    def __init__(self, path: Path, title: str) -> None:
        """Make the file at `path`, or empty it. Raises OSError, also when it is a symbolic link."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        self._file: TextIO = os.fdopen(os.open(path, flags, _MODE), "w", encoding="utf-8")
        self._writing = threading.Lock()
        with contextlib.suppress(OSError):
            path.chmod(_MODE)  # it may have been there before, open to others
        self._write(head(title))

    def show(self, shown: Shown) -> None:
        """Add what is shown, as of now. Raises OSError."""
        self._write(line(shown, datetime.now()))

    def close(self) -> None:
        """Leave the page as it is."""
        self._file.close()

    def _write(self, text: str) -> None:
        with self._writing:
            self._file.write(text)
            self._file.flush()


def show_in(page: Page | None, shown: Shown) -> None:
    """Show something in the page, if there is one. Raises Ending when the disk will not."""
    try:
        if page is not None:
            page.show(shown)
    except OSError as error:
        raise endings.no_page(error) from None


def open_page(file: str | None, host: str, port: int) -> Page | None:
    """Make the page, or empty it; ask for its file if that is "". Raises Ending, or EOFError."""
    if file is None:
        return None
    path = Path(file) if file else options.ask_page()
    try:
        return Page(path, f"Chat on {clean(host)}, port {port}")
    except OSError as error:
        raise endings.no_page(error) from None


@contextlib.contextmanager
def telling(page: Page | None) -> Iterator[None]:
    """Show in the page, if there is one, how the chat within ends; then close the page."""
    try:
        yield
    except Ending as ending:
        if ending.sentence:
            show_in(page, refusal(ending.sentence))
        raise
    finally:
        if page is not None:
            page.close()
