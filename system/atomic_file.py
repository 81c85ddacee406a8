"""Files that are replaced as a whole: written beside themselves, synced, renamed over the old one, the folder synced.

So whenever the power goes, it is the old file or the new one. The new one has a name that nobody can guess and must not
be there yet, so that nothing that was planted in the folder is followed or overwritten. Each file here is its owner's
alone to read.

A symbolic link in the place of the file is followed if this user or root made it, as somebody who keeps the file
elsewhere does; the link stays then. Anybody else's is refused, as Linux does in /tmp (`fs.protected_symlinks`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from pathlib import Path

MODE = 0o600
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # not on Windows
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # for a reader, where the file is a pipe
_LINKS = 40  # that may lead to each other, as on Linux


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file at `path`, whole or not at all; its folder is made if needed. Raises OSError."""
    target = real(path)
    is_new = not target.parent.exists()
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f"{target.name}.", suffix=".new", dir=target.parent)  # O_EXCL, 0600
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    sync_folder(target.parent)
    if is_new:
        sync_folder(target.parent.parent)


def clear_leftovers(path: Path) -> None:
    """Remove what processes that were killed while they wrote `path` have left; a `*` in its name is any name.

    For a file that one process writes, at its start: another's would be under way.
    """
    with contextlib.suppress(OSError):
        target = real(path)
        for beside in target.parent.glob(f"{target.name}.{'[a-z0-9_]' * 8}.new"):
            beside.unlink()


def make_private(path: Path) -> None:
    """Make an empty file at `path` if there is none, for this user alone. Raises OSError, also for others' links."""
    os.close(os.open(real(path), os.O_WRONLY | os.O_CREAT | _NO_LINK, MODE))


def make_private_folder(path: Path) -> None:
    """Make a folder at `path` if there is none, for this user alone. Raises OSError, also for others' links."""
    real(path).mkdir(mode=0o700, exist_ok=True)


def open_private(path: Path) -> int:
    """Return a descriptor to write a file at `path` from its beginning: new or emptied, for this user alone.

    Raises OSError, also when it is a symbolic link, or the file of another user, who could read on.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | _NO_LINK, MODE)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):  # or it is a device, which is what it is
            _take_over(descriptor, path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def append_private(path: Path) -> int:
    """Return a descriptor to write at the end of the file at `path`: new or not, for this user alone.

    Raises OSError, also for links and files of other users, and for what is no file, such as a folder or a pipe.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINK | _NO_WAIT
    descriptor = os.open(real(path), flags, MODE)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no file to write in", str(path))
        _make_own(descriptor, path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _take_over(descriptor: int, path: Path) -> None:
    """Make a file that may have been there before this user's alone, and empty."""
    _make_own(descriptor, path)
    os.ftruncate(descriptor, 0)


def _make_own(descriptor: int, path: Path) -> None:
    """Make a file that may have been there before this user's alone. Raises OSError for another user's."""
    if hasattr(os, "geteuid") and os.fstat(descriptor).st_uid != os.geteuid():
        raise OSError(errno.EPERM, "it is another user's file, who could read it", str(path))
    with contextlib.suppress(OSError, AttributeError):  # some file systems and Windows know no such modes
        os.fchmod(descriptor, MODE)


def real(path: Path) -> Path:
    """Return where `path` leads. Raises OSError when a link on the way is somebody else's, or there is no end."""
    for _ in range(_LINKS):
        if not path.is_symlink():
            return path
        if hasattr(os, "geteuid") and path.lstat().st_uid not in (0, os.geteuid()):
            raise OSError(errno.EPERM, "it is a symbolic link that another user has made", str(path))
        path = path.parent / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` outlive a power loss, as far as the system can; the file is in place anyway."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
