"""client.view.hyperlinks: an address of the web is one link, though it goes on in the next row. U1."""

from __future__ import annotations

import re

from client.core.render import Kind, Role, Span, compose
from client.view.ansi import AnsiPainter, uncoloured
from client.view.answers import Answers
from client.view.hyperlinks import with_links
from client.view.wrap import wrapped
from tests.support.rows import for_each

LINK = re.compile(r"\x1b\]8;id=(\w+);([^\x1b]*)\x1b\\([^\x1b]*)\x1b\]8;;\x1b\\")


def links(text: str, columns: int = 80) -> list[tuple[str, str]]:
    """Return the address of each link in `text` as it is written, and what of it can be read there."""
    written = uncoloured(wrapped(with_links(compose(Kind.SAID, text)), columns, len))
    assert LINK.sub(r"\3", written) == wrapped(compose(Kind.SAID, text), columns, len).text  # links change no text
    return [(address, read) for _, address, read in LINK.findall(written)]


@for_each(
    [
        ("nothing here", []),
        ("bob: see https://example.org/a.", [("https://example.org/a", "https://example.org/a")]),
        ("http://a.example and HTTPS://b.example", [("http://a.example",) * 2, ("HTTPS://b.example",) * 2]),
        ("javascript://example.org/%0aalert(1) file:///etc/passwd ftp://example.org", []),
        ("https://example.org/é;x", [("https://example.org/%C3%A9;x", "https://example.org/é;x")]),
        ("https://example.org/" + "x" * 3000, []),
    ]
)
def test_nothing_but_an_address_of_the_web_is_a_link(text: str, expected: list[tuple[str, str]]) -> None:  # U1
    assert links(text, columns=5000) == expected


def test_a_link_that_is_wrapped_is_one_link() -> None:  # U1
    address = "https://example.org/a/very/long/way/to/a/page"
    found = links(f"bob: look at {address} now", 20)
    assert len(found) > 2
    assert {target for target, _ in found} == {address}
    assert "".join(read for _, read in found) == address
    written = uncoloured(wrapped(with_links(compose(Kind.SAID, address)), 20, len))
    assert len({name for name, _, _ in LINK.findall(written)}) == 1
    assert "\n  \x1b]8;id=" in written  # the indent is outside


def test_a_link_keeps_the_colour_of_its_text() -> None:
    shown = with_links(compose(Kind.WHISPERED, Span("bob", Role.NAME), ": https://example.org"))
    assert re.search(
        r"\x1b\[35m\x1b\]8;id=\w+;https://example.org\x1b\\https",
        AnsiPainter({}, "DEPTH_8_BIT", Answers()).text(shown, "auto"),
    )
