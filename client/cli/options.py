"""The client's command line and environment, and the questions that stand in for them."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any, cast

from client.cli.exits import Ending, Exit
from client.cli.server_address import DEFAULT_HOST, DEFAULT_PORT, parted, places_of
from client.cli.store_address import Address, address
from client.core.bookmarks import bookmark
from client.core.servers import Place
from protocol import __version__
from protocol.certificates import parsed_fingerprint
from protocol.text import NAME_RULE, is_name, key_of
from system.commands import command, prog
from system.port import port as parsed_port

PERSISTENCE = 60.0  # seconds: a script is to end some time
DEFAULT_PAGE = "chat.html"
PASSWORD_VARIABLE = "CHAT_PASSWORD"  # noqa: S105  (its name)

_DESCRIPTION = """\
Joins a chat: shows what others say above the line that you type. /help lists the commands there; Ctrl-D leaves.

Without a terminal, or with --plain, --json or --once, it is a tool for scripts. Lines come from standard input (the
first is the name, where none is given). What others say, and what commands are answered, goes to standard output;
notices go to standard error. It ends once every line has been answered.
"""

_EPILOG = """\
examples:
  {prog} localhost 8001 --name ann
  {prog} localhost:8001                     asks for a name
  {prog} one.example.org:8001 two.example.org:8001 '[2001:db8::1]:8001'
                                            goes on to the next server when one is gone
  {prog} work                               joins the server that is bookmarked as work
  {prog}                                    asks for the server, too
  {prog} chat.example.org --tls --name ann
                                            encrypts, after a look at the server's certificate
  {prog} localhost --html chat.html         shows the chat in a page as well, for a browser
  {prog} localhost --name bot --once 'the build is green' && echo said
  {prog} localhost --name bot --once /users shows who is there
  tail -F log | {prog} localhost --name bot
  {prog} localhost --name bot --json --wait 60 </dev/null | jq -r .text
  {prog} --store http://localhost:8002 --name ann --to bob
                                            chats with bob through a key-value store ({store},
                                            or any that takes GET and PUT), without a chat server

environment:
  CHAT_HOST, CHAT_PORT, CHAT_NAME   stand in for HOST (or several HOST:PORT), PORT and --name
  CHAT_PASSWORD                     the name's password; else --password-file, or a hidden prompt
  NO_COLOR                          if set, no colours
  TERM                              "dumb": --plain

files:
  ~/.config/select-chat/settings.toml
                                    what /set and /ignore chose, and bookmarks: see docs/client.md
                                    (macOS: ~/Library/Application Support, Windows: %APPDATA%)
  known_hosts, beside it            the servers that were met over TLS; delete a line to make it forget one

exit codes:
"""


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of `myclient.py`; it ends the program with exit code 2 on what it can't take."""
    made = argparse.ArgumentParser(
        prog=prog("client"),
        description=_DESCRIPTION,
        epilog=_EPILOG.replace("{prog}", command("client")).replace("{store}", prog("store"))
        + "\n".join(f"  {end.code:<4} {end.meaning}" for end in Exit),
        formatter_class=_Help,
    )
    made.add_argument(
        "servers",
        metavar="HOST",
        nargs="*",
        help=f"the server: HOST, HOST PORT or HOST:PORT (default: {DEFAULT_PORT}); on a terminal asked for. Or several "
        "servers of one room, as HOST:PORT each. If one is gone or full, the next is tried, and each address of a "
        "name. Or a bookmark of the settings file",
    )
    made.add_argument("--name", help="the name you want to have")
    made.add_argument("--password-file", metavar="FILE", type=Path, help="the first line is the name's password")
    _add_tls(made)
    _add_displays(made)
    _add_times(made)
    _add_store(made)
    made.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return made


def _add_tls(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--tls",
        action="store_true",
        help="encrypt the connection. The server's certificate has to be vouched for by the system's authorities, or "
        "you are shown its fingerprint, to compare and accept it, once",
    )
    made.add_argument(
        "--tls-ca", metavar="FILE", type=Path, help="like --tls, with the authorities in FILE (PEM) alone"
    )
    made.add_argument(
        "--tls-fingerprint",
        metavar="SHA256",
        type=_fingerprint,
        help="like --tls, with the one certificate that has this fingerprint: for scripts, who can't be asked",
    )


def _add_displays(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--html",
        metavar="FILE",
        nargs="?",
        const="",
        help="show the chat in an HTML page, too; without FILE, asked for (a FILE that exists is emptied)",
    )
    made.add_argument("--plain", action="store_true", help="plain lines in and out, on a terminal, too")
    made.add_argument("--json", action="store_true", help="an event a line on standard output, as JSON")
    made.add_argument("--once", metavar="TEXT", help="say TEXT, or carry it out, and leave; read no input")


def _add_times(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--wait",
        metavar="SECONDS",
        type=_seconds,
        default=0.0,
        help="how long to stay and listen after the end of input, or after --once (default: 0)",
    )
    made.add_argument(
        "--reconnect",
        metavar="SECONDS",
        type=_seconds,
        help=f"how long to try to get a lost connection back; 0: not at all (default: for ever on a terminal, "
        f"{PERSISTENCE:.0f} s without one)",
    )


def _add_store(made: argparse.ArgumentParser) -> None:
    made.add_argument("--store", metavar="URL", type=_store, help="a key-value store to chat through, without a server")
    made.add_argument("--to", metavar="NAME", help="with --store: who you chat with")
    made.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_timeout,
        default=5.0,
        help="with --store: how long its answer may take (default: %(default)g)",
    )


