"""Where the settings are kept: a file in the platform's usual place."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from client.core import settings_text
from client.core.settings import Settings
from system.atomic_file import write_whole

_FOLDER, _FILE = "select-chat", "settings.toml"
_OLD_FILE = "settings"  # of earlier versions: taken over when there is no other


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
        if not path().exists():
            keep(settings_text.loads_old(_read(_OLD_FILE)))
        return settings_text.loads(_read(_FILE))
    return Settings()


def values() -> dict[str, Any]:
    """Return all that is in the file, as TOML has it; nothing where there is none, or none to be read."""
    with contextlib.suppress(OSError, RuntimeError):
        return settings_text.read(_read(_FILE))
    return {}


def keep(settings: Settings) -> None:
    """Write the settings, whole or not at all. Where the disk will not, they hold for this conversation."""
    with contextlib.suppress(OSError, RuntimeError):
        before = _read(_FILE) if path().exists() else ""
        write_whole(path(), settings_text.dumps(settings, before).encode(errors="replace"))


def _read(name: str) -> str:
    return path().with_name(name).read_text(encoding="utf-8", errors="replace")


def path() -> Path:
    """Return where the settings of this user are. Raises RuntimeError for a user without a home."""
    return place(os.environ, sys.platform, Path.home())
