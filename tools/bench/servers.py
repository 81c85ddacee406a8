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
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from protocol.framing import FrameCodec
from tools.shared import programs
from tools.shared.programs import HOST, ROOT, free_port
from tools.shared.tls import make_certificate

HERE = Path(__file__).resolve().parent
AT_ONCE = (
    "--turn-answers",
    str(1 << 22),
)  # what newcomers are told, in one turn: so ten thousand log in within seconds
SELECT_CLIENTS = 1000  # `select` watches descriptors below 1,024

Command = Callable[[int, Path], list[str]]  # port, folder for its files -> argv


@dataclass(frozen=True)
class Speech:
    """What a client says and hears. `ready`, with NAME put in, is in the last answer to `login`; `say` precedes a text.

    `end` is a byte that each delivery has once.
    """

    login: Callable[[bytes], bytes]  # of a name
    ready: bytes
    say: bytes = b""
    end: bytes = b"\n"


@dataclass(frozen=True)
class Server:
    """One way to run a chat server; `missing` says in a word or two what would have to be installed."""

    label: str
    speech: Speech  # of those who talk
    command: Command
    missing: str = ""
    timed: Command | None = None  # the same with its turns timed; ours only
    most_clients: int = 1_000_000
    in_tls: bool = False  # its clients speak TLS
    reading: Speech | None = None  # of those who do not talk, if that is another

    @property
    def is_ours(self) -> bool:
        """Whether it is a checkout of this project."""
        return self.timed is not None


@dataclass(frozen=True)
class Running:
    """A server that accepts connections on the loopback address, and what its clients say to it."""

    speech: Speech  # of those who talk
    process: programs.Server
    folder: Path = Path()  # where it was started
    in_tls: bool = False  # its clients speak TLS
    reading: Speech | None = None  # of those who do not talk, if that is another

    @property
    def port(self) -> int:
        """Its port."""
        return self.process.port

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid


def hello(name: bytes) -> bytes:
    """Return the message with which programs and browsers come in."""
    return b'{"type":"hello","version":1,"client_id":"NAME","name":"NAME"}'.replace(b"NAME", name)


def message(payload: bytes) -> bytes:
    """Return a message of a WebSocket, of 125 bytes at most; its mask changes nothing, which is as good as any here."""
    return bytes((0x81, 0x80 | len(payload))) + bytes(4) + payload


