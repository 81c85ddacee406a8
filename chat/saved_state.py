"""Record: what outlives a run of the server."""

from __future__ import annotations

from dataclasses import dataclass, field

from chat.log import Log
from chat.replies import Replies


@dataclass
class Record:
    """The log and the answers of one `epoch`, a text that tells this log from any other one."""

    epoch: str
    log: Log = field(default_factory=Log)
    answers: Replies = field(default_factory=Replies)
