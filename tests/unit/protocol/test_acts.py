"""protocol.acts: what somebody does is said like anything else, and read differently."""

from __future__ import annotations

from protocol import acts
from protocol.commands import BY_REQUEST
from protocol.dialects import SLASH, VERBS
from protocol.events import HistoryListed, Past, Said
from protocol.requests import Act
from tests.support.party import Party
from tests.support.rows import for_each


def test_an_act_is_said_as_it_is_typed() -> None:
    assert acts.as_said("waves") == f"{BY_REQUEST[Act].usage.replace('MESSAGE', 'waves')}"
    assert acts.act_in(acts.as_said("waves")) == "waves"


@for_each(["hi", "/me", "/mean", "me waves", ""])
def test_talk_is_no_act(text: str) -> None:
    assert acts.act_in(text) is None
    assert acts.told("ann", text) == f"ann: {text}"


def test_text_users_read_an_act_behind_the_name() -> None:
    said = Said(7, "ann", acts.as_said("waves"), 0.0)
    assert SLASH.render(said) == VERBS.render(said) == b"ann *waves*"
    past = HistoryListed("Now:", (Past(7, 0.0, "ann", acts.as_said("waves")),))
    assert SLASH.render(past).endswith(b"] ann *waves*")


def test_everyone_sees_what_somebody_does() -> None:
    party = Party()
    party.joins("ann", "bob")
    party.joins_framed("carl")
    party.looks_away()
    party.says("ann", "/me waves")
    party.sees("bob", "ann *waves*")
    party.sees("carl", "ann *waves*")
    party.sees("ann")
    party.says("carl", "/me nods")
    party.sees("ann", "carl *nods*")
    party.says("bob", "/history")
    assert b"] ann *waves*" in party.hears("bob")
