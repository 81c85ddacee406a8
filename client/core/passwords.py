"""Which question for a password stands, and whether what came of an answer is known yet. Pure.

A question is known by its number, so that an answer to one that is over is no answer to another.
"""

from __future__ import annotations

from client.core.typed import Secret
from protocol import events
from protocol.events import Event

# What may come of a password.
_OUTCOMES = (
    events.Welcomed,
    events.Asked,
    events.Refused,
    events.Noticed,
    events.Renamed,
    events.Dismissed,
)


class Passwords:
    """Facts about the server's questions for passwords."""

    def __init__(self) -> None:
        self.question = 0  # the number of the one that stands; 0 for none
        self.is_checked = False  # a password was sent, and what came of it is not known yet
        self._questions = 0  # so far

    def asked(self) -> None:
        """Note that there is another question."""
        self._questions += 1
        self.question = self._questions

    def answers(self, secret: Secret) -> bool:
        """Say whether `secret` answers the question that stands; then that is over."""
        if secret.question != self.question:
            return False
        self.question, self.is_checked = 0, True
        return True

    def hears(self, event: Event) -> None:
        """Note what `event` says of the password that was given, or of the question for one.

        What answers a line of ours says nothing of it. A notice to everybody does no harm: the server takes no line
        for talk while it waits for a password.
        """
        if not isinstance(event, _OUTCOMES) or getattr(event, "cseq", None) is not None:
            return
        self.is_checked = False
        if isinstance(event, events.Welcomed | events.Asked | events.Dismissed):
            self.question = 0

    def over(self) -> None:
        """Forget what was asked for."""
        self.question, self.is_checked = 0, False
