"""The server's options, and what it prints at the start.

One table is all that there is of options, the parser's: a file and the environment name them as it does
(runtime/configuration.py)."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path

from chat import limits
from chat.networks import Network, unmapped
from protocol import __version__
from protocol.dialects import SLASH, VERBS, Dialect
from protocol.numbers import whole_number
from protocol.text import NAME_RULE, is_name
from runtime.configuration import settled, shown
from runtime.poller import POLLERS, SelectPoller
from runtime.sockets import own_addresses
from storage.redis_address import RedisAddress, redis_address
from system.commands import command, prog
from system.port import port as parsed_port

DEFAULT_PORT = 8001
_WAYS = (
    "[OPTION ...] [PORT]",
    "export [OPTION ...]",
    "backup [OPTION ...] DIR",
    "import-users [OPTION ...] FILE",
)  # the last three: runtime/maintenance.py
_MOST = 2**53 - 1  # what a float holds exactly, so that adding one to a time or a size changes it

_EPILOG = """\
signals:
  SIGTERM, SIGINT   say goodbye to everybody and end; a second one: end at once
  SIGHUP            read users.txt, bans.txt, --motd and the certificate again
  SIGUSR1           log the server's figures in one line

files:
  DIR/users.txt     registered names: hashes of passwords, and roles (DIR is that of --data)
  DIR/bans.txt      who is banned or muted, and until when
  DIR/journal/      what was said; DIR/search.db is made from it

exit codes:
  0   after SIGTERM or Ctrl-C
  1   can't start
  2   wrong command line, or a wrong line in the configuration
"""

DIALECTS: dict[str, Dialect | None] = {"auto": None, "slash": SLASH, "verbs": VERBS}


def _amount(text: str) -> int:
    number = whole_number(text, _MOST)
    if not number:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount: give a whole number, 1 or more")
    return number


def _count(text: str) -> int:
    return 0 if text == "0" else _amount(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 1 / _MOST < rate <= _MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds or a rate: give one over 0, such as 0.5")
    return int(rate) if rate.is_integer() else rate


def _network(text: str) -> Network:
    try:
        return unmapped(ip_network(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a network: give one such as 192.0.2.0/24") from None


def _origin(text: str) -> str:
    if not re.fullmatch(r"https?://[^/?#@\s]+/?", text, re.IGNORECASE):
        raise argparse.ArgumentTypeError(f"{text!r} is not the origin of a page: give one such as https://example.org")
    return text


def room(text: str) -> RedisAddress:
    """Return the address of a room that servers share. Raises argparse.ArgumentTypeError."""
    try:
        return redis_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _name(text: str) -> str:
    if not is_name(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a name: {NAME_RULE}")
    return text


class _Help(argparse.HelpFormatter):
    """Wraps texts of one line, and leaves tables as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else super()._fill_text(text, width, indent)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of `server.py`; it ends the program with exit code 2 on what it can't take."""
    parser = argparse.ArgumentParser(
        prog=prog("server"),
        usage="\n       ".join(f"%(prog)s {words}" for words in _WAYS),
        description=f"A chat server. Join it with `{command('client')} HOST PORT`, or with `telnet HOST PORT` or nc.",
        epilog=_EPILOG,
        formatter_class=_Help,
    )
    _add_address(parser)
    parser.add_argument(
        "--data",
        metavar="DIR",
        type=Path,
        default=Path("chatdata"),
        help="where what outlives the server is kept; made when first needed (default: ./chatdata)",
    )
    parser.add_argument(
        "--max-users",
        metavar="N",
        type=_amount,
        help=f"users at a time (default: all that the poller can watch, {SelectPoller.peers_limit} with select)",
    )
    _add_room(parser)
    _add_network(parser)
    _add_trust(parser)
    _add_tls(parser)
    _add_moderation(parser)
    _add_history(parser)
    _add_log(parser)
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    _add_limits(parser)
    _add_configuration(parser)
    return parser


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "port",
        metavar="PORT",
        nargs="?",
        type=parsed_port,
        default=DEFAULT_PORT,
        help=f"the port to listen on (default: {DEFAULT_PORT})",
    )
    parser.add_argument("--host", metavar="ADDRESS", help="the address to listen on; all of this machine's by default")


