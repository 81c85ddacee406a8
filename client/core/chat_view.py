"""What a screen reads of a chat, whether a server carries it or a key-value store. Pure."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from client.core.settings import Settings


class Status(NamedTuple):
    """How the chat stands, for the status bar."""

    online: bool = True
    retry_in: int = 0  # seconds until the next try at a connection; 0 while one is being tried
    away: bool = False
    users: int = 0  # 0: not known
    round_trip: float | None = None  # seconds
    is_operator: bool = False  # by the server's word


class ChatView(Protocol):
    """Facts that a screen reads whenever it draws, from any thread."""

    settings: Settings

    @property
    def name(self) -> str:
        """Our name; "" until we are in."""

    @property
    def others(self) -> list[str]:
        """The names of the others here, the latest speaker first."""

    @property
    def whisperer(self) -> str:
        """The name that a reply would go to; "" for nobody."""

    @property
    def waiting(self) -> list[str]:
        """Our lines that have no answer yet, the oldest first, as they may be shown."""

    @property
    def status(self) -> Status:
        """How the chat stands."""

    @property
    def secret(self) -> int:
        """The number of the question for a password that stands; 0 for none."""

    @property
    def abandoned(self) -> int:
        """How many times a password was not wanted any more, though somebody may have been typing it."""

    def size(self, text: str) -> int:
        """Return how many bytes the line `text` would have when sent."""
