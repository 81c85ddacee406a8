"""Where the settings are kept: a file in the platform's usual place."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from client.core.settings import Settings, dumps, loads
from system.atomic_file import write_whole

_FOLDER, _FILE = "select-chat", "settings"


def place(environment: Mapping[str, str], platform: str, home: Path) -> Path:
    """Return the file for a user whose `home` that is, on a `platform` as sys.platform names it."""
    if platform == "win32":
        base = environment.get("APPDATA") or home / "AppData" / "Roaming"
    elif platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = environment.get("XDG_CONFIG_HOME") or home / ".config"
    return Path(base) / _FOLDER / _FILE


def kept() -> Settings:
    """Return the settings that were kept; those that hold by themselves where there is no file, or none to be read."""
    with contextlib.suppress(OSError, RuntimeError):  # a RuntimeError: this user has no home
        return loads(path().read_text(encoding="utf-8", errors="replace"))
    return Settings()


def keep(settings: Settings) -> None:
    """Write the settings, whole or not at all. Where the disk will not, they hold for this conversation."""
    with contextlib.suppress(OSError, RuntimeError):
        write_whole(path(), dumps(settings).encode())


def path() -> Path:
    """Return where the settings of this user are. Raises RuntimeError for a user without a home."""
    return place(os.environ, sys.platform, Path.home())
