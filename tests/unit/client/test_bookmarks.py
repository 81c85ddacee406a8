"""client.core.bookmarks: a word that stands for a server. U5."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from client.cli import options
from client.core.bookmarks import FIELDS, Bookmark, bookmark
from client.core.settings_text import read

TEXT = """
[bookmarks.work]
servers = ["a.example:8001", "b.example:8002"]
name = "ann"
tls = true
tls_ca = "ca.pem"
password_file = "~/secret"

[bookmarks.home]
servers = ["localhost"]
"""


def parsed(*arguments: str, text: str = TEXT) -> Any:
    return options.parse(arguments, on_terminal=True, environment={"CHAT_NAME": "bob"}, settings=read(text))


def test_a_bookmark_is_its_servers_and_options() -> None:  # U5
    work = parsed("work")
    assert work.places == (("a.example", 8001), ("b.example", 8002))
    assert (work.name, work.tls, work.tls_ca, work.password_file) == ("ann", True, Path("ca.pem"), Path("~/secret"))
    home = parsed("home")
    assert (home.places, home.name, home.tls) == ((("localhost", 8001),), "bob", False)


def test_the_command_line_has_the_last_word() -> None:  # U5
    pin = "ab:" * 31 + "ab"
    work = parsed("work", "--name", "eve", "--tls-fingerprint", pin)
    assert (work.name, work.tls, work.tls_ca, work.tls_fingerprint) == ("eve", True, None, pin.upper())


def test_any_other_word_is_a_host() -> None:
    assert parsed("play").places == (("play", 8001),)
    assert parsed("work", "8003").places == (("work", 8003),)
    assert bookmark("work", {"bookmarks": 3}) is None
    assert bookmark("work", {"bookmarks": {"work": 3}}) is None


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("", 'bookmark work: it needs servers = ["HOST:PORT"]'),
        ("servers = [3]", 'bookmark work: it needs servers = ["HOST:PORT"]'),
        ('servers = "a:1"', 'bookmark work: servers = ["HOST:PORT"] is how it is written'),
        ('tls = "yes"', "bookmark work: tls = true is how it is written"),
        ("name = true", 'bookmark work: name = "..." is how it is written'),
        ('user = "ann"', f"bookmark work: there is no user, but: {', '.join(FIELDS)}"),
    ],
)
def test_what_is_wrong_with_a_bookmark_is_told(lines: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:  # U5
    with pytest.raises(SystemExit) as ending:
        parsed("work", text=f"[bookmarks.work]\n{lines}\n")
    assert ending.value.code == 2
    assert f"settings.toml, {why}\n" in capsys.readouterr().err


def test_a_bookmark_has_nothing_that_the_command_line_has_not() -> None:
    assert bookmark("home", read(TEXT)) == Bookmark(("localhost",), {})
    assert vars(parsed("home")).keys() >= FIELDS.keys()
