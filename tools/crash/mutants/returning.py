"""Bugs in what a returning client is told, and in how repeated lines are answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chat import resume
from chat.effects import Broadcast, Unicast
from chat.log import Entry, Log
from chat.proposals import Applied
from chat.replies import Replies
from chat.room import Room
from protocol import requests
from protocol.errors import ErrorCode
from protocol.events import Missed, Said
from tools.crash.mutants.bug import Bug, Effects
from tools.crash.mutants.telling import follow
from tools.crash.patches import Patches

FEW = 16  # clients: more than the members, fewer than the strangers


def _resumes(change: Callable[[Log, int, str, Any], tuple[int, list[Entry]]]) -> Bug:
    def infect(patches: Patches) -> None:
        since = Log.since
        patches.replace(Log, "since", lambda self, seq, identity: change(self, seq, identity, since))

    return infect


def _without_whispers(log: Log, seq: int, identity: str, since: Any) -> tuple[int, list[Entry]]:
    missing, entries = since(log, seq, identity)
    return missing, [entry for entry in entries if not entry.reader]


def _without_own(log: Log, seq: int, identity: str, since: Any) -> tuple[int, list[Entry]]:
    missing, entries = since(log, seq, identity)
    return missing, [entry for entry in entries if entry.author != identity]


def _gap_too_small(log: Log, seq: int, identity: str, since: Any) -> tuple[int, list[Entry]]:
    missing, entries = since(log, seq, identity)
    return max(0, missing - 1), entries


def _gap_too_large(log: Log, seq: int, identity: str, since: Any) -> tuple[int, list[Entry]]:
    missing, entries = since(log, seq, identity)
    return missing + bool(missing), entries


def others_whispers(patches: Patches) -> None:
    """A returning client is told everybody's whispers."""
    patches.replace(Entry, "is_for", lambda self, identity: True)


def others_numbers(patches: Patches) -> None:
    """A returning client is told the `cseq` of others' lines as if they were its own."""
    patches.replace(Entry, "told_to", lambda self, identity: self.event)


def no_gap(patches: Patches) -> None:
    """A returning client is not told of a gap."""
    catch_up = resume.catch_up

    def catching_up(*arguments: Any) -> Effects:
        effects: Effects = catch_up(*arguments)
        return [e for e in effects if not (isinstance(e, Unicast) and isinstance(e.event, Missed))]

    patches.replace(resume, "catch_up", catching_up)


def no_end(patches: Patches) -> None:
    """A returning client is not told that the log is another one."""
    patches.replace(resume, "tell_lost", lambda *_: [])


def any_epoch(patches: Patches) -> None:
    """A returning client is taken to know this log, even if it knows another."""
    patches.replace(resume, "can_resume", lambda session, *_: session.claim.resume is not None)


def never_resumed(patches: Patches) -> None:
    """A returning client is not told what it has missed."""
    patches.replace(resume, "can_resume", lambda *_: False)


def said_again(patches: Patches) -> None:
    """A repeated line is said again."""
    patches.replace(Replies, "highest", lambda *_: None)


def _repeats(patches: Patches, again: Applied) -> None:
    """Have a repeated line come to `again`."""
    once = Room._once

    def carrying_out(room: Room, author: Any, rule: Any, line: Any, at: float) -> Applied:
        is_repeated = line.cseq <= (room.replies.highest(author.identity) or 0)
        return again if is_repeated else once(room, author, rule, line, at)

    patches.replace(Room, "_once", carrying_out)


def repeat_unanswered(patches: Patches) -> None:
    """A repeated line is dropped without an answer."""
    _repeats(patches, Applied(refused=(ErrorCode.NOT_NAMED, {})))


def repeat_refused(patches: Patches) -> None:
    """A repeated line is refused, although it was said."""
    _repeats(patches, Applied(refused=(ErrorCode.REPEATED_TOO_LATE, {})))


def others_answers(patches: Patches) -> None:
    """A repeated line gets the answer to another author's line of that number."""
    once = Room._once

    def carrying_out(room: Room, author: Any, rule: Any, line: Any, at: float) -> Applied:
        log, replies, cseq = room.log, room.replies, line.cseq
        places = (seq for other in replies._highest for seq in replies.places(other, cseq) if cseq > 2)
        entry = next((entry for seq in places if (entry := log.entry(seq)) is not None), None)
        if entry is not None and getattr(entry.event, "cseq", None) == cseq:
            return Applied(again=entry.event)
        return once(room, author, rule, line, at)

    patches.replace(Room, "_once", carrying_out)


def clients_forgotten(patches: Patches) -> None:
    """The answers to a client's lines are forgotten once some others have spoken."""
    note = Replies.note

    def noting(self: Replies, identity: str, cseq: int, seq: int) -> None:
        note(self, identity, cseq, seq)
        while len(self._highest) > FEW:
            other = next(iter(self._highest))
            del self._highest[other]
            self._places._clients.pop(other, None)

    patches.replace(Replies, "note", noting)
    patches.replace(Replies, "_forget", lambda *_: None)


def answers_forgotten(patches: Patches) -> None:
    """After a restart all answers to earlier lines are forgotten."""
    begin = Replies.__init__
    patches.replace(Replies, "__init__", lambda self, *_: begin(self))


def wrong_number(patches: Patches) -> None:
    """An acknowledgement has the number of the line after it."""

    def changed(state: Any, author: Any, effects: Effects) -> Effects:
        for effect in effects:
            if isinstance(effect, Broadcast) and isinstance(effect.event, Said) and effect.event.cseq:
                effect.event.cseq += 1  # type: ignore[misc]
        return effects

    follow(patches, requests.Say, changed)


RETURNING: dict[str, Bug] = {
    "resume-too-early": _resumes(lambda log, seq, identity, since: since(log, max(0, seq - 1), identity)),
    "resume-too-late": _resumes(lambda log, seq, identity, since: since(log, seq + 1, identity)),
    "resume-without-whispers": _resumes(_without_whispers),
    "resume-without-own": _resumes(_without_own),
    "resume-in-any-epoch": any_epoch,
    "never-resumed": never_resumed,
    "others-whispers": others_whispers,
    "others-cseq": others_numbers,
    "gap-untold": no_gap,
    "gap-too-small": _resumes(_gap_too_small),
    "gap-too-large": _resumes(_gap_too_large),
    "end-untold": no_end,
    "repeat-said-again": said_again,
    "repeat-unanswered": repeat_unanswered,
    "repeat-refused": repeat_refused,
    "answers-of-others": others_answers,
    "answers-forgotten": answers_forgotten,
    "clients-forgotten": clients_forgotten,
    "cseq-wrong": wrong_number,
}
