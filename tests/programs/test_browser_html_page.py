"""The page of `myclient.py --html` in a real Chromium: what is new is added to it, and after the end nothing looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from client.core.render import Shown, render_event
from client.ui.html_page import Page
from protocol import events
from tests.support.browsers import Browser, Tab
from tests.support.programs import needs

pytestmark = [needs("chromium"), needs("chromedriver"), pytest.mark.long]

ROWS = "[role=log] > p"
IS_SAME = "return window.isSame === true"
LOOKS = "return frames.length"


def said(text: str) -> Shown:
    shown = render_event(events.Said(1, "bob", text, 0.0), "ann")
    assert shown is not None
    return shown


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chat.html"


@pytest.fixture
def tab(browser: Browser) -> Tab:
    return Tab(browser.driver)


def test_what_is_new_is_added_and_nothing_is_loaded_anew(tab: Tab, path: Path) -> None:  # D7
    page = Page(path, "Chat")
    page.show(said("before, for Ann"))
    tab.driver.get(path.as_uri())
    tab.sees("before", ROWS)
    tab.run("window.isSame = true; getSelection().selectAllChildren(document.querySelector('h1'))")
    for number in range(60):
        page.show(said(f"line {number}, see https://example.org/{number}"))
    tab.sees("line 59", ROWS)
    page.show(said("<b>later</b>"))
    tab.sees("<b>later</b>", ROWS)
    assert tab.run(IS_SAME)
    assert tab.run("return String(getSelection())") == "Chat"
    assert [tab.count(f"line {number},", ROWS) for number in range(60)] == [1] * 60
    assert tab.texts("mark") == ["Ann"]
    assert tab.texts(f"{ROWS} a")[-1] == "https://example.org/59"
    assert tab.run("return scrollY + innerHeight >= document.documentElement.scrollHeight - 8")
    tab.run("scrollTo(0, 0)")
    page.show(said("below"))
    tab.sees("below", ROWS)
    assert tab.run("return scrollY") == 0
    page.close()


def test_after_the_end_nothing_looks_any_more(tab: Tab, path: Path) -> None:  # D7
    page = Page(path, "Chat")
    tab.driver.get(path.as_uri())
    tab.until(lambda: tab.run(LOOKS), "it never looked")
    page.show(said("goodbye"))
    page.close()
    tab.sees("goodbye", ROWS)
    tab.comes_to(lambda: tab.run(LOOKS), 0)
    tab.reloads()
    tab.sees("goodbye", ROWS)
    assert tab.run(LOOKS) == 0


def test_a_row_that_is_half_written_is_shown_when_it_is_whole(tab: Tab, path: Path) -> None:  # D7
    page = Page(path, "Chat")
    page.show(said("one"))
    page.show(said("two"))
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"two") + 1])
    tab.driver.get(path.as_uri())
    tab.sees("one", ROWS)
    assert tab.count("t", f"{ROWS} span") == 0
    path.write_bytes(whole)
    tab.sees("two", ROWS)
    page.close()


def test_another_chat_in_the_file_takes_the_place_of_the_first(tab: Tab, path: Path) -> None:  # D6
    page = Page(path, "Chat")
    page.show(said("the first"))
    tab.driver.get(path.as_uri())
    tab.sees("the first", ROWS)
    other = Page(path, "Chat")
    other.show(said("the second"))
    tab.sees("the second", ROWS)
    assert tab.count("the first", ROWS) == 0
    page.close()
    other.close()


def test_a_page_around_it_is_told_nothing(tab: Tab, path: Path) -> None:
    page = Page(path, "Chat")
    page.show(said("between us"))
    around = path.with_name("around.html")
    script = "onmessage = ({ data }) => document.title = JSON.stringify(data)"
    around.write_text(f"<script>{script}</script><iframe src='{path.as_uri()}#0-0'></iframe>", encoding="utf-8")
    tab.driver.get(around.as_uri())
    told = '{"isSame":false,"added":[],"goesOn":false}'
    tab.comes_to(lambda: tab.driver.title, told)
    page.close()
