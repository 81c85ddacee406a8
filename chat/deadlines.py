"""Deadlines: who takes too long to come in, and who has been silent for too long."""

from __future__ import annotations

from chat import limits
from chat.effects import Effect, LogLine, Unicast
from chat.session import Phase, Session
from chat.state import State
from protocol.errors import ErrorCode
from protocol.events import Pinged, refusal

_INTERVAL = 1.0  # seconds between two looks for silent clients


class Deadlines:
    """The deadlines of the sessions of one `state`, by its time."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.read_nobody_at = 0.0  # when a turn read no session the last time, so that none could be heard
        self.look_at = 0.0  # when to look for silent clients next

    def enforce(self) -> list[Effect]:
        """Dismiss those that have finished no TLS handshake, sent no hello or sent no name in time."""
        now = self._state.now
        late = [s for s in self._state.unnamed if s.liveness.deadline <= now and not s.waiting]
        return [effect for session in late for effect in self._too_slow(session)]

    def _too_slow(self, session: Session) -> list[Effect]:
        if session.phase is Phase.SECURING:
            event = refusal(ErrorCode.TLS_REQUIRED)
            why = f"no TLS handshake was finished within {limits.HANDSHAKE} s"
        else:
            seconds = limits.FRAMED_REGISTRATION if session.phase is Phase.NEW else limits.TEXT_REGISTRATION
            event = refusal(ErrorCode.TOO_SLOW_TO_JOIN, seconds=seconds)
            why = event.text
        dismissed = self._state.dismiss(session, event, "too slow to join")
        return [LogLine(f"{session.label}: {why}"), *dismissed]

    def look_for_silent(self) -> list[Effect]:
        """Ping the clients that have been silent for long, and give up those that don't answer.

        A client whose answer may be there and was not read is not silent.
        """
        effects: list[Effect] = []
        now = self._state.now
        self.look_at = now + _INTERVAL
        pinged = [s for s in self._state.sessions.values() if s.dialect.pings and s.listened_to]
        for session in pinged:
            times = session.liveness
            if times.heard_at + limits.PING_AFTER > now:
                continue
            if times.pinged_at <= times.heard_at:
                times.pinged_at = now
                effects.append(Unicast(session, Pinged()))
            elif max(times.pinged_at, self.read_nobody_at) + limits.PONG_WITHIN <= now:
                seconds = limits.PING_AFTER + limits.PONG_WITHIN
                event = refusal(ErrorCode.SILENT, seconds=seconds)
                effects += self._state.dismiss(session, event, "no answer to a ping")
        return effects