def _fingerprint(text: str) -> str:
    try:
        return parsed_fingerprint(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _seconds(text: str) -> float:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds: give one such as 60, or 0")
    return float(text)


def persistence(options: argparse.Namespace, *, on_terminal: bool) -> float:
    """Return for how many seconds to try to replace a lost connection."""
    if options.reconnect is not None:
        return float(options.reconnect)
    return inf if on_terminal else PERSISTENCE


def _store(text: str) -> Address:
    try:
        return address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _timeout(text: str) -> float:
    with contextlib.suppress(ValueError):
        seconds = float(text)
        if 0.01 <= seconds <= 60:
            return seconds
    raise argparse.ArgumentTypeError(f"{text!r} is not a time-out: give 0.01 to 60 seconds, such as 5")


def parse(
    arguments: Sequence[str],
    *,
    on_terminal: bool,
    environment: Mapping[str, str] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> argparse.Namespace:
    """Return the options; `places` are none where the user has to be asked. Raises SystemExit(2) for a wrong line.

    `settings` is what the settings file holds, with its bookmarks.
    """
    parser, environment = make_parser(), environment or {}
    options = _with_bookmark(parser, arguments, settings or {})
    options.name = options.name or environment.get("CHAT_NAME") or None
    try:
        default_port = parsed_port(environment.get("CHAT_PORT") or str(DEFAULT_PORT))
        words = options.servers or environment.get("CHAT_HOST", "").split()
        options.places = places_of(words, default_port)
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    _check_tls(parser, options)
    if options.store is not None:
        _check_store(parser, options)
    elif options.to is not None:
        parser.error("--to belongs to --store; in a server's room, /whisper USER MESSAGE")
    elif not options.places and not on_terminal:
        parser.error("HOST is missing, and without a terminal there is nobody to ask")
    if options.html == "" and not on_terminal:
        parser.error("--html needs a FILE, and without a terminal there is nobody to ask")
    return options


def _with_bookmark(
    parser: argparse.ArgumentParser, arguments: Sequence[str], settings: Mapping[str, Any]
) -> argparse.Namespace:
    """Return the options, with those of a bookmark where the server is one and `arguments` have no other."""
    options = parser.parse_args(arguments)
    try:
        found = bookmark(options.servers[0], settings) if len(options.servers) == 1 else None
    except ValueError as error:
        parser.error(f"settings.toml, {error}")
    if found is None:
        return options
    if options.tls_ca is None and options.tls_fingerprint is None:  # else these are how to trust the server
        parser.set_defaults(**found.options)
    else:
        parser.set_defaults(**{key: value for key, value in found.options.items() if not key.startswith("tls")})
    options = parser.parse_args(arguments)
    options.servers = list(found.servers)
    return options


def _check_tls(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Let the options for TLS mean --tls; end the program if they contradict."""
    if options.tls_ca is not None and options.tls_fingerprint is not None:
        parser.error("give --tls-ca or --tls-fingerprint, not both")
    options.tls = options.tls or options.tls_ca is not None or options.tls_fingerprint is not None
    if options.tls and options.store is not None:
        parser.error("--tls belongs to a server; a store has it in its URL: https://...")


def _check_store(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End the program for a chat through a store that lacks something, or has too much."""
    if options.servers:
        parser.error("give HOST and PORT of a server, or --store URL, not both")
    for option, name in (("--name", options.name), ("--to", options.to)):
        if name is None or not is_name(name):
            parser.error(f"--store needs {option}: {NAME_RULE}")
    if key_of(options.name) == key_of(options.to):
        parser.error("--name and --to are one name: give yours and the other's")


def password(options: argparse.Namespace, environment: Mapping[str, str]) -> str | None:
    """Return the password that was given outside of the command line, where others can't read it. Raises Ending."""
    if options.password_file is None:
        return environment.get(PASSWORD_VARIABLE) or None
    try:
        lines: list[str] = options.password_file.expanduser().read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise Ending(Exit.ERROR, f"The password file can't be read: {error.strerror}.") from None
    return lines[0] if lines else ""


def name(options: argparse.Namespace, lines: Iterable[str], *, on_terminal: bool) -> str | None:
    """Return the name to have; None if the server is to ask. A script may give it as the first line. Raises Ending."""
    if options.name is not None or on_terminal:
        return cast("str | None", options.name)
    first = None if options.once is not None else next(iter(lines), None)
    if first is None:
        raise Ending(Exit.USAGE, "No name: give --name NAME, or the name as the first line of input.")
    return first


def page(options: argparse.Namespace) -> Path | None:
    """Return the file of the HTML page, None for no page; ask if `--html` names none. Raises EOFError on Ctrl-D."""
    if options.html is None:
        return None
    return Path(options.html or _ask(f"File of the page [{DEFAULT_PAGE}]: ") or DEFAULT_PAGE)


def ask_servers() -> tuple[Place, ...]:
    """Ask for the server's address and port, or for several. Raises EOFError when the user would rather not say."""
    words = (_ask(f"Server address [{DEFAULT_HOST}]: ") or DEFAULT_HOST).split()
    host, port = parted(words[0])
    while True:
        try:
            if len(words) > 1:
                return places_of(words)
            return places_of([host, port or _ask(f"Port [{DEFAULT_PORT}]: ") or str(DEFAULT_PORT)])
        except argparse.ArgumentTypeError as error:
            print(error)
            if len(words) > 1:
                return ask_servers()
            port = ""


def _ask(prompt: str) -> str:
    try:
        return input(prompt).strip()
    except (EOFError, KeyboardInterrupt):
        print()  # what comes next, the shell's prompt, begins a line of its own
        raise
