"""runtime/log_writer.py: a log line is one line of printable ASCII, whatever peers send."""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Iterator

import pytest

from runtime.log_writer import RateLimitedLog, start_log


@contextlib.contextmanager
def log_of_a_program(level: str, as_json: bool = False) -> Iterator[logging.Logger]:
    """The root logger as a program starts it: without the handlers of the tests, which get theirs back."""
    logger = logging.getLogger()
    handlers, logger_level = logger.handlers[:], logger.level
    logger.handlers.clear()
    finish = start_log(level, as_json)
    yield logger
    finish()
    logger.handlers[:] = handlers
    logger.setLevel(logger_level)


HOSTILE = [
    "a line\nand a forged one",
    "a carriage\rreturn",
    "\x1b[31mred\x07",
    "\u202eright to left",
    "caf\u00e9 \U0001f600",
    "next\x85line and para\u2029graph",
    "\ud800",
    "\0\x7f",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_log_line_is_one_line_of_printable_ascii(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with log_of_a_program("info") as root:
        root.info("%s", text)
    logged = capsys.readouterr().out
    assert logged.endswith("\n")
    assert all(" " <= character <= "~" for character in logged[:-1])


def test_a_traceback_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    with log_of_a_program("info") as root:
        try:
            raise ValueError("two\nlines")
        except ValueError:
            root.exception("a bug")
    (line,) = capsys.readouterr().out.splitlines()
    assert " a bug | Traceback " in line
    assert line.endswith("ValueError: two | lines")


@pytest.mark.parametrize("text", HOSTILE)
def test_with_json_an_entry_is_one_object_on_one_line(capsys: pytest.CaptureFixture[str], text: str) -> None:  # O4
    with log_of_a_program("info", as_json=True) as root:
        root.warning("of %s", text)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.isascii()
    entry = json.loads(line)
    assert entry["level"] == "warning"
    assert f"of {text}".startswith(entry["message"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["at"])


def test_with_json_a_traceback_is_a_field(capsys: pytest.CaptureFixture[str]) -> None:
    with log_of_a_program("info", as_json=True) as root:
        try:
            raise ValueError("two\nlines")
        except ValueError:
            root.exception("a bug")
    entry = json.loads(capsys.readouterr().out)
    assert entry["message"] == "a bug"
    assert entry["bug"].startswith("Traceback ")
    assert entry["bug"].endswith("ValueError: two\nlines")


def test_a_line_begins_with_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    with log_of_a_program("info") as root:
        root.info("ready")
    day, time, text = capsys.readouterr().out.split()
    assert (len(day), len(time), text) == (len("2026-01-31"), len("23:59:59"), "ready")


@pytest.mark.parametrize(("level", "count"), [("debug", 3), ("info", 2), ("error", 1)])
def test_the_level_decides_what_is_logged(capsys: pytest.CaptureFixture[str], level: str, count: int) -> None:
    with log_of_a_program(level) as root:
        for log in (root.debug, root.info, root.error):
            log("a line")
    assert capsys.readouterr().out.count("a line") == count


# --- limited lines ---------------------------------------------------------------------------------------------------


@pytest.fixture
def limited(caplog: pytest.LogCaptureFixture) -> RateLimitedLog:
    caplog.set_level(logging.INFO)
    return RateLimitedLog(logging.getLogger(), 2, "and %d more")


def test_the_first_lines_of_a_second_are_logged_and_the_rest_counted(
    limited: RateLimitedLog, caplog: pytest.LogCaptureFixture
) -> None:  # C14
    for number in range(5000):
        limited.info(10.0, "number %d", number)
        limited.log_rest(10.9)
    assert caplog.messages == ["number 0", "number 1"]
    limited.log_rest(11.0)
    limited.log_rest(12.0)
    assert caplog.messages[2:] == ["and 4998 more"]


def test_the_next_second_is_logged_again_after_the_rest_of_the_one_before(
    limited: RateLimitedLog, caplog: pytest.LogCaptureFixture
) -> None:
    for now in (10.0, 10.5, 10.6, 11.0, 13.0):
        limited.info(now, "at %s", now)
    limited.log_rest(20.0)
    assert caplog.messages == ["at 10.0", "at 10.5", "and 1 more", "at 11.0", "at 13.0"]