def _add_room(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--room",
        metavar="URL",
        type=room,
        help="where the room is that this server shares with others, redis://HOST:6379/NAME; rediss:// for TLS",
    )


def _add_log(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        default="info",
        help="how much is logged (default: info): comings, goings, commands, refusals",
    )
    parser.add_argument(
        "--log-json", action="store_true", help="log an object of JSON a line, for programs that read it"
    )


def _add_configuration(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "configuration",
        "each option can stand in a file or in the environment, too: --max-users as max-users = 100 in the file, and "
        "as CHAT_SERVER_MAX_USERS=100; the command line comes before the environment, and that before the file",
    )
    group.add_argument(
        "--config", metavar="FILE", type=Path, help="read this TOML file (or that of CHAT_SERVER_CONFIG)"
    )
    group.add_argument(
        "--check-config", action="store_true", help="print what each option is and where that is from, and end"
    )


def _add_network(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--poller",
        choices=POLLERS,
        default="select",
        help="how the server waits for its sockets; with epoll, on Linux, for more of them than 1,024",
    )
    parser.add_argument(
        "--dialect",
        choices=DIALECTS,
        default="auto",
        help="what text users speak: slash commands, the verbs JOIN LIST MESG BCST QUIT, or (auto) what they show",
    )


def _add_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trusted",
        metavar="ADDRESS/BITS",
        type=_network,
        action="append",
        default=[],
        help="a network whose addresses may have any number of connections, as loopback may; can be given repeatedly",
    )
    parser.add_argument(
        "--proxy-protocol",
        metavar="ADDRESS/BITS",
        type=_network,
        action="append",
        default=[],
        help="where proxies are, such as HAProxy with send-proxy or send-proxy-v2: connections from there have to "
        "begin with a PROXY header, and the address in it counts; can be given repeatedly",
    )
    parser.add_argument(
        "--origin",
        metavar="URL",
        type=_origin,
        action="append",
        default=[],
        help="a site whose pages may chat here, such as https://example.org, besides this server's own",
    )
    parser.add_argument(
        "--no-rate-limit",
        action="store_true",
        help="let users send as fast as they can: for trusted networks and benchmarks",
    )


def _add_moderation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--operator",
        metavar="NAME",
        type=_name,
        action="append",
        default=[],
        help="a registered name that may kick, mute and ban; until it is registered, only this machine may do that; "
        "can be given repeatedly",
    )
    parser.add_argument(
        "--motd", metavar="FILE", type=Path, help="a text that newcomers are shown, of at most 20 lines; see SIGHUP"
    )
    parser.add_argument(
        "--lockdown-after",
        metavar="N",
        type=_count,
        default=0,
        help="newcomers in a minute that put a lockdown on, for ten minutes: only registered names may come in or "
        "speak then (default: %(default)s, never)",
    )


def _add_tls(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "TLS", "the port speaks TLS, too, when it has a certificate; SIGHUP reads it again"
    )
    group.add_argument("--tls-cert", metavar="FILE", type=Path, help="the certificate, and those it depends on, in PEM")
    group.add_argument("--tls-key", metavar="FILE", type=Path, help="its key, in PEM; may be the same file")
    group.add_argument("--tls-only", action="store_true", help="turn away everybody who does not speak TLS")
    group.add_argument(
        "--plain-from",
        metavar="ADDRESS/BITS",
        type=_network,
        action="append",
        default=[],
        help="turn away everybody else who does not speak TLS; can be given repeatedly: 127.0.0.0/8, ::1/128",
    )


