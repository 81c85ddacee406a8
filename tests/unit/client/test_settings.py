"""client.core.settings and client.cli.settings_file: what a user likes otherwise, and the file that it is kept in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from client.cli import settings_file
from client.core.settings import CHOICES, MEANINGS, Settings, change
from protocol.errors import ProtocolError
from protocol.requests import Ignore, Set, Unignore

BOB = Settings(ignored=frozenset({"bob"}))


@pytest.mark.parametrize(
    ("before", "request_", "after", "told"),
    [
        (Settings(), Set("bell off"), Settings(bell="off"), "bell off  ("),
        (Settings(), Set("BELL All"), Settings(bell="all"), "bell all  ("),
        (Settings(), Set("times"), Settings(), "times on  (on, off: "),
        (Settings(), Ignore("Bob"), BOB, "You ignore Bob now. /unignore Bob ends that."),
        (Settings(), Ignore(), Settings(), "You ignore nobody."),
        (BOB, Ignore(), BOB, "You ignore bob."),
        (BOB, Unignore("BOB"), Settings(), "You ignore BOB no more."),
        (BOB, Unignore("carl"), BOB, "You did not ignore carl."),
    ],
)
def test_a_change(before: Settings, request_: Set | Ignore | Unignore, after: Settings, told: str) -> None:
    settings, text = change(before, request_)
    assert settings == after
    assert text.startswith(told)


def test_without_a_setting_all_are_explained() -> None:
    assert MEANINGS.keys() == CHOICES.keys()
    _, text = change(Settings(), Set())
    assert [line.split()[0] for line in text.splitlines()] == list(CHOICES)


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        (
            "volume 11",
            "There is no setting volume, but: bell, times, joins, theme, title, notify. Usage: /set [SETTING]",
        ),
        (
            "constructor x",
            "There is no setting constructor, but: bell, times, joins, theme, title, notify. Usage: /set [SETTING]",
        ),
        ("bell loud", "bell is one of: off, mention, whisper, all. Usage: /set [SETTING]"),
    ],
)
def test_a_wrong_setting_is_told_what_there_is(setting: str, why: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        change(Settings(), Set(setting))
    assert str(caught.value) == why


# --- the file ----------------------------------------------------------------------------------------------------

HOME = Path("/home/ann")


@pytest.mark.parametrize(
    ("platform", "environment", "path"),
    [
        ("linux", {}, HOME / ".config/select-chat/settings.toml"),
        ("linux", {"XDG_CONFIG_HOME": "/x"}, Path("/x/select-chat/settings.toml")),
        ("darwin", {}, HOME / "Library/Application Support/select-chat/settings.toml"),
        ("win32", {"APPDATA": "/roaming"}, Path("/roaming/select-chat/settings.toml")),
        ("win32", {}, HOME / "AppData/Roaming/select-chat/settings.toml"),
    ],
)
def test_the_platforms_usual_place(platform: str, environment: dict[str, str], path: Path) -> None:
    assert settings_file.place(environment, platform, HOME) == path


def test_settings_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert settings_file.kept() == Settings()
    settings_file.keep(BOB)
    assert settings_file.kept() == BOB
    assert os.listdir(tmp_path / "select-chat") == ["settings.toml"]  # noqa: PTH208


def test_a_disk_that_will_not_costs_the_settings_and_no_more(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    settings_file.keep(BOB)
    assert settings_file.kept() == Settings()


def test_the_file_of_an_earlier_version_is_taken_over_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    old = tmp_path / "select-chat" / "settings"
    old.parent.mkdir()
    old.write_text("times off\nignore bob\nvolume 11\n")
    assert settings_file.kept() == Settings(times="off", ignored=frozenset({"bob"}))
    assert old.with_name("settings.toml").read_text() == 'times = "off"\nignored = ["bob"]\n'
    old.write_text("times on\n")
    assert settings_file.kept().times == "off"


def test_bookmarks_outlive_a_change_of_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:  # U5
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert settings_file.values() == {}
    settings_file.path().parent.mkdir()
    settings_file.path().write_text('[bookmarks.work]\nservers = ["a:1"]\n')
    settings_file.keep(BOB)
    assert settings_file.values()["bookmarks"] == {"work": {"servers": ["a:1"]}}
    assert settings_file.kept() == BOB
