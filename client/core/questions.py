"""What the server asks of us, a name or a password, and whether the outcome of an answer is known yet. Pure.

Each question for a password has a number, so that an answer to one that is over is not taken for an answer to the next.
"""

from __future__ import annotations

from collections.abc import Container

from client.core.typed import Secret
from protocol import events
from protocol.events import Event

_NO_LINE = 0
# What may come of a password.
_OUTCOMES = (
    events.Welcomed,
    events.Asked,
    events.Refused,
    events.Noticed,
    events.Renamed,
    events.Dismissed,
)


class Questions:
    """The question that stands, and what came of the answers."""

    def __init__(self) -> None:
        self.what = ""  # "name", "password", or "" while nothing is asked
        self.secret = 0  # the number of the question for a password that stands; 0 for none
        self.refusal = ""  # why the server did not let us in, since we last tried
        self.abandoned = 0  # counts the passwords that are not wanted any more, though somebody may be typing one
        self._is_checked = False  # a password was sent, and what came of it is not known yet
        self._asking_line = _NO_LINE  # the newest line that the server may answer by asking for a password
        self._count = 0  # of the questions for a password so far

    def asked(self, what: str) -> None:
        """Note that the server asks for `what`."""
        self.what = what
        if what == "password":
            self._count += 1
            self.secret = self._count

    def may_follow(self, cseq: int) -> None:
        """Note that the server may answer line `cseq` by asking for a password."""
        self._asking_line = cseq

    def awaits_secret(self, unanswered: Container[int]) -> bool:
        """Return whether the server may ask for a password next; `unanswered` are the numbers of our open lines."""
        return self._is_checked or self._asking_line in unanswered

    def answered(self) -> None:
        """Note that something was sent that the server answers with a welcome, a refusal or another question."""
        self.what = self.refusal = ""

    def takes(self, secret: Secret) -> bool:
        """Return whether `secret` answers the question that stands, which it then ends."""
        if secret.question != self.secret:
            return False
        self.secret, self._is_checked = 0, True
        return True

    def hears(self, event: Event) -> None:
        """Note what `event` says of the password that was given, or of the question for one.

        What answers a line of ours says nothing of it. A notice to everybody does no harm: the server takes no line
        for talk while it waits for a password.
        """
        if not isinstance(event, _OUTCOMES) or getattr(event, "cseq", None) is not None:
            return
        self._is_checked = False
        if isinstance(event, events.Welcomed | events.Asked | events.Dismissed):
            self.secret = 0

    def abandon(self, unanswered: Container[int]) -> None:
        """Forget what was asked for, and a password that was about to be asked for: the connection is gone."""
        self.abandoned += bool(self.secret or self.awaits_secret(unanswered))
        self.what, self._asking_line = "", _NO_LINE
        self.secret, self._is_checked = 0, False
