"""Bugs in the client's session: the promise is kept by both ends or by none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from client.core import render, session
from client.core.session import ClientSession
from client.core.step import Step
from client.core.unanswered import Pending
from protocol.events import Renamed, Welcomed
from protocol.requests import Hello, Line
from tools.crash.mutants.bug import Bug
from tools.crash.patches import Patches


def shows_repeats(patches: Patches) -> None:
    """A repeated event is shown again."""
    receive = ClientSession.receive

    def receiving(self: ClientSession, event: Any, now: float) -> Step:
        is_old = getattr(event, "seq", self.position.seq + 1) <= self.position.seq
        step = receive(self, event, now)
        return replace(step, show=render.render_event(event, self.name)) if is_old else step

    patches.replace(ClientSession, "receive", receiving)


def _again(patches: Patches, change: Any) -> None:
    again = ClientSession.again
    patches.replace(ClientSession, "again", lambda self: change(self, again(self)))


def forgets_pending(patches: Patches) -> None:
    """Lines without an answer are forgotten when the connection is lost."""

    def forgetting(self: ClientSession, hello: Hello) -> Hello:
        self.lines.pending.clear()
        return hello

    _again(patches, forgetting)


def asks_too_late(patches: Patches) -> None:
    """It asks to resume one number too late."""

    def asking(self: ClientSession, hello: Hello) -> Hello:
        resume = hello.resume
        return hello if resume is None else replace(hello, resume=replace(resume, seq=resume.seq + 1))

    _again(patches, asking)


def _welcomed(patches: Patches, change: Any) -> None:
    welcomed = ClientSession._welcomed

    def being_welcomed(self: ClientSession, event: Welcomed) -> Step:
        return change(self, welcomed(self, event))  # type: ignore[no-any-return]

    patches.replace(ClientSession, "_welcomed", being_welcomed)


def repeats_nothing(patches: Patches) -> None:
    """It waits for answers without repeating its lines."""
    _welcomed(patches, lambda self, step: replace(step, send=()))


def repeats_backwards(patches: Patches) -> None:
    """It repeats the newest line first."""
    _welcomed(patches, lambda self, step: replace(step, send=step.send[::-1]))


def repeats_renumbered(patches: Patches) -> None:
    """It repeats its lines under new numbers."""

    def renumbering(self: ClientSession, step: Step) -> Step:
        repeated = [line for line in step.send if isinstance(line, Line)]
        lines = [
            Line(line.text, self.lines.newest + number, line.as_of, line.epoch)
            for number, line in enumerate(repeated, 1)
        ]
        self.lines.newest += len(lines)
        self.lines.pending = {line.cseq: Pending(line, 0.0) for line in lines}
        return replace(step, send=tuple(lines))

    _welcomed(patches, renumbering)


def skips_missed(patches: Patches) -> None:
    """It takes the welcome's number for the newest that it has seen, and skips what it missed."""

    def skipping(self: ClientSession, step: Step) -> Step:
        self.position.seq = self.position.came_at
        return step

    _welcomed(patches, skipping)


def takes_others_answers(patches: Patches) -> None:
    """Another author's `cseq` acknowledges its own line of that number."""

    def settling(self: ClientSession, event: Any) -> Pending | None:
        return self.lines.pending.pop(getattr(event, "cseq", None), None)  # type: ignore[arg-type]

    patches.replace(ClientSession, "_settle", settling)


def follows_old_names(patches: Patches) -> None:
    """Old events of a rename change its present name (a bug that this checker found in the real client)."""
    renamed = ClientSession._renamed

    def following(self: ClientSession, event: Any) -> None:
        renamed(self, event)
        self.name = event.name if event.old == self.name else self.name

    patches.replace(session, "_NOTES", session._NOTES | {Renamed: following})


CLIENT: dict[str, Bug] = {
    "client-shows-repeats": shows_repeats,
    "client-forgets-pending": forgets_pending,
    "client-asks-too-late": asks_too_late,
    "client-repeats-nothing": repeats_nothing,
    "client-repeats-backwards": repeats_backwards,
    "client-repeats-renumbered": repeats_renumbered,
    "client-skips-missed": skips_missed,
    "client-takes-others-answers": takes_others_answers,
    "client-follows-old-names": follows_old_names,
}
