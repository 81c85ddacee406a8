"""The clients and the processes that run them.

The parent logs every client in, one after the other and blocking, because that is simple and gives every
server the same order. Then it forks: each worker process runs its share of the sockets and counts into memory
that the parent reads, so that deliveries and CPU time are taken in the same moment and no worker has to be
asked.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import RawArray, RawValue
from typing import Any

from tools.bench.servers import Running
from tools.shared.programs import HOST, cpu_seconds

FORK = multiprocessing.get_context("fork")  # the workers inherit the logged-in sockets
LOGIN_SECONDS = 10.0
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


@dataclass
class Sample:
    """One measuring window of one server: counts, wall and CPU seconds, and delays in ns where taken."""

    delivered: int
    seconds: float
    cpu: float
    dropped: int
    delays: list[int] = field(default_factory=list)


@contextmanager
def clients(running: Running, count: int) -> Iterator[list[socket.socket]]:
    """Log in `count` clients; the list is shorter if the server would not have them all."""
    with ExitStack() as stack:
        yield list(seats(running, count, stack))


def seats(running: Running, count: int, stack: ExitStack) -> Iterator[socket.socket]:
    """Each client that the server lets in; none after one whom it leaves without an answer."""
    for number in range(count):
        try:
            sock = stack.enter_context(socket.create_connection((HOST, running.port), LOGIN_SECONDS))
            log_in(sock, b"u%d" % number, running)
        except TimeoutError:
            return
        except OSError:
            continue
        yield sock


def log_in(sock: socket.socket, name: bytes, running: Running) -> None:
    """Say who we are and read until the last of the welcome; the socket is nonblocking then."""
    speech = running.speech
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(speech.login.replace(b"NAME", name))
    ready, heard = speech.ready.replace(b"NAME", name), b""
    while ready not in heard:
        chunk = sock.recv(65536)
        if not chunk:
            raise ConnectionError
        heard += chunk
    sock.setblocking(False)


def measure(running: Running, works: Sequence[Work], seconds: float) -> Sample:
    """Run each work in a process of its own, warm up, and count for `seconds`."""
    signals = RawValue(Signals)
    signals.deadline = time.monotonic() + WARM_UP_SECONDS + seconds + SPARE_SECONDS
    tallies = RawArray(Tally, len(works))
    jobs = zip(works, tallies, strict=True)
    workers = [FORK.Process(target=run, args=(*job, signals), daemon=True) for job in jobs]
    with at_work(workers, signals):
        time.sleep(WARM_UP_SECONDS)
        return window(running.pid, signals, tallies, seconds)


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


def window(pid: int, signals: Signals, tallies: Any, seconds: float) -> Sample:
    """Count what arrives, and what it costs the server, from now for `seconds`."""
    began, cpu, delivered = time.monotonic(), cpu_seconds(pid), total(tallies)
    signals.measuring = True
    time.sleep(seconds)
    signals.measuring = False
    delivered, cpu = total(tallies) - delivered, cpu_seconds(pid) - cpu
    return Sample(delivered, time.monotonic() - began, cpu, sum(tally.dropped for tally in tallies))


def total(tallies: Any) -> int:
    """Lines that have arrived at all workers together."""
    return sum(tally.delivered for tally in tallies)
