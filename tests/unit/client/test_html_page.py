"""client/ui/html_page.py: the HTML display (D5, D6, D7)."""

from __future__ import annotations

import base64
import hashlib
import os
import random
import re
import secrets
import stat
from datetime import datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.core import render
from client.core.render import Kind, Role, Shown, Span
from client.ui import html_page as made
from client.ui.html_page import Page, head
from client.view.name_colors import COLORS, NameColors
from protocol import events
from protocol.sanitize import clean

ID = "0123456789abcdef"
NOON = datetime(2026, 1, 2, 12, 0, 0)
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</p></main></body><h1>gone",
    "<!-- ",
    "]]><svg onload=alert(1)>",
    "&lt;b&gt; &#60;i&#62;",
    "' onmouseover='alert(1)",
    "<style>*{display:none}</style>",
    "<base href=//192.0.2.1>",
    "\u202egnirts\u202c",
    "`${1}`",
)


class Reader(HTMLParser):
    """Collects what a parser finds: elements with their attributes, and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.odd = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.odd = True

    handle_pi = unknown_decl = handle_comment

    @property
    def tags(self) -> list[str]:
        return [tag for tag, _ in self.elements]


def line(shown: Shown, at: datetime) -> str:
    return made.line(shown, at, NameColors())


def said(text: str, name: str = "ann", me: str = "bob") -> Shown:
    shown = render.render_event(events.Said(1, name, text, 0.0), me)
    assert shown is not None
    return shown


def test_a_line_has_its_time_its_name_and_its_text() -> None:
    read = Reader(line(said("hello"), NOON))
    assert read.tags == ["p", "time", "bdi", "span"]
    assert read.text == "12:00:00ann: hello\n"
    assert read.elements[1][1]["datetime"] == "2026-01-02T12:00:00"


def test_own_lines_are_marked() -> None:
    assert Reader(line(said("hello", me="ann"), NOON)).elements[0][1]["class"] == "said own"
    assert Reader(line(said("hello", me="bob"), NOON)).elements[0][1]["class"] == "said"


def test_a_name_has_its_colour_and_always_the_same_one() -> None:
    classes = {Reader(line(said(text), NOON)).elements[2][1]["class"] for text in ("one", "two")}
    assert classes == {f"c{NameColors().of('ann')}"}
    assert all(f".c{shade} {{" in head("", ID) for shade in range(COLORS))


def test_ones_name_in_what_others_say_is_marked() -> None:
    assert "<mark>bob</mark>" in line(said("hi bob"), NOON)


def test_an_address_of_the_web_is_a_link() -> None:  # D7
    read = Reader(line(said("see https://example.org/?a&b, javascript:alert(1)"), NOON))
    ((_, address),) = [element for element in read.elements if element[0] == "a"]
    assert address == {
        "href": "https://example.org/?a&b",
        "target": "_blank",
        "rel": "noopener noreferrer nofollow ugc",
    }
    assert read.text == "12:00:00ann: see https://example.org/?a&b, javascript:alert(1)\n"


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_of_thing_has_a_class_that_the_style_knows(kind: Kind) -> None:
    name = kind.name.lower()
    assert f'class="{name}"' in line(Shown(kind, (Span("x"),)), NOON)
    assert name == "said" or f".{name}" in head("", ID)


def test_how_a_command_is_typed_stands_out() -> None:
    read = Reader(line(Shown(Kind.ANSWER, (Span("/users", Role.USAGE), Span("\nlists"))), NOON))
    assert ("span", {"class": "usage"}) in read.elements
    assert "/users\nlists" in read.text


def tags_of(text: str, name: str) -> tuple[list[str], str, bool]:
    shown = Shown(Kind.SAID, (Span(name, Role.NAME), Span(f": {text}")))
    read = Reader(line(shown, NOON) + line(said("after"), NOON))
    return read.tags, read.text, read.odd


OWN = ["p", "time", "bdi", "span"] * 2


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_and_names_are_text(text: str) -> None:
    cleaned = clean(text)
    tags, shown, odd = tags_of(cleaned, cleaned)
    assert tags == OWN
    assert shown == f"12:00:00{cleaned}: {cleaned}\n12:00:00ann: after\n"
    assert not odd


def test_ten_thousand_texts_made_of_the_worst_pieces_add_no_element() -> None:
    pieces = (*HOSTILE, *"<>\"'&;/=-!# \n", "ann", "\u05d0", "\U0001f600", "&#x3c;", "javascript:")
    dice = random.Random(7)
    for _ in range(10_000):
        text = clean("".join(dice.choices(pieces, k=dice.randint(1, 8))))
        tags, shown, odd = tags_of(text, "ann")
        assert tags == OWN, text
        assert shown.startswith(f"12:00:00ann: {text}\n"), text
        assert not odd, text


@given(st.text())
def test_any_cleaned_text_is_read_back_as_it_was(text: str) -> None:
    cleaned = clean(text)
    tags, shown, odd = tags_of(cleaned, "ann")
    assert (tags, odd) == (OWN, False)
    assert shown == f"12:00:00ann: {cleaned}\n12:00:00ann: after\n"


def test_the_policy_allows_this_style_and_this_script_and_nothing_else() -> None:
    page = head("Chat", ID)
    policy = next(
        attrs["content"]
        for tag, attrs in Reader(page).elements
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    for tag in ("style", "script"):
        (inline,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_the_page_updates_itself_without_scripts_too_until_the_end(tmp_path: Path) -> None:  # D7
    path = tmp_path / "chat.html"
    page = Page(path, "Chat")
    page.show(said("\u00e9"))
    before = path.read_text(encoding="utf-8")
    refresh = '<noscript><meta http-equiv="refresh" content="5"></noscript>'
    assert before.count(refresh) == 1
    page.close()
    assert path.read_text(encoding="utf-8") == before.replace(refresh, " " * len(refresh))


def test_the_log_is_one_for_screen_readers(tmp_path: Path) -> None:  # D7
    assert ("div", {"role": "log", "aria-label": "Messages", "id": ID}) in Reader(head("Chat", ID)).elements


def test_no_page_has_the_id_of_another(tmp_path: Path) -> None:
    path, ids = tmp_path / "chat.html", set()
    for _ in range(2):
        Page(path, "Chat").close()
        ids |= {attrs["id"] for tag, attrs in Reader(path.read_text(encoding="utf-8")).elements if "id" in attrs}
    assert len(ids) == 2


def test_where_there_is_no_way_back_the_end_is_the_end(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    Page(path, "Chat").close()
    with os.fdopen(reader, "rb") as pipe:
        assert b"<noscript>" in pipe.read()


def test_the_title_is_text() -> None:
    assert "<b>" not in head("<b>", ID)


def test_the_page_is_made_and_grows_by_a_line_at_a_time(tmp_path: Path) -> None:  # D6, D7
    path = tmp_path / "chat.html"
    page = Page(path, "Chat")
    before, sizes = path.read_text(encoding="utf-8"), []
    for _ in range(1000):
        page.show(said("hello"))
        sizes.append(path.stat().st_size)
    assert path.read_text(encoding="utf-8").startswith(before)
    page.close()
    grown = {after - before for before, after in pairwise(sizes)}
    assert len(grown) == 1, "each line costs the same"


def test_an_old_page_is_reset_and_made_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # D6
    path = tmp_path / "chat.html"
    path.write_text("yesterday" * 1000)
    path.chmod(0o644)
    with monkeypatch.context() as patched:
        patched.setattr(secrets, "token_hex", lambda _: ID)
        page = Page(path, "Chat")
    assert path.read_text(encoding="utf-8") == head("Chat", ID)
    page.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("precious")
    (tmp_path / "chat.html").symlink_to(target)
    with pytest.raises(OSError, match="symbolic link"):
        Page(tmp_path / "chat.html", "Chat")
    assert target.read_text() == "precious"


def test_where_no_page_can_be_the_error_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=re.escape(os.strerror(2))):
        Page(tmp_path / "nowhere" / "chat.html", "Chat")
