"""The client's command line, and the questions that stand in for it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path

from client.endings import Exit
from protocol import __version__

DEFAULT_HOST, DEFAULT_PORT = "localhost", 8001
PERSISTENCE = 60.0  # seconds: a script is to end some time
DEFAULT_PAGE = "chat.html"
PASSWORD_VARIABLE = "CHAT_PASSWORD"  # noqa: S105  (its name)

_EPILOG = """\
examples:
  python myclient.py localhost 8001 --name ann
  python myclient.py                          asks for the server, then for a name
  python myclient.py localhost 8001 --html chat.html
                                              shows the chat in a page as well, for a browser
  printf 'hello\\n' | python myclient.py localhost 8001 --name bot
                                              says it, and ends once it has been heard

Without a terminal, lines come from standard input (the first is the name, without --name) and
what is said goes to standard output. NO_COLOR=1 switches colours off. A password is taken from
a hidden prompt, --password-file or CHAT_PASSWORD.

exit codes:
"""


def _parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="myclient.py",
        description="Joins a chat. Type /help there for its commands; Ctrl-D leaves.",
        epilog=_EPILOG + "\n".join(f"  {end.code:<4} {end.meaning}" for end in Exit),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("host", metavar="HOST", nargs="?", help="the server's address; on a terminal, asked for")
    made.add_argument(
        "port", metavar="PORT", nargs="?", type=_port, default=DEFAULT_PORT, help="its port (default: %(default)s)"
    )
    made.add_argument("--name", help="the name you want to have")
    made.add_argument("--password-file", metavar="FILE", type=Path, help="the first line is the name's password")
    made.add_argument(
        "--html",
        metavar="FILE",
        nargs="?",
        const="",
        help="show the chat in an HTML page, too; without FILE, asked for (a FILE that exists is emptied)",
    )
    made.add_argument(
        "--reconnect",
        metavar="SECONDS",
        type=_seconds,
        help=f"how long to try to get a lost connection back; 0: not at all (default: for ever on a terminal, "
        f"{PERSISTENCE} s without one)",
    )
    made.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return made


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 1 to 65535, such as 8001")
    return int(text)


def _seconds(text: str) -> float:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds: give one such as 60, or 0")
    return float(text)


def persistence(options: argparse.Namespace, *, on_terminal: bool) -> float:
    """Return for how many seconds a lost connection is to be tried again."""
    if options.reconnect is not None:
        return float(options.reconnect)
    return inf if on_terminal else PERSISTENCE


def parse(arguments: Sequence[str], *, on_terminal: bool) -> argparse.Namespace:
    """Return the options; `host` is None where it is to be asked for. Raises SystemExit(2) for a wrong line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.host is None and not on_terminal:
        parser.error("HOST is missing, and without a terminal there is nobody to ask")
    if options.html == "" and not on_terminal:
        parser.error("--html needs a FILE, and without a terminal there is nobody to ask")
    return options


def password(options: argparse.Namespace, environment: Mapping[str, str]) -> str | None:
    """Return the password that was given outside of the command line, where others can't read it. Raises OSError."""
    if options.password_file is None:
        return environment.get(PASSWORD_VARIABLE) or None
    lines: list[str] = options.password_file.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[0] if lines else ""


def ask_page() -> Path:
    """Ask for the file of the HTML page. Raises EOFError when the user would rather not say."""
    return Path(input(f"File of the page [{DEFAULT_PAGE}]: ").strip() or DEFAULT_PAGE)


def ask_server() -> tuple[str, int]:
    """Ask for the server's address and port. Raises EOFError when the user would rather not say."""
    host = input(f"Server address [{DEFAULT_HOST}]: ").strip() or DEFAULT_HOST
    while True:
        try:
            return host, _port(input(f"Port [{DEFAULT_PORT}]: ").strip() or str(DEFAULT_PORT))
        except argparse.ArgumentTypeError as error:
            print(error)
