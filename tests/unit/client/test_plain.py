"""client.view.plain: what goes to standard output, and what to standard error."""

from __future__ import annotations

import json

import pytest

from client.core import render
from client.core.session import ClientSession
from client.view.plain import as_json, plain
from protocol import events
from protocol.errors import ErrorCode
from protocol.events import Event, Joined, Noticed, Past, Ponged, Said, UsersListed, Welcomed, Whispered, refusal

AT = 1_700_000_000.0
HISTORY = events.HistoryListed("The last messages:", (Past(1, AT, "bob", "hi"),))


class Bot:
    """A script's session, and what it wrote."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.session = ClientSession("secret")
        self.out: list[str] = []
        self.err: list[str] = []
        self.write = plain(self.session, self.out.append, self.err.append, quiet=quiet)
        self.hears(Welcomed("bot", "epoch", 1, 1))

    def hears(self, event: Event) -> tuple[list[str], list[str]]:
        """Return what of `event` goes out, and where."""
        self.out.clear()
        self.err.clear()
        step = self.session.receive(event, 0.0)
        assert step.show is not None
        self.write(step.show)
        return self.out, self.err


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (Said(2, "bob", "hi", AT), "bob: hi"),
        (Whispered(2, "bob", "bot", "psst", AT), "bob -> you: psst"),
        (UsersListed(("bot",), 1, cseq=1), "Connected users: 1\n  bot"),
        (Noticed("bob is here now.", cseq=1), "* bob is here now."),
        (Ponged(cseq=1), "pong"),
    ],
)
def test_what_is_said_and_answered_goes_out(event: Event, text: str) -> None:
    assert Bot().hears(event) == Bot(quiet=True).hears(event) == ([text], [])


@pytest.mark.parametrize("event", [Joined(2, "bob", 2), Noticed("soon"), HISTORY, events.Dismissed("Goodbye.")])
def test_notices_are_for_people(event: Event) -> None:
    out, err = Bot().hears(event)
    assert (out, len(err)) == ([], 1)
    assert Bot(quiet=True).hears(event) == ([], [])


def test_refusals_are_told_even_when_quiet() -> None:
    told = "! nobody is not connected. /users shows who is."
    assert Bot(quiet=True).hears(refusal(ErrorCode.NOT_CONNECTED, 1, name="nobody")) == ([], [told])


@pytest.mark.parametrize("event", [Said(2, "bot", "hi", AT, 1), Whispered(2, "bot", "bob", "hi", AT, 1)])
def test_our_own_lines_are_not_repeated(event: Event) -> None:
    assert Bot().hears(event) == ([], [])


def test_the_past_is_a_message_where_it_was_asked_for() -> None:
    bot = Bot()
    bot.session.typed("/history 100", 0.0)
    assert bot.hears(HISTORY)[1] == []
    assert bot.hears(events.HistoryListed("The last messages:", (), cseq=1))[1] == []


def test_json_is_an_event_a_line() -> None:
    lines: list[str] = []
    write = as_json(lines.append)
    for event in (Said(2, "bob", "h\u00e9", AT), UsersListed(("bot",), 1)):
        shown = render.render_event(event, "bot")
        assert shown is not None
        write(shown)
    write(render.offline())
    write(render.refusal("What?", ErrorCode.USAGE))
    said, users, own, refused = map(json.loads, lines)
    assert said == {"type": "said", "seq": 2, "name": "bob", "text": "h\u00e9", "at": AT}
    assert users == {"type": "users", "names": ["bot"], "count": 1}
    assert own == {"type": "client", "text": render.offline().text}
    assert refused == {"type": "client", "text": "! What?", "number": 302, "code": "usage"}  # U6
    assert not any("\n" in line for line in lines)
