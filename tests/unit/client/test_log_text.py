"""client.view.log_text: what stands in the file of /log. U5."""

from __future__ import annotations

import re
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from client.core import render
from client.core.render import Kind, compose, render_event
from client.view.log_text import begun, ended, entry, failed, state
from protocol.events import Said, UsersListed, Whispered
from tests.support.strategies import hostile_texts

AT = 1_700_000_000.0
TIME = f"{datetime.fromtimestamp(AT):%Y-%m-%d %H:%M:%S}"


def test_a_line_has_the_time_when_it_was_said_or_else_when_it_came() -> None:  # U5
    said = render_event(Said(2, "bob", "hi", AT), "ann")
    assert said is not None
    assert entry(said, AT + 60) == f"{TIME} bob: hi\n"
    assert entry(render.notice("x"), AT) == f"{TIME} * x\n"
    whispered = render_event(Whispered(3, "bob", "ann", "psst", AT), "ann")
    assert whispered is not None
    assert entry(whispered, AT) == f"{TIME} bob -> you: psst\n"


def test_a_list_goes_on_indented() -> None:  # U5, M9
    listed = render_event(UsersListed(("ann", "bob"), 2), "ann")
    assert listed is not None
    assert entry(listed, AT) == f"{TIME} Connected users: 2\n    ann  bob\n"


@given(st.lists(hostile_texts, min_size=1))
def test_whatever_is_shown_is_plain_text_with_one_time(texts: list[str]) -> None:  # U5, D4
    lines = entry(compose(Kind.SAID, *texts), AT).split("\n")
    assert lines.pop() == ""
    assert lines[0].startswith(f"{TIME} ")
    assert all(line.startswith("  ") for line in lines[1:])
    assert not re.search("[\x00-\x1f\x7f-\x9f]", "".join(lines))


def test_the_answers_say_that_whispers_are_written_too() -> None:  # U5
    assert (
        begun("/a") == state("/a") == "What is shown is written to /a, too, and whispers with it. /log off ends that."
    )
    assert "and whispers with it" in state("")
    assert ended("/a") == "/a is not written any more."
    assert failed("/a", "no").startswith("/a can't be written: no.")
