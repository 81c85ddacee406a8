"""The file known_hosts, beside the settings: how the servers that were met over TLS are known."""

from __future__ import annotations

import contextlib
from datetime import date
from pathlib import Path

from client.cli import settings_file
from client.cli.exits import Ending, Exit
from client.core.known_servers import Known, look_up, place_of, remember
from system.atomic_file import write_whole

_FILE = "known_hosts"


class KnownHosts:
    """What is known of servers: by the file, which others may change meanwhile, or else by this conversation."""

    def __init__(self) -> None:
        self._met: dict[str, Known] = {}

    @property
    def file(self) -> str:
        """Where the file is, as people read it."""
        try:
            return str(_path())
        except RuntimeError:
            return _FILE

    def of(self, host: str, port: int) -> Known | None:
        """Return how a server is known; None for a stranger. Raises Ending when the file has no answer."""
        place = place_of(host, port)
        try:
            return look_up(_text(), place) or self._met.get(place)
        except OSError as error:
            raise Ending(Exit.CANNOT_CONNECT, f"{self.file} can't be read: {error.strerror}.") from None
        except ValueError as error:
            sentence = f"The line for {place} in {self.file} can't be read: {error}. Correct it, or delete it."
            raise Ending(Exit.CANNOT_CONNECT, sentence) from None

    def has(self, host: str, port: int) -> bool:
        """Return whether a server is known to speak TLS, as far as the file can be read."""
        try:
            return self.of(host, port) is not None
        except Ending:
            return False

    def keep(self, host: str, port: int, known: Known) -> str:
        """Remember how a server is known, in the file if possible; return why it isn't, "" if it is."""
        place = place_of(host, port)
        self._met[place] = known
        try:
            text = remember(_text(), place, known, date.today().isoformat())
            write_whole(_path(), text.encode(errors="surrogateescape"))
        except OSError as error:
            return error.strerror or str(error)
        except RuntimeError as error:
            return str(error)
        return ""


def _path() -> Path:
    """Return where the file is. Raises RuntimeError for a user without a home."""
    return settings_file.path().with_name(_FILE)


def _text() -> str:
    """Return what is in the file. Raises OSError."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, RuntimeError):
        return _path().read_text(encoding="utf-8", errors="surrogateescape")
    return ""
