"""The servers that are measured: how each is started, and what a client says to it. Data, no subclasses."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.shared import programs
from tools.shared.programs import HOST, ROOT, free_port

HERE = Path(__file__).resolve().parent

Command = Callable[[int, Path], list[str]]  # port, folder for its files -> argv


@dataclass(frozen=True)
class Speech:
    """What a client says. NAME is put in; `ready` is in the last answer to `login`; `say` precedes a text."""

    login: bytes
    ready: bytes
    say: bytes


@dataclass(frozen=True)
class Server:
    """One way to run a chat server; `missing` says in a word or two what would have to be installed."""

    label: str
    speech: Speech
    command: Command
    missing: str = ""
    is_ours: bool = False


@dataclass(frozen=True)
class Running:
    """A server that accepts connections on the loopback address, and what its clients say to it."""

    speech: Speech
    pid: int
    port: int


TEXT = Speech(login=b"NAME\n", ready=b"Welcome, NAME", say=b"")
IRC = Speech(
    login=b"NICK NAME\r\nUSER NAME 0 * :bench\r\nJOIN #bench\r\n",
    ready=b" 366 NAME #bench ",  # RPL_ENDOFNAMES, RFC 2812: the last word of the answer to JOIN
    say=b"PRIVMSG #bench :",
)

# Without the zeros ngIRCd keeps talkers waiting; without the noes it asks DNS, ident and PAM about everyone.
NGIRCD_CONF = """\
[Global]
Name = bench.test
Info = bench
Listen = {host}
Ports = {port}
MotdPhrase = bench
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxPenaltyTime = 0
[Options]
DNS = no
Ident = no
PAM = no
"""


def ours(script: Path, *options: str) -> Command:
    """Run a checkout's server.py, or the server.py itself, without its rate limit, with `options`."""
    script = (script / "server.py" if script.is_dir() else script).resolve()
    start = [sys.executable, str(script)]
    always = ["--host", HOST, *options]
    return lambda port, folder: [*start, str(port), *always, "--data", str(folder), *unmetered(script)]


def unmetered(script: Path) -> list[str]:
    """The option that lets users talk without pause; none for a checkout from before there was one."""
    asked = subprocess.run([sys.executable, str(script), "--help"], capture_output=True, check=False)
    return ["--no-rate-limit"] if b"--no-rate-limit" in asked.stdout else []


def asyncio_tutorial(*options: str) -> Command:
    """Run the reference server of this folder."""
    return lambda port, _: [sys.executable, str(HERE / "asyncio_tutorial.py"), str(port), *options]


def ngircd(port: int, folder: Path) -> list[str]:
    """Write ngIRCd's configuration; -n keeps it in the foreground."""
    conf = folder / "ngircd.conf"
    conf.write_text(NGIRCD_CONF.format(host=HOST, port=port))
    return [program("ngircd"), "-n", "-f", str(conf)]


def miniircd(port: int, folder: Path) -> list[str]:
    """Run the Python IRC server, with nothing kept; it will not run as root."""
    humbly = [] if os.geteuid() else ["--setuid", "nobody"]
    return [program("miniircd"), "--listen", HOST, "--ports", str(port), *humbly]


def program(name: str) -> str:
    """Where a program is: beside this Python, on the PATH or in /usr/sbin; "" if nowhere."""
    for path in (str(Path(sys.executable).parent), None, "/usr/sbin"):
        if found := shutil.which(name, path=path):
            return found
    return ""


def known(checkouts: dict[str, Path]) -> list[Server]:
    """Every server there is, in the order of the table; `checkouts`: the labels of ours and their places."""
    absent = {label: "" if path.exists() else f"no {path}" for label, path in checkouts.items()}
    uvloop = "" if importlib.util.find_spec("uvloop") else "no uvloop here"
    irc = {name: "" if program(name) else "not installed" for name in ("ngircd", "miniircd")}
    return [
        *(Server(label, TEXT, ours(path), absent[label], is_ours=True) for label, path in checkouts.items()),
        Server("no-journal", TEXT, ours(ROOT, "--no-journal"), is_ours=True),
        Server("asyncio", TEXT, asyncio_tutorial()),
        Server("uvloop", TEXT, asyncio_tutorial("--uvloop"), uvloop),
        Server("ngircd", IRC, ngircd, irc["ngircd"]),
        Server("miniircd", IRC, miniircd, irc["miniircd"]),
    ]


@contextmanager
def running(server: Server) -> Iterator[Running]:
    """Start a server on a free port, and end it in any case. Raises RuntimeError if it does not start."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        port = free_port()
        with programs.running(server.command(port, Path(folder)), port, Path(folder)) as started:
            yield Running(server.speech, started.pid, port)
