"""How far we have read the server's log, and what of it was missed while the connection was lost. Pure.

After a return the server repeats what we missed, up to our own coming at `came_at`. An event whose number is not above
`seq` has been seen already.
"""

from __future__ import annotations

from protocol import requests
from protocol.events import Event, Welcomed
from protocol.text import excerpt


class LogPosition:
    """The newest number that we have seen, in which log, and where our coming by this connection stands in it."""

    def __init__(self) -> None:
        self.epoch = ""  # names the log; "" until the first welcome
        self.seq = 0
        self.came_at = 0
        self.has_missed = False  # something that came before `came_at` has been shown since the return

    def resume(self, sent: int) -> requests.ResumePoint:
        """Return from where the server is to go on; lines up to number `sent` may have reached it."""
        return requests.ResumePoint(self.epoch, self.seq, sent)

    def is_resumed_by(self, event: Welcomed) -> bool:
        """Return whether the welcome goes on with the log that we know."""
        return event.resumed and excerpt(event.epoch) == self.epoch

    def goes_on_by(self, event: Welcomed) -> bool:
        """Return whether a welcome to somebody who is in the room means that its server was cut off from the others, or
        that the log is another one, so that lines without an answer may be lost."""
        return event.resumed or excerpt(event.epoch) != self.epoch

    def welcomed(self, event: Welcomed, *, is_resumed: bool) -> None:
        """Note where in its log the server let us in."""
        self.seq = self.seq if is_resumed else event.seq
        self.epoch, self.came_at, self.has_missed = excerpt(event.epoch), event.seq, False

    def precedes_us(self, event: Event) -> bool:
        """Return whether `event` happened before we came, so that names in it may be others' by now."""
        return getattr(event, "seq", self.came_at + 1) <= self.came_at

    def notes_missed(self) -> bool:
        """Note that something missed is shown; return whether it is the first."""
        is_first, self.has_missed = not self.has_missed, True
        return is_first
