"""The clients and the processes that run them.

The parent logs every client in, a bunch at a time, so that ten thousand do not take a turn of the server each to be
told to all who came before. Then it forks: each worker process runs its share of the sockets and counts into memory
that the parent reads, so that deliveries and CPU time are taken in the same moment and no worker has to be
asked.
"""

from __future__ import annotations

import ctypes
import gc
import itertools
import multiprocessing
import resource
import socket
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import RawArray, RawValue
from typing import Any, NamedTuple

from tools.bench.servers import Running, Speech
from tools.shared.programs import HOST, cpu_seconds
from tools.shared.tls import connected

FORK = multiprocessing.get_context("fork")  # the workers inherit the logged-in sockets
LOGIN_SECONDS = 30.0
BUNCH, BIG_BUNCH = 8, 200  # clients that log in at once: ngIRCd lets more than ten wait for a second
FEW = 1000  # up to so many, the bunches are small
SPARE_DESCRIPTORS = 100
WARM_UP_SECONDS = 1.0
SPARE_SECONDS = 30.0  # after which a worker ends even if nobody tells it to


class Tally(ctypes.Structure):
    """What a worker has counted so far: lines that arrived, clients that the server dropped."""

    _fields_ = (("delivered", ctypes.c_uint64), ("dropped", ctypes.c_uint64))
    delivered: int
    dropped: int


class Signals(ctypes.Structure):
    """What the parent tells its workers: the window is open, all is over. `deadline`: monotonic seconds."""

    _fields_ = (("measuring", ctypes.c_bool), ("over", ctypes.c_bool), ("deadline", ctypes.c_double))
    measuring: bool
    over: bool
    deadline: float

    def go_on(self) -> bool:
        """Whether a worker has more to do."""
        return not self.over and time.monotonic() < self.deadline


Work = Callable[[Signals, Tally], None]
Edge = Callable[[float], float]  # on the monotonic clock


@dataclass
class Sample:
    """One measuring window of one server: counts, wall and CPU seconds, and delays in ns where taken."""

    delivered: int
    seconds: float
    cpu: float
    dropped: int
    delays: list[int] = field(default_factory=list)
    bytes_each: float | None = None  # resident bytes of the server for a client that is idle
    bytes_at_most: int = 0  # that were ever resident


class Seat(NamedTuple):
    """A client that is logged in, by its nonblocking socket. `talks`: it is to say something."""

    sock: socket.socket
    speech: Speech
    talks: bool


class Newcomer(NamedTuple):
    """A client that is to be logged in."""

    name: bytes
    speech: Speech
    talks: bool


@contextmanager
def clients(running: Running, count: int, talkers: Collection[int] = (), kind: bytes = b"u") -> Iterator[list[Seat]]:
    """Log in `count` clients; the list is shorter if the server would not have them all. `kind` begins their names.

    Those with a number in `talkers` are the ones who may talk.
    """
    at_once = BUNCH if count <= FEW else BIG_BUNCH
    allow_descriptors(count + SPARE_DESCRIPTORS)
    coming = (newcomer(running, b"%b%d" % (kind, number), number in talkers) for number in itertools.count())
    seats: list[Seat] = []
    with ExitStack() as stack:
        while len(seats) < count:
            bunch = log_in(running, list(itertools.islice(coming, min(at_once, count - len(seats)))), stack)
            seats += bunch
            for seat in seats:
                drain(seat.sock)  # of who came, so that nobody is dropped for not listening
            if not bunch:
                break
        yield seats


def newcomer(running: Running, name: bytes, talks: bool) -> Newcomer:
    """Return a client of that name, which speaks as talkers or as readers do."""
    return Newcomer(name, running.speech if talks else running.reading or running.speech, talks)


