"""tests/cases/client.json: what the Python client and the page of browsers do alike. `node --test` runs the same file
(tests/web/cases.test.js), so neither can change without the other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from client.core.links import links
from client.core.render import mentions
from client.core.session import ClientSession
from client.core.step import Step
from client.core.typed import NewName, Secret
from client.view.joins import JoinsLine
from client.view.name_colors import NameColors
from protocol.objects import FROM_SERVER, dump, load
from protocol.sanitize import clean

CASES: dict[str, Any] = json.loads((Path(__file__).parents[2] / "cases" / "client.json").read_text(encoding="utf-8"))


class Player:
    """Plays the steps of one conversation to a session of the Python client."""

    def __init__(self) -> None:
        self.session = ClientSession("0123456789abcdef", lists_users=False)

    def plays(self, step: dict[str, Any]) -> dict[str, Any]:
        """Return what the session sends and shows for `step`, and what it knows after it of what `step` asks for."""
        outcome = self._outcome(step)
        shown = [] if outcome is None else [one.text for one in (outcome.first, outcome.show) if one is not None]
        sent = [] if outcome is None else [json.loads(dump(message)) for message in outcome.send]
        if "return" in step:
            sent = [json.loads(dump(self.session.again()))]
        return {"sends": sent, "shows": shown} | ({"is": self._known(step["is"])} if "is" in step else {})

    def _outcome(self, step: dict[str, Any]) -> Step | None:
        session = self.session
        match step:
            case {"hello": name}:
                return Step(send=(session.hello(name),))
            case {"hear": event}:
                return session.receive(load(json.dumps(event).encode(), FROM_SERVER), 1.0)
            case {"type": text}:
                return session.typed(text, 1.0)
            case {"name": text}:
                return session.typed(NewName(text), 1.0)
            case {"answer": text}:
                return session.typed(Secret(text, step.get("question", session.secret)), 1.0)
            case {"lose": _}:
                session.lost()
        return None

    def _known(self, keys: dict[str, Any]) -> dict[str, Any]:
        session = self.session
        known = {
            "name": session.name,
            "online": session.presence.online,
            "clear": session.is_clear,
            "asked": session.questions.what,
            "may return": session.presence.may_return,
            "others": session.others,
            "users": session.roster.count,
            "reply to": session.whisperer,
            "waiting": session.waiting,
            "away": session.presence.away,
            "operator": session.presence.is_operator,
        }
        return {key: known[key] for key in keys}


@pytest.mark.parametrize("case", CASES["conversations"], ids=lambda case: case["name"])
def test_a_conversation_goes_as_in_the_file(case: dict[str, Any]) -> None:  # W3
    player = Player()
    for step in [*CASES["beginnings"][case["from"]], *case["steps"]]:
        played = player.plays(step)
        assert played == {"sends": step.get("sends", []), "shows": step.get("shows", [])} | (
            {"is": step["is"]} if "is" in step else {}
        ), step


@pytest.mark.parametrize("case", CASES["mentions"], ids=lambda case: f"{case['me']} in {case['text']}")
def test_mentions_are_found_as_in_the_file(case: dict[str, Any]) -> None:  # W4
    assert [piece for piece, is_me in mentions(case["text"], case["me"]) if is_me] == case["found"]
    assert "".join(piece for piece, _ in mentions(case["text"], case["me"])) == case["text"]


@pytest.mark.parametrize("case", CASES["links"], ids=lambda case: ascii(case["text"]))
def test_links_are_found_as_in_the_file(case: dict[str, Any]) -> None:  # W4
    assert [piece for piece, is_link in links(case["text"]) if is_link] == case["found"]
    assert "".join(piece for piece, _ in links(case["text"])) == case["text"]


@pytest.mark.parametrize("case", CASES["cleaned"], ids=lambda case: ascii(case["text"]))
def test_text_is_cleaned_as_in_the_file(case: dict[str, str]) -> None:  # W6
    assert clean(case["text"]) == case["cleaned"]


@pytest.mark.parametrize("case", CASES["joins"], ids=lambda case: case["name"])
def test_comings_and_goings_are_folded_as_in_the_file(case: dict[str, Any]) -> None:
    folding = JoinsLine()
    takes = [folding.takes(load(json.dumps(event).encode(), FROM_SERVER)) for event in case["events"]]
    line = folding.line("ann")
    assert takes == case["takes"]
    assert (None if line is None else line.text) == case["line"]


def test_names_have_the_colours_of_the_file() -> None:
    colors = NameColors()
    assert [[name, colors.of(name)] for name, _ in CASES["colors"]] == CASES["colors"]
