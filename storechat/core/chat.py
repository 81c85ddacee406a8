"""What a screen reads of a chat through a store (client.core.chat_view). Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from client.core.chat_view import Status
from client.core.settings import Settings
from protocol.sanitize import clean


@dataclass(slots=True)
class StoreChat:
    """Our name, the other's, and how the chat stands. A store asks for no password and has no whispers."""

    name: str
    others: list[str]
    status: Status = field(default_factory=lambda: Status(users=1))
    settings: Settings = field(default_factory=Settings)
    whisperer: str = ""
    waiting: list[str] = field(default_factory=list)
    secret: int = 0
    abandoned: int = 0

    def size(self, text: str) -> int:
        """Return how many bytes the line `text` has in a letter."""
        return len(clean(text).encode(errors="replace"))