def allow_descriptors(count: int) -> None:
    """Raise the limit of open files to at least `count`. Raises RuntimeError where the system does not let us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if count > hard:
        raise RuntimeError(f"{count} open files are needed, and {hard} allowed (ulimit -Hn).")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))


def log_in(running: Running, coming: list[Newcomer], stack: ExitStack) -> list[Seat]:
    """Log clients in, together; return those that the server took.

    All connect before the first says its name, so that few turns of the server tell everybody of all of them.
    """
    connected = [(one, sock) for one in coming if (sock := connect(running, stack))]
    asking = [(one, sock) for one, sock in connected if said(sock, one.speech.login(one.name))]
    return [
        Seat(sock, one.speech, one.talks)
        for one, sock in asking
        if answered(sock, one.speech.ready.replace(b"NAME", one.name))
    ]


def connect(running: Running, stack: ExitStack) -> socket.socket | None:
    """Connect a client."""
    try:
        sock = stack.enter_context(socket.create_connection((HOST, running.port), LOGIN_SECONDS))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if running.in_tls:
            sock = connected(sock)
            sock.settimeout(LOGIN_SECONDS)
    except OSError:
        return None
    return sock


def said(sock: socket.socket, login: bytes) -> bool:
    """Say who a client is; return whether the server still listens."""
    with suppress(OSError):
        sock.sendall(login)
        return True
    return False


def answered(sock: socket.socket, ready: bytes) -> bool:
    """Read until the last of the welcome; return whether it came."""
    heard = b""
    try:
        while ready not in heard:
            chunk = sock.recv(65536)
            if not chunk:
                return False
            heard += chunk
    except OSError:
        return False
    sock.setblocking(False)
    return True


def drain(sock: socket.socket) -> bool:
    """Take what has arrived; return whether that was anything."""
    some = False
    with suppress(OSError):  # nothing is there, or the server has dropped it, which is counted later
        while sock.recv(65536):
            some = True
    return some


def measure(running: Running, works: Sequence[Work], seconds: float, edge: Edge = float) -> Sample:
    """Run each work in a process of its own, warm up, and count for `seconds`.

    `edge` moves the beginning and the end of the window to a later moment at which no line is under way.
    """
    signals = RawValue(Signals)
    signals.deadline = time.monotonic() + WARM_UP_SECONDS + seconds + SPARE_SECONDS
    tallies = RawArray(Tally, len(works))
    jobs = zip(works, tallies, strict=True)
    workers = [FORK.Process(target=run, args=(*job, signals), daemon=True) for job in jobs]
    with at_work(workers, signals):
        begin = edge(time.monotonic() + WARM_UP_SECONDS)
        sleep_until(begin)
        return window(running.pid, signals, tallies, edge(begin + seconds))


def run(work: Work, tally: Tally, signals: Signals) -> None:
    """A worker's life. The collector is off, so that its pauses are in no delay."""
    gc.disable()
    with suppress(KeyboardInterrupt):  # the parent hears it too, and says more
        work(signals, tally)


@contextmanager
def at_work(workers: list[Any], signals: Signals) -> Iterator[None]:
    """Start the workers, and see them out."""
    try:
        for worker in workers:
            worker.start()
        yield
    finally:
        signals.over = True
        for worker in workers:
            worker.join(5)
            worker.kill()


def window(pid: int, signals: Signals, tallies: Any, end: float) -> Sample:
    """Count what arrives, and what it costs the server, from now to `end`."""
    began, cpu, delivered = time.monotonic(), cpu_seconds(pid), total(tallies)
    signals.measuring = True
    sleep_until(end)
    signals.measuring = False
    delivered, cpu = total(tallies) - delivered, cpu_seconds(pid) - cpu
    return Sample(delivered, time.monotonic() - began, cpu, sum(tally.dropped for tally in tallies))


def sleep_until(due: float) -> None:
    """Wait for a time on the monotonic clock."""
    time.sleep(max(0.0, due - time.monotonic()))


def total(tallies: Any) -> int:
    """Lines that have arrived at all workers together."""
    return sum(tally.delivered for tally in tallies)
