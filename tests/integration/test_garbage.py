"""runtime/garbage.py: the collector of cycles leaves the loop alone, and may, because serving makes no cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from chat.session import Session
from protocol.requests import Line
from runtime.garbage import FULL_AFTER, limit_collections
from tests.support.live import Live, frame

BOTH = pytest.mark.parametrize("live", ["plain", "tls"], indirect=True)
OURS = ("chat", "protocol", "runtime", "server", "ssl")


@pytest.fixture(autouse=True)
def _collecting() -> Iterator[None]:
    """Leave the collector as it was; what is there before a test costs nothing in it."""
    before, debug = gc.get_threshold(), gc.get_debug()
    gc.freeze()
    yield
    gc.set_debug(debug)
    gc.garbage.clear()
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_is_there_when_the_server_is_ready_is_not_looked_at_again() -> None:
    young, middle, _ = gc.get_threshold()
    limit_collections()
    assert gc.get_freeze_count() > 1000
    assert gc.get_threshold()[:2] == (young, middle)
    assert gc.get_threshold()[2] in (FULL_AFTER, 0)  # from Python 3.14 on, the oldest generation has none


def found() -> list[str]:
    """Return the types of what is ours and only the collector finds, and forget it."""
    gc.collect()
    kinds = [f"{type(one).__module__}.{type(one).__name__}" for one in gc.garbage]
    gc.garbage.clear()
    return [kind for kind in kinds if kind.split(".")[0] in OURS]


def serve(live: Live) -> None:
    """Let two come in, one with frames, say and ask something, and leave; and strangers that speak something else."""
    text, framed = live.joins("ann"), live.joins_framed("bob")
    text.says("hello", "/help", "/users", "/nosuch", "/whisper bob psst", "/history")
    framed.sees("psst")
    for number, line in enumerate(("hello back", "/search hello", "/nick carl"), 1):
        framed.sends(frame(Line(line, number)))
    framed.sees('"renamed"')
    text.says("/quit")
    live.until(lambda: text.ended, "never ended")
    for junk in (b"\x16\x03\x01" + b"x" * 500, b"GET /none HTTP/1.1\r\n\r\n", b"\0\0\0\0", b"SSH-2.0-x\r\n"):
        stranger = live.connects(plain=True)
        stranger.sends(junk)
        live.turns(3)
        stranger.resets()
    text.resets()
    framed.resets()
    live.until(lambda: not live.connected(), "never gone")


@BOTH
def test_serving_makes_no_cycles_that_only_the_collector_could_free(live: Live) -> None:
    serve(live)  # what is made once, and kept
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    serve(live)
    assert found() == []


def test_a_cycle_would_be_found() -> None:
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    session = Session("192.0.2.1:1")
    session.meter = session  # type: ignore[assignment]
    del session
    assert "chat.session.Session" in found()
