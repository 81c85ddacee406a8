"""client.core.settings_text: TOML that people edit, too."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from client.core import settings_text
from client.core.settings import CHOICES, Settings
from client.core.settings_text import dumps, loads, loads_old, read
from tests.support.rows import for_each

MANY = Settings("all", "off", "none", "dark", "off", "on", frozenset({"eve", "bob"}))
BY_HAND = """\
# mine
bell = "loud"
times = "off"  # who cares
ignored = [
    "eve",
    "Bob",
]

[bookmarks.work]
servers = ["a:1", "b:2"]  # both
bell = "all"
tls = true
"""


@pytest.fixture(params=["tomllib", "no reader"])
def _reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "no reader":
        monkeypatch.setitem(sys.modules, "tomllib", None)  # as on Python 3.10
    else:
        pytest.importorskip("tomllib")


@pytest.mark.usefixtures("_reader")
@pytest.mark.parametrize("settings", [Settings(), Settings(times="off"), MANY])
@pytest.mark.parametrize("before", ["", "# mine\n", '[bookmarks.work]\nservers = ["a:1"]\n', 'bell = "off"\n\n[x]\n'])
def test_what_is_kept_is_read_back(settings: Settings, before: str) -> None:
    text = dumps(settings, before)
    assert loads(text) == settings
    assert read(text).get("bookmarks") == read(before).get("bookmarks")
    assert dumps(settings, text) == text


@pytest.mark.usefixtures("_reader")
def test_there_may_be_several_bookmarks() -> None:
    found = read("[bookmarks.home]\ntls = true\n\n[bookmarks.work]\ntls = false\n")
    assert found["bookmarks"] == {"home": {"tls": True}, "work": {"tls": False}}


def test_the_text_is_that_of_a_person() -> None:
    assert dumps(Settings()) == ""
    assert dumps(Settings(bell="off", ignored=frozenset({"eve", "bob"})), "# mine\n\n[x]\n") == (
        '# mine\nbell = "off"\nignored = ["bob", "eve"]\n\n[x]\n'
    )
    assert dumps(Settings(bell="off"), "[x]\n") == 'bell = "off"\n\n[x]\n'
    assert dumps(Settings(), 'bell = "off"\n\n[x]\n') == "[x]\n"


@pytest.mark.usefixtures("_reader")
def test_what_a_person_wrote_stays() -> None:
    eve = Settings(times="off", ignored=frozenset({"eve", "bob"}))
    assert loads(BY_HAND) == eve
    assert dumps(eve, BY_HAND) == BY_HAND
    changed = dumps(Settings(times="off", joins="all"), BY_HAND)
    assert changed == BY_HAND.replace('ignored = [\n    "eve",\n    "Bob",\n]\n', 'joins = "all"\n')
    assert 'times = "on"' not in dumps(Settings(), BY_HAND)


@pytest.mark.usefixtures("_reader")
@for_each(
    [
        ("", {}),
        ('bell = "off" # x\n = 3\nnonsense\n', {"bell": "off"}),
        ('bell = off\ntimes = "off"', {"times": "off"}),
        ('ignored = [ # mine\n  "eve", # she\n  "b#b",\n]\nbell = off', {"ignored": ["eve", "b#b"]}),
        ('ignored = [\n  "eve",\nbell = "off"', {"bell": "off"}),
        ('x = [\n  "eve",\n', {}),
        ("a = 1\n[a.b]\nc = true\n[d]", {"a": {"b": {"c": True}}, "d": {}}),
    ]
)
def test_a_line_that_cannot_be_read_costs_that_line_alone(text: str, values: dict[str, Any]) -> None:
    assert read(text) == values


def test_values_of_other_kinds_are_none() -> None:
    assert loads('bell = ["off"]\ntimes = 1\nignored = "bob"') == Settings()
    assert loads('ignored = ["Bob", 3]') == Settings(ignored=frozenset({"bob"}))


def test_the_text_of_an_earlier_version_is_read() -> None:
    text = "bell loud\nvolume 11\n\nignore\nignored x\ntimes off\nignore Bob\n"
    assert loads_old(text) == Settings(times="off", ignored=frozenset({"bob"}))


def test_every_setting_is_kept() -> None:
    assert set(settings_text._DEFAULTS) == set(CHOICES) | {"ignored"}
