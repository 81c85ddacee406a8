"""What no client sends: lines without an end, and other protocols."""

from __future__ import annotations

import random

from tools.shared.findings import MIB, Finding, mib
from tools.shared.programs import Server, serving
from tools.shared.sockets import TIMEOUT, Ear, connect, hang_up, join, listen_until, pings, quit_all, welcomed

ENDLESS = 20 * MIB
CHUNK = 64 * 1024
GROWTH_LIMIT = 4 * MIB
CPU_LIMIT = 2.0  # seconds; no spin, and nothing that grows with the square of the length
NEVER_ENDING = {"a line": b"x" * CHUNK, "a telnet option": b"\xff\xfa\x18" + b"x" * (CHUNK - 3)}

ROUNDS = 50
TLS_HELLO = bytes.fromhex("160301007a010000760303") + bytes(111)
SCANS = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "HTTP of a proxy": b"CONNECT localhost:443 HTTP/1.1\r\n\r\n",
    "SSH": b"SSH-2.0-scan\r\n",
    "TLS": TLS_HELLO,
    "NULs": bytes(4096),
    "a huge frame": b"\0\0\xff\xff",
    "a frame of nothing": b"\0\0\0\0",
    "a frame of no JSON": b"\0\0\0\x04\xff\xfe{[",
    "telnet": b"\xff\xfb\x01\xff\xfd\x03\xff\xfa" + b"\xff" * 600,
    "line ends": b"\r\n\r\0\n\r" * 500,
    "RDP": b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0",
    "SMB": b"\0\0\0\x54\xffSMBr" + bytes(79),
    "nothing": b"",
}


def endless(_: random.Random) -> Finding:
    """Bytes without a line end: they are not kept, cost little, and the next line is served."""
    grown, spent, answered = 0, 0.0, 0
    with serving("--no-rate-limit") as server:
        for what in NEVER_ENDING.values():
            ear = join(server.port, "ann")
            listen_until(welcomed, [ear])
            memory, cpu = server.memory(), server.cpu()
            pour(ear, what)
            answered += pings(ear)
            grown, spent = max(grown, server.memory_peak() - memory), max(spent, server.cpu() - cpu)
            quit_all([ear])
        bugs = server.bugs()
    figures = (
        f"{mib(ENDLESS)} each of {' and '.join(NEVER_ENDING)}: memory grew by {mib(grown)}, CPU {spent:.2f} s; "
        f"answered afterwards: {answered} of {len(NEVER_ENDING)}; bugs: {bugs}"
    )
    passed = grown < GROWTH_LIMIT and spent < CPU_LIMIT and answered == len(NEVER_ENDING) and not bugs
    return Finding(passed, "no line end", figures)


def pour(ear: Ear, what: bytes) -> None:
    """Send so much of it that the limit is reached, then end what it began, and the line."""
    ear.sock.settimeout(TIMEOUT)
    ear.sock.sendall(what)
    for _ in range(ENDLESS // CHUNK):
        ear.sock.sendall(b"x" * CHUNK)
    ear.sock.sendall(b"\xff\xf0\r\n")
    ear.sock.setblocking(False)


def scans(chance: random.Random) -> Finding:
    """Other protocols, some cut short, some reset, some left open: a normal user is served throughout."""
    ears: list[Ear] = []
    with serving() as server:
        normal = join(server.port, "ann")
        listen_until(welcomed, [normal])
        before = server.descriptors()
        for _ in range(ROUNDS):
            ears += [scan(server, content, chance) for content in [*SCANS.values(), chance.randbytes(5000)]]
            for ear in ears:
                ear.listen()
        newcomer = join(server.port, "bob")
        answered = pings(normal) and pings(newcomer)
        hang_up([*ears, newcomer])
        is_gone, bugs = server.falls_to(before), server.bugs()
        hang_up([normal])
    figures = (
        f"{len(ears)} of {len(SCANS) + 1} kinds; a normal user was {'' if answered else 'NOT '}answered; "
        f"their descriptors are {'' if is_gone else 'NOT '}free; bugs: {bugs}"
    )
    return Finding(answered and is_gone and not bugs, "port scanners", figures)


def scan(server: Server, content: bytes, chance: random.Random) -> Ear:
    """Connect and send `content`, or a part of it."""
    ear = Ear(connect(server.port))
    ear.send(content[: chance.choice((1, len(content) // 2, len(content)))])
    return ear
