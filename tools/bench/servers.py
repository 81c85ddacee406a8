"""The servers that are measured: how each is started, and what a client says to it. Data, no subclasses."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HOST = "127.0.0.1"
START_SECONDS = 10.0
STOP_SECONDS = 3.0

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
    """A server that accepts connections on the loopback address."""

    server: Server
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
    """Start a server on a free port, wait until it accepts, and end it by its pid whatever happens.

    Raises RuntimeError with the server's last words if it does not come up.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, tempfile.TemporaryFile() as errors:
        port = free_port()
        argv = server.command(port, Path(folder))
        with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=errors, cwd=folder) as process:
            try:
                if not accepts(process, port):
                    errors.seek(0)
                    last_words = errors.read().decode(errors="replace").strip()[-500:]
                    raise RuntimeError(f"{server.label} did not start: {last_words}")
                yield Running(server, process.pid, port)
            finally:
                end(process)


def free_port() -> int:
    """A port that nobody had a moment ago."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


def accepts(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the server takes a connection; False if it ended or took too long."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return True
    return False


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to stop, then make it."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
