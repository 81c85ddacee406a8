"""Values: the keys and values of a key-value store, one file each, replaced whole.

Everything here may block on the disk.
"""

from __future__ import annotations

from pathlib import Path

from system.atomic_file import clear_leftovers, write_whole

_SUFFIX = ".value"


class Values:
    """The values in one folder, which is made when the first is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self) -> dict[str, bytes]:
        """Return all keys and their values. Raises OSError."""
        if not self.folder.exists():
            return {}
        clear_leftovers(self.folder / f"*{_SUFFIX}")
        paths = sorted(path for path in self.folder.iterdir() if path.name.endswith(_SUFFIX))
        return {path.name.removesuffix(_SUFFIX): path.read_bytes() for path in paths}

    def keep(self, key: str, value: bytes) -> None:
        """Write a value, whole or not at all. Raises OSError; then the one before it stands."""
        write_whole(self.folder / (key + _SUFFIX), value)