HANDSHAKE = b"\r\n".join(
    (
        *(b"GET /chat HTTP/1.1", b"Host: localhost", b"Connection: Upgrade", b"Upgrade: websocket"),
        *(b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"", b""),
    )
)
TEXT = Speech(lambda name: name + b"\n", ready=b"Welcome, NAME")
# What is said is one JSON object of less than 125 bytes, so that its length, which comes before it, is no brace.
FRAMES = Speech(lambda name: FrameCodec.encode(hello(name)), ready=b'"type":"welcome"', end=b"}")
WEBSOCKET = Speech(lambda name: HANDSHAKE + message(hello(name)), ready=b'"type":"welcome"', end=b"}")
IRC = Speech(
    lambda name: b"NICK NAME\r\nUSER NAME 0 * :bench\r\nJOIN #bench\r\n".replace(b"NAME", name),
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


STUNNEL_CONF = """\
foreground = yes
debug = err
pid =
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
[chat]
accept = {host}:{port}
connect = {host}:{inner}
cert = {cert}
key = {key}
"""


def ours(label: str, place: Path, *options: str, most_clients: int = SELECT_CLIENTS) -> Server:
    """Return a checkout (or its server.py) as a server: without its rate limit, with `options`."""
    script = (place / "server.py" if place.is_dir() else place).resolve()
    if not script.exists():
        return Server(label, TEXT, lambda *_: [], f"no {script}", lambda *_: [])
    always = ["--host", HOST, *options, *unmetered(script)]

    def command(*program: str) -> Command:
        return lambda port, folder: [sys.executable, *program, str(port), *always, "--data", str(folder)]

    missing = "" if all(option in usage(script) for option in options if option.startswith("-")) else f"no {options[0]}"
    timed = command(str(HERE / "timed_server.py"), str(script))
    return Server(label, TEXT, command(str(script)), missing, timed, most_clients)


def unmetered(script: Path) -> list[str]:
    """The option that lets users talk without pause; none for a checkout from before there was one."""
    return ["--no-rate-limit"] if "--no-rate-limit" in usage(script) else []


@lru_cache
def usage(script: Path) -> str:
    """What a server.py says of its options."""
    asked = subprocess.run([sys.executable, str(script), "--help"], capture_output=True, text=True, check=False)
    return asked.stdout


def ours_in_tls(port: int, folder: Path) -> list[str]:
    """Run this checkout with a certificate."""
    cert, key = make_certificate(str(folder))
    return [*programs.server_command(port, folder, "--no-rate-limit"), "--tls-cert", cert, "--tls-key", key]


def ours_behind_stunnel(port: int, folder: Path) -> list[str]:
    """Run this checkout in clear, with stunnel before it."""
    cert, key = make_certificate(str(folder))
    inner = free_port()
    conf = folder / "stunnel.conf"
    conf.write_text(STUNNEL_CONF.format(host=HOST, port=port, inner=inner, cert=cert, key=key))
    server = programs.server_command(inner, folder, "--no-rate-limit")
    return [sys.executable, str(HERE / "behind_stunnel.py"), program("stunnel"), str(conf), str(inner), *server]


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


def send_alone(port: int, folder: Path) -> list[str]:
    """Compile the C program that does nothing but read and send."""
    binary = folder / "send_alone"
    subprocess.run([program("cc"), "-O2", "-o", str(binary), str(HERE / "send_alone.c")], check=True)
    return [str(binary), str(port)]


def program(name: str) -> str:
    """Where a program is: beside this Python, on the PATH or in /usr/sbin; "" if nowhere."""
    for path in (str(Path(sys.executable).parent), None, "/usr/sbin"):
        if found := shutil.which(name, path=path):
            return found
    return ""


def known(checkouts: dict[str, Path]) -> list[Server]:
    """Every server there is, in the order of the table; `checkouts`: the labels of ours and their places."""
    uvloop = "" if importlib.util.find_spec("uvloop") else "no uvloop here"
    websockets = "" if importlib.util.find_spec("websockets") else "no websockets here"
    absent = {name: "" if program(name) else "not installed" for name in ("ngircd", "miniircd", "cc", "stunnel")}
    return [
        *(ours(label, place) for label, place in checkouts.items()),
        ours("no-journal", ROOT, "--no-journal"),
        replace(ours("frames", ROOT), reading=FRAMES),
        replace(ours("websocket", ROOT), reading=WEBSOCKET, missing=websockets),
        ours("epoll", ROOT, "--poller", "epoll", *AT_ONCE, most_clients=100_000),
        Server("tls", TEXT, ours_in_tls, most_clients=SELECT_CLIENTS, in_tls=True),
        Server("stunnel", TEXT, ours_behind_stunnel, absent["stunnel"], most_clients=SELECT_CLIENTS, in_tls=True),
        Server("asyncio", TEXT, asyncio_tutorial()),
        Server("uvloop", TEXT, asyncio_tutorial("--uvloop"), uvloop),
        Server("ngircd", IRC, ngircd, absent["ngircd"]),
        Server("miniircd", IRC, miniircd, absent["miniircd"], most_clients=SELECT_CLIENTS),
        Server("send-alone", TEXT, send_alone, absent["cc"]),
    ]


@contextmanager
def running(server: Server, timed: bool = False) -> Iterator[Running]:
    """Start a server on a free port, and end it in any case. Raises RuntimeError if it does not start.

    `timed` is for ours: each turn is timed, and written to a file in its folder (timed_server.py).
    """
    command = server.timed if timed and server.timed else server.command
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        port, folder = free_port(), Path(name)
        with programs.running(command(port, folder), port, folder) as started:
            yield Running(server.speech, started, folder, server.in_tls, server.reading)
