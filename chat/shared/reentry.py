"""Re-entry: what becomes of a server's sessions when its incarnation has ended and another one begins.

For the others in the room this server is gone, and its users have left. Nobody is disconnected: each session waits,
comes in again by its name, and is sent what it has missed, from the last number that it was told, as if it had lost its
connection. It takes the place of an earlier connection of its client, which a log without its end may still hold. If
its name was taken or registered meanwhile, it is asked for another one. If it was kicked, it is told so and closed: the
log decides, whenever it is read. What a session had proposed, and was not read back, waits until it is in again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from math import inf

from chat import limits
from chat.effects import Effect, Exited, LogLine, Unicast
from chat.handlers.moderation import farewell_of
from chat.order import Deferred
from chat.proposals import Enter, Rename, Replace
from chat.room import Room
from chat.session import Phase, Session
from chat.state import State
from protocol import acts
from protocol.errors import ErrorCode, Refusal
from protocol.events import Left, Renamed, refusal
from protocol.requests import GoAway, ResumePoint
from protocol.text import key_of, skeleton
from protocol.values import value

_NAME_IS_LOST = (ErrorCode.NAME_TAKEN, ErrorCode.NAME_LOOKS_ALIKE, ErrorCode.PASSWORD_NEEDED)


@value
class Seat:
    """The seat that a session has lost: who was on it, and how."""

    number: int
    name: str
    account: str
    away: str
    settled: int  # lines of its client
    known_as: str  # its name at the number that it was told last


class Reentry:
    """The sessions that wait for a seat, in the order in which they came."""

    def __init__(self) -> None:
        self._lost: dict[Session | None, Seat] = {}

    @property
    def waiting(self) -> Collection[Session | None]:
        """The sessions that wait."""
        return self._lost.keys()

    def suspend_all(self, state: State) -> list[Effect]:
        """Take all sessions out of a room that is given up."""
        self._lost = {session: seat for session, seat in self._lost.items() if session and not session.closing}
        effects: list[Effect] = []
        for number, session in state.sessions.items():
            member = session.member
            assert member is not None  # noqa: S101  (it is in the room)
            settled = state.room.replies.highest(session.claim.identity) or 0
            self._lost[session] = Seat(number, member.name, member.account, member.away, settled, member.name)
            _suspend(session, state.room)
            state.unnamed.add(session)
            effects.append(Exited(session))
        state.sessions.clear()
        return effects

    def renamed(self, session: Session, rename: Rename) -> None:
        """Note that a session that waits was renamed before: it comes in by that name."""
        seat = self._lost[session]
        self._lost[session] = replace(seat, name=rename.name, account=rename.account)

    def proposals(self, incarnation: str) -> Iterator[Deferred]:
        """Yield what brings all back who wait and were not asked for another name."""
        for session, seat in self._lost.items():
            if session is not None and session.stalled:
                claim = session.claim
                client = claim.identity
                if client and claim.attempt is not None:  # else nobody could tell whether ours is the later one
                    yield Deferred(None, 0, Replace(client, claim.attempt), None, "")
                proposal = Enter(
                    seat.name, skeleton(seat.name), seat.account, client, seat.settled, incarnation, claim.attempt
                )
                yield Deferred(session, 0, proposal, None, "a return")
                if seat.away:
                    yield Deferred(session, seat.number, GoAway(seat.away), None, "a return")

    def release(self, state: State, session: Session, why: Refusal | None) -> list[Effect] | None:
        """Let a session go on whose return the room has decided about, and refused, if at all, because of `why`.

        Return what it is told if that is that it has lost its name; else None.
        """
        session.stalled = session.waiting = False
        if why is None or why[0] not in _NAME_IS_LOST:
            return None
        name = self._lost[session].name
        session.liveness.deadline = state.now + limits.TEXT_REGISTRATION
        log = LogLine(f"{session.address} has lost the name {name} while this server could not be heard")
        return [Unicast(session, refusal(ErrorCode.NAME_LOST, name=name)), *state.ask_name(session), log]

    def dismiss_kicked(self, state: State) -> list[Effect]:
        """Dismiss those that were kicked before their seats were lost, as far back as the log of the room goes."""
        holders = {key_of(seat.known_as): session for session, seat in self._lost.items() if session is not None}
        effects: list[Effect] = []
        for entry in state.room.log:
            event = entry.event
            if not isinstance(event, Left | Renamed):
                continue
            old = event.old if isinstance(event, Renamed) else event.name
            session = holders.get(key_of(old))
            if session is None or event.seq <= _told_up_to(session):
                continue
            del holders[key_of(old)]
            if isinstance(event, Renamed):
                holders[key_of(event.name)] = session
            elif event.reason.startswith(acts.KICKED_BY):
                effects += state.dismiss(session, farewell_of(event.reason), event.reason)
        return effects

    def take_seat(self, session: Session) -> int | None:
        """Return the seat that a session had lost, which is in the room again; None if it has lost none."""
        seat = self._lost.pop(session, None)
        return None if seat is None else seat.number


def _suspend(session: Session, room: Room) -> None:
    claim = session.claim
    claim.resume, claim.is_stranger, claim.skips_lines = ResumePoint(room.epoch, room.log.last_seq()), False, False
    claim.former = session.identity
    session.member, session.phase, session.knows_role = None, Phase.NAMELESS, False
    session.liveness.deadline = inf
    session.stalled = True


def _told_up_to(session: Session) -> int:
    """Return the number up to which a session that waits was told what happened."""
    resume = session.claim.resume
    return 0 if resume is None else resume.seq
