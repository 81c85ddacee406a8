"""The page in a real Chromium, with a real server and telnet: coming in, the promise, commands, what is hostile."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from urllib.request import urlopen

import pytest
from selenium.webdriver.common.keys import Keys

from tests.support.browsers import Browser, Tab
from tests.support.certificates import Files
from tests.support.programs import Program, Programs, needs

pytestmark = [needs("chromium"), needs("chromedriver"), needs("telnet")]


# --- coming in ---------------------------------------------------------------------------------------------------


def test_a_link_is_enough_to_chat_with_telnet(run: Programs, bob: Program, browser: Browser) -> None:  # W1, W2
    bob.types("is anybody there?")
    bob.types("/ping")
    bob.sees("pong")
    ann = browser.joins(run.port, "ann")
    ann.sees("is anybody there?")
    assert ann.texts("#log .row .text")[0] == "is anybody there?"  # what was before stands before the welcome
    bob.sees("ann has connected")
    ann.says("hello bob")
    bob.sees("ann: hello bob")
    ann.sees("hello bob")
    bob.types("hi ann")
    ann.sees("hi ann")
    assert ann.count("hello bob") == ann.count("hi ann") == 1
    assert ann.find("#people").text == "2 here"


@pytest.mark.long
def test_the_same_port_is_https_too(run: Programs, browser: Browser, certificate: Files) -> None:  # W1, T1
    file, key = certificate
    run.server("--tls-cert", str(file), "--tls-key", str(key))
    bob = run.joins(run.telnet(), "bob")
    ann, carl = browser.joins(run.port, "ann", "https"), browser.joins(run.port, "carl")
    ann.says("hello from inside TLS")
    bob.sees("ann: hello from inside TLS")
    carl.sees("hello from inside TLS")
    carl.says("hello from outside")
    ann.sees("hello from outside")


@pytest.mark.long
def test_a_connection_that_the_browser_made_ahead_serves_the_page(run: Programs, browser: Browser) -> None:  # W1
    run.server()
    ann = browser.joins(run.port, "ann")
    ann.run("document.head.append(Object.assign(document.createElement('link'), { rel: 'preconnect', href: '/' }))")
    ann.until(lambda: undecided(run) > 0, "it never connected ahead")
    telnet = run.telnet()
    telnet.sees("Welcome to this chat.")  # though that address has a browser; and the time of the other is over, too
    ann.reloads()
    ann.says("here I am")
    ann.sees("here I am")


def undecided(run: Programs) -> int:
    """Return how many connections have shown nothing of what they speak."""
    with urlopen(f"http://127.0.0.1:{run.port}/metrics") as answer:
        told: str = answer.read().decode()
    found = re.search(r'^chat_connections\{door="undecided",.*\} (\d+)', told, re.MULTILINE)
    return int(found[1]) if found else 0


@pytest.mark.long
def test_a_name_that_can_t_be_had_is_asked_for_again(run: Programs, browser: Browser) -> None:  # W1
    run.server()
    run.joins(run.telnet(), "bob")
    ann = browser.tab(run.port)
    for name, why in (("bob", "bob is in use"), ("admin", "reserved"), ("no blanks", "can't be a name")):
        ann.enters(name)
        ann.sees(why, "#entry-error")
    ann.enters("ann")
    ann.sees("Welcome, ann")
    ann.comes_to(lambda: ann.shown("#entry"), False)


@pytest.mark.long
def test_without_a_server_the_entrance_says_so(run: Programs, browser: Browser) -> None:
    server = run.server()
    ann = browser.tab(run.port)
    server.signals(signal.SIGKILL)
    server.ends()
    ann.enters("ann")
    ann.sees("can't be reached", "#entry-error")
    run.server(port=run.port)
    ann.enters("ann")
    ann.sees("Welcome, ann")


@pytest.mark.long
def test_who_leaves_is_told_and_may_come_back(bob: Program, ann: Tab) -> None:
    ann.says("/quit")
    bob.sees("ann has left (goodbye)")
    ann.sees("You have left.", "#banner")
    ann.clicks("#rejoin")
    ann.enters("ann")
    bob.sees("ann has connected")
    ann.says("again")
    bob.sees("ann: again")


# --- the promise -------------------------------------------------------------------------------------------------


def test_a_reload_is_the_same_client_and_shows_what_was_missed_once(bob: Program, ann: Tab) -> None:  # W3
    bob.types("one")
    ann.sees("one")
    ann.says("mine")
    ann.sees("mine")
    for number in range(3):
        ann.reloads()
        bob.types(f"meanwhile {number}")
        ann.sees(f"meanwhile {number}")
        # Whether bob was quicker or not; what she missed stands before it, and may be drawn earlier.
        ann.comes_to(lambda: sum("you are back" in text.lower() for text in ann.texts("#log .item")), number + 1)
    for text in ("one", "mine", "meanwhile 0", "meanwhile 1", "meanwhile 2"):
        assert ann.count(text) == 1, text
    ann.says("still me")
    bob.sees("ann: still me")


@pytest.mark.long
def test_a_killed_server_loses_and_doubles_nothing_of_what_is_typed(
    run: Programs, server: Program, ann: Tab
) -> None:  # W3
    for number in range(3):
        ann.says(f"before {number}")
        server.signals(signal.SIGKILL)
        server.ends()
        ann.sees("offline", "#status")
        ann.says(f"while it is down {number}")
        ann.sees(f"while it is down {number}", "#waiting .pending")
        server = run.server(port=run.port)
        ann.sees(f"while it is down {number}")
        ann.comes_to(lambda: len(ann.all("#waiting .pending")), 0)
    bob = run.joins(run.telnet(), "bob")
    bob.types("/history 50", "/ping")
    bob.sees("pong")
    for number in range(3):
        for text in (f"before {number}", f"while it is down {number}"):
            assert bob.text.count(f"ann: {text}") >= 1
            assert ann.count(text) == 1, text
    told = re.findall(r"ann: (before \d|while it is down \d)", bob.text.partition("The last messages")[2])
    once = [f"{what} {number}" for number in range(3) for what in ("before", "while it is down")]
    assert told[: len(once)] == once


@pytest.mark.long
def test_lines_that_wait_outlive_a_reload(run: Programs, server: Program, ann: Tab) -> None:  # W3
    ann.says("said")
    ann.sees("said")
    page = ann.run("return document.documentElement.outerHTML")
    assert page
    server.signals(signal.SIGSTOP)
    ann.says("on its way")
    ann.sees("on its way", "#waiting .pending")
    kept = ann.run("return sessionStorage.getItem('chat lines')")
    assert "on its way" in kept
    server.signals(signal.SIGKILL)
    server.ends()
    run.server(port=run.port)
    ann.reloads()
    ann.sees("on its way")
    assert ann.count("on its way") == ann.count("said") == 1


@pytest.mark.long
def test_two_tabs_are_two_users(run: Programs, browser: Browser) -> None:  # W3
    run.server()
    ann, bob = browser.joins(run.port, "ann"), browser.joins(run.port, "bob")
    ann.says("hello")
    bob.sees("hello")
    bob.says("hi")
    ann.sees("hi")


@pytest.mark.long
def test_a_duplicated_tab_becomes_another_client(run: Programs, ann: Tab, browser: Browser) -> None:  # W3
    before = set(browser.driver.window_handles)
    ann.run("window.open(location.href)")  # copies sessionStorage, as duplicating does
    ann.until(lambda: set(browser.driver.window_handles) - before, "the copy never came")
    (copied,) = set(browser.driver.window_handles) - before
    other = browser.tab(run.port)  # to have a Tab
    other.handle = copied
    other.until(lambda: other.shown("#entry"), "the copy never became another client")
    ids = [tab.run("return sessionStorage.getItem('chat client')") for tab in (ann, other)]
    assert ids[0] != ids[1]
    other.enters("ann2")
    other.sees("Welcome, ann2")
    ann.says("still here")
    other.sees("still here")


# --- commands ----------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_whispers_and_replies_reach_one_user_only(run: Programs, browser: Browser) -> None:  # W4
    run.server()
    bob, carl = run.joins(run.telnet(), "bob"), run.joins(run.telnet(), "carl")
    ann = browser.joins(run.port, "ann")
    ann.says("/reply too early")
    ann.sees("Nobody has whispered to you yet", ".refused")
    bob.types("/whisper ann psst")
    ann.sees("psst", "#log .whispered .text")
    ann.says("/reply sure")
    bob.sees("ann whispers: sure")
    ann.sees("you \u2192 bob", "#log .whispered .who")
    ann.says("over")
    carl.sees("ann: over")
    assert "psst" not in carl.text
    assert "sure" not in carl.text


@pytest.mark.long
def test_tab_completes_commands_and_names_and_a_hint_says_what_follows(bob: Program, ann: Tab) -> None:  # W4
    ann.presses("/whi")
    ann.comes_to(lambda: ann.texts("#ghost"), ["/whisper USER MESSAGE"])
    ann.presses(Keys.TAB, "b", Keys.TAB)
    ann.comes_to(lambda: ann.typed, "/whisper bob ")
    ann.comes_to(lambda: ann.texts("#ghost"), ["/whisper bob MESSAGE"])
    ann.comes_to(lambda: str(ann.find("#composer").get_attribute("data-to")), "only bob will see this")
    ann.presses("hi", Keys.ENTER)
    bob.sees("ann whispers: hi")
    ann.presses("b", Keys.TAB)
    ann.comes_to(lambda: ann.typed, "bob: ")


@pytest.mark.long
def test_what_looks_like_a_command_waits_for_another_enter(bob: Program, ann: Tab) -> None:  # W4
    ann.says("whisper bob a secret")
    ann.sees("Not sent yet: it looks like a command", "#notice")
    ann.presses(Keys.ALT, "/", Keys.NULL)
    ann.comes_to(lambda: ann.typed, "/whisper bob a secret")
    ann.presses(Keys.ENTER)
    bob.sees("ann whispers: a secret")


@pytest.mark.long
def test_passwords_are_typed_in_a_field_of_their_own(ann: Tab) -> None:  # W4, U2
    ann.says("/register")
    for _ in range(2):
        ann.until(lambda: ann.shown("#password"), "never asked for a password")
        assert ann.find("#password").get_attribute("type") == "password"
        assert not ann.shown("#line")
        label = ann.find("#question").text
        ann.answers("hunter22")
        ann.comes_to(lambda before=label: ann.shown("#password") and ann.find("#question").text == before, False)  # type: ignore[misc]
    ann.until(lambda: ann.shown("#line"), "the line never came back")
    ann.says("/quit")
    ann.sees("You have left.", "#banner")
    assert "hunter22" not in ann.run("return document.documentElement.outerHTML + JSON.stringify({...sessionStorage})")
    ann.clicks("#rejoin")
    ann.enters("ann")
    ann.answers("wrong password")
    ann.sees("That is not ann's password", "#secret-error")
    ann.answers("hunter22")
    ann.comes_to(lambda: ann.find("#status").text, "ann")


@pytest.mark.long
def test_settings_are_kept_and_who_is_ignored_is_not_shown(bob: Program, ann: Tab) -> None:  # W4
    ann.says("/ignore bob", "/set times off")
    ann.sees("times off")
    bob.types("unseen", "/quit")
    ann.sees("bob has left", ".item")
    assert ann.count("unseen") == 0
    assert not ann.shown("#log time")
    ann.reloads()
    ann.says("/ignore")
    ann.sees("You ignore bob.")


@pytest.mark.long
def test_operators_announce_mute_kick_and_ban(run: Programs, browser: Browser, tmp_path: Path) -> None:  # M2 to M5
    motd = tmp_path / "motd"
    motd.write_text("Be kind.\n")
    run.server("--operator", "ann", "--motd", str(motd))
    ann = run.joins(run.telnet(), "ann")
    ann.types("/register a word to pass")
    ann.sees("You are an operator")
    bob = browser.joins(run.port, "bob")
    bob.sees("Be kind.")
    ann.types("/announce back at *six*", "/mute bob 10m spam")
    bob.sees("ann announces: back at *six*", "#log .announced .text")
    bob.sees("You are muted for 10 min: spam.")
    bob.says("hello?")
    bob.sees("You are muted for another 10 min: spam.", ".refused")
    bob.comes_to(lambda: len(bob.texts("#waiting .pending")), 0)
    ann.types("/kick bob that was enough")
    bob.sees("ann has removed you from the chat: that was enough.", "#banner")
    bob.clicks("#rejoin")
    bob.enters("carl")
    ann.sees("carl has connected")
    ann.types("/ban carl 2h and so was that")
    bob.sees("You are banned for another 2 h: and so was that.", "#banner")
    bob.clicks("#rejoin")
    bob.enters("carl")
    bob.sees("You are banned for another 2 h: and so was that.", "#entry-error")


# --- what is hostile ---------------------------------------------------------------------------------------------

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "</div><style>*{display:none}</style>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1) data:text/html,x vbscript:x",
    "&lt;b&gt; &amp; &#60;",
    "http://a\"onmouseover='alert(1)'",
    "\u202eevil\u202c \u2066x\u2069 a\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301",
    "{{7*7}} ${alert(1)}",
)


def test_text_is_only_ever_text(bob: Program, ann: Tab) -> None:  # W6
    for text in HOSTILE:
        bob.types(text)
    bob.types("/whisper ann <b>bold</b>", "the end")
    ann.sees("the end")
    for text in HOSTILE[:7]:
        assert ann.count(text) == 1, text
    assert ann.texts("#log script, #log img, #log svg, #log style, #log b, #log iframe") == []
    assert [link.get_attribute("href") for link in ann.all("#log a")] == ["http://a/"]
    assert {link.get_attribute("rel") for link in ann.all("#log a")} == {"noopener noreferrer nofollow ugc"}


@pytest.mark.long
def test_only_addresses_of_the_web_are_links(bob: Program, ann: Tab) -> None:  # W4
    bob.types("see https://example.org/a_(b), (http://example.org/x?y=1). ftp://example.org file:///etc/passwd")
    ann.sees("see https")
    assert ann.texts("#log a") == ["https://example.org/a_(b)", "http://example.org/x?y=1"]


@pytest.mark.long
def test_scripts_of_other_sites_can_t_chat(run: Programs, browser: Browser) -> None:  # W6
    run.server()
    there, other = run.port, Programs(Path(run._folder) / "other")
    with other:
        other.server()
        ann = browser.tab(other.port)
        script = f"""
            const [done, socket] = [arguments[0], new WebSocket("ws://127.0.0.1:{there}/chat")];
            [socket.onopen, socket.onerror] = [() => done("open"), () => done("refused")];
        """
        assert ann.driver.execute_async_script(script) == "refused"  # by the page's own policy
        assert any("Content Security Policy" in message for message in browser.complaints())
