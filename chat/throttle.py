"""Holds: the sessions that have sent too much, and until when nothing more of each is taken.

Nothing of theirs is refused or lost: they are not read meanwhile, and the sender's own kernel keeps what comes.
"""

from __future__ import annotations

from chat import limits
from chat.effects import Effect, ReadAgain, Unicast
from chat.rate_limit import Meter
from chat.session import Session
from protocol import events, requests
from protocol.requests import Request

TOO_FAST = "You send faster than this chat takes it. What you sent waits its turn; nothing of it is lost."
_MESSAGES = (requests.Say, requests.Act, requests.Whisper)


class Throttle:
    """Charges each session's meter (chat.rate_limit) for its requests. Times are monotonic seconds."""

    def __init__(self) -> None:
        self.until: dict[Session, float] = {}  # for each session on hold

    def charge(self, session: Session, meter: Meter, request: Request, now: float) -> list[Effect]:
        """Charge `session` for `request` on its `meter`; put it on hold where it can't pay, and tell it so now and
        then."""
        is_message = isinstance(request, _MESSAGES)
        wait = meter.charge(now, messages=is_message, commands=not is_message)
        return self._hold(session, meter, wait, now)

    def charge_bytes(self, session: Session, size: int, now: float) -> list[Effect]:
        """Charge `session` for `size` received bytes; put it on hold as `charge` does."""
        meter = session.meter
        return [] if meter is None else self._hold(session, meter, meter.charge(now, size=size), now)

    def charge_answer(self, session: Session, size: int, now: float) -> list[Effect]:
        """Charge `session` for an answer of `size` bytes; put it on hold as `charge` does."""
        meter = session.meter
        return [] if meter is None else self._hold(session, meter, meter.charge(now, answer=size), now)

    def _hold(self, session: Session, meter: Meter, wait: float, now: float) -> list[Effect]:
        if not wait or session.closing:
            return []
        session.held = True
        self.until[session] = now + wait
        if now < meter.notified_at + limits.HOLD_NOTICE:
            return []
        meter.notified_at = now
        return [Unicast(session, events.Noticed(TOO_FAST))]

    def release(self, now: float) -> list[Effect]:
        """Let those go on whose time has come."""
        due = [session for session, until in self.until.items() if until <= now]
        for session in due:
            self.forget(session)
            session.liveness.heard_at = now  # it was not read: what it has sent is still to come
        return [ReadAgain(session) for session in due]

    def forget(self, session: Session) -> None:
        """Hold `session` no longer."""
        self.until.pop(session, None)
        session.held = False
