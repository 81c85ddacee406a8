"""What the server's program does beside servers that run (O5): `export`, `backup DIR` and `import-users FILE`.

The first two read the data folder and disturb nobody: no lock is taken, and nothing in it is changed. The last one
brings accounts into a room that servers share.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path

from chat.shared.log_store import LogUnreachableError
from chat.shared.order_shared import CannotFollowError
from runtime.bootstrap import CannotStartError, open_log
from runtime.cli import options_of, room
from runtime.user_import import Imported, UserImport
from storage.backup import back_up
from storage.export import exported
from storage.journal import FOLDER
from storage.journal_errors import JournalError, explained
from storage.journal_reader import JournalReader
from storage.redis_address import EXAMPLE
from storage.users_file import accounts_in
from system.commands import prog

QUIET = 1.0  # seconds: what takes longer shows its progress
REFRESH = 0.2  # seconds between two looks at it


class Progress:
    """Shows, on a terminal, how far something is that takes over a second."""

    def __init__(self, is_shown: bool = True) -> None:
        self._is_shown = is_shown and sys.stderr.isatty()
        self._due = time.monotonic() + QUIET
        self._width = 0

    def tell(self, text: str) -> None:
        """Show `text` in place of what was shown, now and then."""
        now = time.monotonic()
        if self._is_shown and now >= self._due:
            self._show(text)
            self._due = now + REFRESH

    def end(self) -> None:
        """Remove what is shown."""
        if self._width:
            self._show("")
            sys.stderr.write("\r")

    def _show(self, text: str) -> None:
        sys.stderr.write(f"\r{text:<{self._width}}")
        sys.stderr.flush()
        self._width = len(text)


def run(arguments: Sequence[str]) -> int | None:
    """Carry out the task that the first word names and return the exit code; None if it names none."""
    task = _TASKS.get(arguments[0]) if arguments else None
    return None if task is None else task(arguments[1:])


def export_parser() -> argparse.ArgumentParser:
    """Return the parser of `export`."""
    parser = _parser("export", "Print the history as JSON lines, oldest first, also while the server runs.")
    parser.add_argument(
        "--since", metavar="DATE", type=_date, default=0.0, help="begin there: 2026-11-21, or 2026-11-21T14:00, in UTC"
    )
    parser.add_argument("--whispers", action="store_true", help="print whispers, too")
    return parser


def backup_parser() -> argparse.ArgumentParser:
    """Return the parser of `backup`."""
    parser = _parser("backup", "Copy the data folder, whole, also while the server runs.")
    parser.add_argument("folder", metavar="DIR", type=Path, help="where to; it is made, and must not be there yet")
    return parser


def import_parser() -> argparse.ArgumentParser:
    """Return the parser of `import-users`."""
    about = "Bring the accounts of a users.txt, with their roles, into a room that servers share."
    parser = argparse.ArgumentParser(prog=f"{prog('server')} import-users", description=about)
    parser.add_argument("file", metavar="FILE", type=Path, help="the users.txt of a server without --room")
    parser.add_argument("--room", metavar="URL", type=room, help="the room; by default the one that is configured")
    _add_config(parser)
    return parser


def _parser(task: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"{prog('server')} {task}", description=description)
    parser.add_argument(
        "--data", metavar="DIR", type=Path, help="the data folder; by default the one that is configured"
    )
    _add_config(parser)
    return parser


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", type=Path, help="the server's configuration file")


def _date(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date: give one such as 2026-11-21") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _data(options: argparse.Namespace) -> Path:
    """Return the data folder that the command line names, or else what the server is configured with."""
    return Path(_configured(options).data if options.data is None else options.data)


def _configured(options: argparse.Namespace) -> argparse.Namespace:
    """Return the server's options as they are configured, by the file that the command line names."""
    return options_of(["--config", str(options.config)] if options.config else [])


def _export(arguments: Sequence[str]) -> int:
    options = export_parser().parse_args(arguments)
    reader = JournalReader(_data(options) / FOLDER)
    progress = Progress(is_shown=not sys.stdout.isatty())  # there the lines themselves are seen
    try:
        for number, line in enumerate(exported(reader, options.since, options.whispers), 1):
            print(line)
            progress.tell(f"{number:,} entries")
        sys.stdout.flush()
    except BrokenPipeError:  # its reader has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except JournalError as error:
        return _failed(str(error), progress)
    progress.end()
    return 0


def _backup(arguments: Sequence[str]) -> int:
    options = backup_parser().parse_args(arguments)
    data, target, progress = _data(options), options.folder, Progress()
    if not data.is_dir():
        return _failed(f"There is no folder {data}. Name the server's with --data.", progress)
    if target.exists():
        return _failed(f"{target} is there already. Choose another name.", progress)
    try:
        with explained(data):
            copied = back_up(data, target, progress.tell)
    except JournalError as error:
        return _failed(str(error), progress)
    progress.end()
    number = "1 segment" if copied.segments == 1 else f"{copied.segments:,} segments"
    journal = f"the journal ({copied.size:,} bytes in {number})"
    print(f"Copied to {target}: {', '.join([*copied.files, journal])}.")
    return 0


def _import_users(arguments: Sequence[str]) -> int:
    options, progress = import_parser().parse_args(arguments), Progress()
    configured = _configured(options)
    address = options.room or configured.room
    if address is None:
        return _failed(f"Name the room that the servers share with --room, such as {EXAMPLE}.", progress)
    if not options.file.is_file():
        return _failed(f"There is no file {options.file}.", progress)
    try:
        accounts, complaints = accounts_in(options.file)
        taking_part = UserImport(open_log(address))
        try:
            done = taking_part.run(accounts, configured.ACCOUNTS, progress.tell)
        finally:
            taking_part.close()
    except OSError as error:
        return _failed(f"Cannot read {options.file}: {error.strerror}.", progress)
    except LogUnreachableError as error:
        return _failed(f"{address} does not answer: {error}. What it has by now stays: try again.", progress)
    except (CannotStartError, CannotFollowError) as error:
        return _failed(str(error), progress)
    progress.end()
    return _told(done, complaints, configured.ACCOUNTS)


def _told(done: Imported, complaints: Sequence[str], most: int) -> int:
    """Print what has become of the accounts; return the exit code, 0 if the room has all of them."""
    operators = sum(account.is_operator for account in done.added)
    print(f"Brought in: {len(done.added)}, {operators} of them operators. There before: {len(done.known)}.")
    for account in done.different:
        why = f"{account.key}: the room has another account of that name, with another password. That one stays."
        print(why, file=sys.stderr)
    if done.refused:
        names = " ".join(account.key for account in done.refused)
        print(f"The room has no place for more than {most} accounts (--accounts). Left out: {names}", file=sys.stderr)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if done.different or done.refused or complaints else 0


def _failed(sentence: str, progress: Progress) -> int:
    progress.end()
    print(sentence, file=sys.stderr)
    return 1


_TASKS: dict[str, Callable[[Sequence[str]], int]] = {
    "export": _export,
    "backup": _backup,
    "import-users": _import_users,
}
