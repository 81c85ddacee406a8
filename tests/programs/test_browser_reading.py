"""Reading in a real Chromium: what is new, what is older, who is meant; for every eye, by keyboard, in any size."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.support.browsers import Browser, Tab
from tests.support.programs import Program, Programs, needs

pytestmark = [needs("chromium"), needs("chromedriver"), needs("telnet")]

LEAVING = """
    document.addEventListener("visibilitychange", () => { document.title = "nobody looks" }, { once: true })
"""
TO_TOP = "document.getElementById('scroller').scrollTop = 0"
AT_END = "const s = document.getElementById('scroller'); return s.scrollHeight - s.scrollTop - s.clientHeight < 40"


# --- what is new, and what is older --------------------------------------------------------------------------------


def looks_elsewhere(run: Programs, ann: Tab, browser: Browser) -> Tab:
    """Open another tab; return it when Ann's page knows that nobody looks at it any more."""
    ann.run(LEAVING)
    other = browser.tab(run.port)
    other.until(lambda: "nobody looks" in browser.titles(), "the page never knew", lambda: repr(browser.titles()))
    return other


@pytest.mark.long
def test_a_mention_is_marked_and_counted_in_the_title_while_nobody_looks(
    run: Programs, bob: Program, ann: Tab, browser: Browser
) -> None:  # W4
    bob.types("hi Ann, and anna")
    ann.sees("hi Ann")
    assert ann.texts("#log mark") == ["Ann"]
    assert ann.driver.title == "Chat"  # somebody looks
    other = looks_elsewhere(run, ann, browser)
    bob.types("ann: are you there?", "/whisper ann psst", "never mind")
    bob.sees("Whispered to ann")
    other.until(lambda: "(2) Chat" in browser.titles(), "the title never counted", lambda: repr(browser.titles()))


@pytest.mark.long
def test_what_came_while_nobody_looked_stands_below_a_line(
    run: Programs, bob: Program, ann: Tab, browser: Browser
) -> None:  # W4
    bob.types("seen")
    ann.sees("seen")
    other = looks_elsewhere(run, ann, browser)
    bob.types("one", "two")
    other.until(lambda: "\u2022 Chat" in browser.titles(), "the title never told")
    ann.sees("two")
    items = ann.texts("#log .item")
    assert [item.startswith("new") for item in items[-3:]] == [False, True, False]
    ann.says("here I am")
    ann.sees("here I am")
    assert not ann.all("#log .unread")


@pytest.mark.long
def test_who_reads_above_is_told_of_new_messages_below(bob: Program, ann: Tab) -> None:  # W4
    bob.types(*(f"line {number}" for number in range(100)))
    ann.sees("line 99")
    ann.until(lambda: ann.run(AT_END), "it never went down")
    ann.run(TO_TOP)
    ann.until(lambda: ann.shown("#below"), "the way down never came")
    place = ann.run("return document.getElementById('scroller').scrollTop")
    bob.types("one more", "two more")
    ann.comes_to(lambda: ann.find("#below").text, "2 new messages below")
    assert ann.run("return document.getElementById('scroller').scrollTop") == place
    ann.clicks("#below")
    ann.until(lambda: ann.run(AT_END), "it never went down")
    ann.comes_to(lambda: ann.shown("#below"), False)
    ann.sees("two more")


@pytest.mark.long
def test_older_messages_come_by_scrolling_up(run: Programs, bob: Program, browser: Browser) -> None:  # W4
    bob.types(*(f"line {number}." for number in range(250)), "/ping")
    bob.sees("pong")
    ann = browser.joins(run.port, "ann")
    ann.sees("line 249.")
    assert ann.count("line 100.") == 0
    ann.presses(Keys.PAGE_UP)

    def reaches_the_start() -> bool:
        ann.run(TO_TOP)
        return ann.count("line 0.") == 1

    ann.until(reaches_the_start, "the first line never came")
    lines = [int(found[1]) for text in ann.texts("#log .row .text") if (found := re.match(r"line (\d+)\.", text))]
    assert lines == list(range(lines[0], lines[-1] + 1))
    ann.comes_to(lambda: ann.run(TO_TOP) or ann.find("#beginning").text, "Nothing older is known.")