def options_of(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None
) -> argparse.Namespace:
    """Return the options, by default those of this program's command line and environment.

    With exit code 2, end the program on what is wrong, and with 0 after --check-config.
    """
    parser = make_parser()
    options, settings = settled(parser, arguments, os.environ if environment is None else environment)
    _check(parser, options)
    if options.check_config:
        print("\n".join(shown(settings)))
        sys.exit(0)
    return options


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End the program on options that contradict each other."""
    most = POLLERS[options.poller].peers_limit
    if options.max_users is None:
        options.max_users = most
    elif options.max_users > most:
        why = f"{options.max_users} are more than {options.poller} can watch here: give at most {most}"
        parser.error(f"argument --max-users: {why}")
    if (options.tls_cert is None) != (options.tls_key is None):
        parser.error("--tls-cert and --tls-key belong together: give the files of the certificate and of its key")
    if options.tls_cert is None and (options.tls_only or options.plain_from):
        parser.error("--tls-only and --plain-from need a certificate: give --tls-cert and --tls-key")
    if options.tls_only and options.plain_from:
        parser.error("--tls-only leaves nobody for --plain-from: give one of them")
    if options.room and options.no_journal:
        parser.error("--no-journal is no choice with --room: Redis keeps what is said, as it is set to")
    if options.room and options.sync:
        parser.error("--sync is no choice with --room: Redis keeps what is said, with appendfsync always at once")


def _add_history(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("history", "what is said is kept in the data directory, for users who come back")
    for option, kind, default, text in (
        ("--history", _amount, 100_000, "messages to keep, comings and goings among them"),
        ("--history-days", _rate, 30.0, "days to keep them"),
        ("--greet-history", _count, 20, "messages that newcomers are shown; 0: none"),
    ):
        group.add_argument(option, metavar="N", type=kind, default=default, help=f"{text} (default: %(default)s)")
    group.add_argument(
        "--no-journal", action="store_true", help="keep it in memory only: it ends with the server, however that ends"
    )
    group.add_argument(
        "--sync", action="store_true", help="wait for the disk before anybody sees a message: it survives a power cut"
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("limits", "each with its default and the reason for it")
    for name, reason in limits.REASONS.items():
        default = getattr(limits, name)
        group.add_argument(
            option_of(name),
            metavar="N",
            dest=name,
            type=_rate if reason.startswith("seconds") or isinstance(default, float) else _amount,
            default=default,
            help=f"{reason} (default: %(default)s)",
        )


def option_of(limit: str) -> str:
    """Return the option that sets a limit: `--high-water` for HIGH_WATER."""
    return "--" + limit.lower().replace("_", "-")


def set_limits(options: argparse.Namespace) -> None:
    """Make the limits those of the command line."""
    for name in limits.REASONS:
        setattr(limits, name, getattr(options, name))


def invitation(
    host: str | None, port: int, plain: bool = True, fingerprint: str = "", proxies: Sequence[Network] = ()
) -> list[str]:
    """Return the lines that say where the server listens and how to join it (A1).

    `plain`: not by TLS alone; `fingerprint`: of the certificate, if there is one; `proxies`: see --proxy-protocol.
    """
    lines = [f"Listening on port {port}. Join with:"]
    for name in [host] if host else ["localhost", *own_addresses()]:
        at = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
        if plain:
            lines.append(f"  http://{at}/  or  telnet {name} {port}  or  {command('client')} {name} {port}")
        if fingerprint:
            openssl, client = f"openssl s_client -quiet -connect {at}", f"{command('client')} --tls {name} {port}"
            lines.append(f"  https://{at}/  or  {openssl}  or  {client}")
    if fingerprint:
        lines.append(f"Certificate: SHA-256 fingerprint {fingerprint}")
    if proxies:
        lines.append(f"Connections from {' and '.join(map(str, proxies))} have to begin with a PROXY header.")
    return lines