@pytest.mark.long
def test_comings_and_goings_are_one_line(run: Programs, ann: Tab) -> None:  # W4
    for name in ("bob", "carl", "dora"):
        run.joins(run.telnet(), name)
    ann.sees("connected: bob, carl, dora. Users here: 4", "#folded")
    ann.says("hi all")
    ann.sees("connected: bob, carl, dora. Users here: 4")
    ann.comes_to(lambda: ann.texts("#folded"), [""])


# --- for every eye -------------------------------------------------------------------------------------------------


def luminance(color: str) -> float:
    """Return the relative luminance of `#rrggbb` or `#rgb` (WCAG 2.1)."""
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_every_colour_of_text_can_be_read_on_every_ground() -> None:  # W5
    style = (Path(__file__).parents[2] / "web" / "style.css").read_text(encoding="utf-8")
    themes = [
        dict(re.findall(r"--([\w-]+): (#\w+)", block)) for block in re.findall(r"\{([^{}]*--back: [^{}]*)\}", style)
    ]
    assert len(themes) == 3
    assert themes[1] == themes[2]  # by the system's wish, and by the user's
    grounds = {"back": ["text", "faint", "accent", "whisper", "bad"], "raised": ["text", "faint"]}
    grounds |= {"whisper-back": ["whisper"], "bad-back": ["text"], "mention": ["text"], "code": ["text", "faint"]}
    grounds |= {"accent": ["on-accent"]}
    for theme in themes:
        pairs = [(text, ground) for ground, texts in grounds.items() for text in texts]
        pairs += [(f"c{number}", ground) for number in range(16) for ground in ("back", "raised")]
        assert [pair for pair in pairs if contrast(theme[pair[0]], theme[pair[1]]) < 4.5] == []


@pytest.mark.long
def test_the_theme_is_the_system_s_until_it_is_chosen(ann: Tab) -> None:  # W5
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = ann.run(ground)
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    ann.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    ann.until(lambda: ann.run(ground) != light, "it never became dark")
    ann.clicks("#theme")
    ann.comes_to(lambda: ann.run(ground), light)
    ann.reloads()
    ann.comes_to(lambda: ann.run(ground), light)


@pytest.mark.long
def test_nothing_is_wider_than_the_screen(run: Programs, browser: Browser) -> None:  # W5
    run.server()
    bob = run.joins(run.telnet(), "a-very-long-name-20c")
    ann = browser.joins(run.port, "ann")
    bob.types("x" * 400, "https://example.org/" + "y" * 300, "/whisper ann " + "z" * 300, "/users")
    ann.says("/help", "/users")
    ann.sees("Connected users: 2")
    ann.clicks("#people")
    wide = """
        return [...document.querySelectorAll("body *")].filter((e) => e.getClientRects().length
          && (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1)
          && getComputedStyle(e).clipPath === "none").map((e) => e.outerHTML.slice(0, 100))
    """
    for width in (360, 820, 1440, 2560):
        metrics = {"width": width, "height": 740, "deviceScaleFactor": 1, "mobile": False}
        ann.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        ann.comes_to(lambda: ann.run("return innerWidth"), width)
        ann.comes_to(lambda: ann.run(wide), [])
        ann.until(lambda: ann.run("return document.documentElement.scrollWidth <= innerWidth"), f"{width} are too few")
        assert ann.find("#line").is_displayed() or width == 360


@pytest.mark.long
def test_everything_is_reached_by_keyboard(run: Programs, bob: Program, browser: Browser) -> None:  # W5
    ann = browser.tab(run.port)
    focus = "return document.activeElement.id"
    ann.comes_to(lambda: ann.run(focus), "name")
    keys(ann, "ann", Keys.ENTER)
    ann.comes_to(lambda: ann.run(focus), "line")
    keys(ann, "by keyboard", Keys.ENTER)
    bob.sees("ann: by keyboard")
    bob.types(*(f"line {number}" for number in range(100)))
    ann.sees("line 99")
    keys(ann, Keys.PAGE_UP, Keys.PAGE_UP)
    ann.until(lambda: ann.shown("#below"), "the log never scrolled")
    keys(ann, Keys.ESCAPE)
    ann.until(lambda: not ann.shown("#below"), "it never went down")
    reached = set()
    for _ in range(12):
        keys(ann, Keys.TAB)
        reached.add(ann.run(focus))
    assert {"line", "send", "people", "theme", "scroller"} <= reached
    while ann.run(focus) != "people":
        keys(ann, Keys.TAB)
    keys(ann, Keys.ENTER)
    ann.until(lambda: ann.shown("#roster"), "who is here was never shown")


def keys(tab: Tab, *pressed: str) -> None:
    """Press keys wherever the focus is."""
    tab.driver.switch_to.active_element.send_keys(*pressed)


@pytest.mark.long
def test_a_screen_reader_finds_names_and_roles(ann: Tab) -> None:  # W5
    assert ann.find("#log").get_attribute("role") == "log"
    for found in ann.driver.find_elements(By.CSS_SELECTOR, "button, input, textarea, aside, [role]"):
        if found.is_displayed() and found.get_attribute("role") not in ("status", "alert"):
            assert found.accessible_name, found.get_attribute("outerHTML")
    ann.says("one", "two")
    ann.sees("two")
    assert ann.texts("#log .said .who") == ["ann", "ann"]  # also where it is not shown again


AXE = os.environ.get("CHAT_AXE", "")  # the file axe.min.js of axe-core; .ci/run fetches it where there is npm


@pytest.mark.long
@pytest.mark.skipif(not AXE, reason="CHAT_AXE names no axe.min.js")
def test_axe_finds_no_barrier(run: Programs, bob: Program, browser: Browser) -> None:  # W5
    ann = browser.tab(run.port)
    ann.run(Path(AXE).read_text(encoding="utf-8"))
    look = "axe.run().then((found) => arguments[0](found.violations.map((v) => [v.id, v.nodes.map((n) => n.html)])))"
    assert ann.driver.execute_async_script(look) == []
    ann.enters("ann")
    bob.types("hi ann, see https://example.org", "/whisper ann psst", "`code`")
    ann.says("/users")
    ann.sees("Connected users: 2")
    ann.clicks("#people")
    assert ann.driver.execute_async_script(look) == []


# --- much of it ----------------------------------------------------------------------------------------------------


# What one drawing adds to the log is what its task costs, on any machine: `python -m tools.bench.page` has the times.
WATCH_DRAWINGS = """
    window.most = 0;
    const look = (changes) => {
        window.most = Math.max(window.most, changes.reduce((sum, { addedNodes }) => sum + addedNodes.length, 0));
    };
    new MutationObserver(look).observe(document.getElementById("log"), { childList: true });
"""
WINDOW = 120  # rows: ROWS in web/log.js


def memory(tab: Tab) -> tuple[int, int]:
    """Return how many bytes and nodes the page keeps, those included that it has taken off the screen."""
    tab.driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    used = tab.driver.execute_cdp_cmd("Runtime.getHeapUsage", {})["usedSize"]
    return used, tab.driver.execute_cdp_cmd("Memory.getDOMCounters", {})["nodes"]


@pytest.mark.long
def test_ten_thousand_messages_keep_the_page_small_and_the_line_alive(run: Programs, browser: Browser) -> None:  # W7
    run.server()
    bob = run.joins(run.telnet(), "bob")
    ann = browser.joins(run.port, "ann")
    ann.run(WATCH_DRAWINGS)
    kept = []
    for first in range(0, 10_000, 500):
        bob.types(*(f"line {number} of many, for ann" for number in range(first, first + 500)))
        ann.presses("x")
        if first in (6_000, 9_500):  # all that is kept is full from 5,000 on
            ann.sees(f"line {first + 499} of many")
            kept.append(memory(ann))
    ann.comes_to(lambda: ann.typed, "x" * 20)
    assert ann.run("return document.querySelectorAll('*').length") < 3000
    ann.until(lambda: ann.run(AT_END), "it did not follow")
    assert 0 < ann.run("return window.most") <= WINDOW
    (bytes_before, _), (bytes_after, nodes) = kept
    assert bytes_after < 1.2 * bytes_before
    assert nodes < 5000
