"""Pollers: which descriptors can be read or written. `select` by default; `epoll`, on Linux, for more than 1,024.

The loop says what it wants of a descriptor when that changes (`watch`), and never again: a turn costs what is ready,
and with `epoll` nothing for those that are not. Both are level-triggered, so what is not read now is reported again.
"""

from __future__ import annotations

import contextlib
import select
import sys
from typing import Protocol

from chat import limits
from runtime.sockets import most_descriptors

OURS = 24  # descriptors that are not peers: listeners, files, wake-up sockets, the reserve
ANY = 2**31  # no limit to the number of a descriptor
_WINDOWS = sys.platform == "win32"


class Poller(Protocol):
    """What the loop needs in order to wait for descriptors."""

    peers_limit: int  # how many peers can be watched
    descriptor_limit: int  # the numbers of the descriptors are below this

    def watch(self, fd: int, reading: bool, writing: bool) -> None:
        """Report `fd` when it can be read, and when it can be written, from now on; with neither, not at all."""

    def forget(self, fd: int) -> None:
        """Report `fd` no more; to be called before it is closed."""

    def wait(self, seconds: float) -> tuple[set[int], set[int]]:
        """Wait for `seconds` at most; return which descriptors can be read and which can be written.

        A peer that is gone, or a descriptor that is closed, is reported as ready for what it is watched for.
        """

    def close(self) -> None:
        """Close the descriptors of the poller itself."""


class SelectPoller:
    """`select.select`. Descriptors below 1,024 on POSIX (FD_SETSIZE), 512 sockets on Windows."""

    peers_limit = 500 if _WINDOWS else min(1024, most_descriptors()) - OURS  # else peers would take the journal's own
    descriptor_limit = ANY if _WINDOWS else 1024

    def __init__(self) -> None:
        self._reading: set[int] = set()
        self._writing: set[int] = set()
        self._lists: tuple[list[int], list[int]] | None = None  # of both, for `select`; None: to be made anew

    def watch(self, fd: int, reading: bool, writing: bool) -> None:
        """See Poller."""
        if (fd in self._reading, fd in self._writing) != (reading, writing):
            (self._reading.add if reading else self._reading.discard)(fd)
            (self._writing.add if writing else self._writing.discard)(fd)
            self._lists = None

    def forget(self, fd: int) -> None:
        """See Poller."""
        self.watch(fd, reading=False, writing=False)

    def wait(self, seconds: float) -> tuple[set[int], set[int]]:
        """See Poller."""
        if self._lists is None:
            self._lists = list(self._reading), list(self._writing)
        try:
            readable, writable, _ = select.select(*self._lists, (), seconds)
        except OSError:  # a descriptor is not open any more: all are reported, so that its own peer finds out, alone
            return set(self._reading), set(self._writing)
        return set(readable), set(writable)

    def close(self) -> None:
        """See Poller; `select` has nothing open."""


class EpollPoller:
    """`select.epoll`, which only Linux has. As many descriptors as the process may open, up to 100,000."""

    peers_limit = min(100_000, most_descriptors() - OURS - limits.TURN_ACCEPTS)
    descriptor_limit = ANY

    def __init__(self) -> None:
        self._masks: dict[int, int] = {}
        self._epoll = select.epoll()

    def watch(self, fd: int, reading: bool, writing: bool) -> None:
        """See Poller. With neither it is taken out: `epoll` would report its end without being asked to."""
        mask = (select.EPOLLIN if reading else 0) | (select.EPOLLOUT if writing else 0)
        before = self._masks.get(fd, 0)
        if mask == before:
            return
        if not mask:
            self.forget(fd)
            return
        self._masks[fd] = mask
        if before:
            self._epoll.modify(fd, mask)
        else:
            self._epoll.register(fd, mask)

    def forget(self, fd: int) -> None:
        """See Poller."""
        if self._masks.pop(fd, 0):
            with contextlib.suppress(OSError):  # the kernel has taken out what was closed
                self._epoll.unregister(fd)

    def wait(self, seconds: float) -> tuple[set[int], set[int]]:
        """See Poller."""
        masks = self._masks
        readable: set[int] = set()
        writable: set[int] = set()
        for fd, found in self._epoll.poll(seconds, max(1, len(masks))):
            if masks[fd] & select.EPOLLIN and found & ~select.EPOLLOUT:  # or an end, which is read as one
                readable.add(fd)
            if masks[fd] & select.EPOLLOUT and found & ~select.EPOLLIN:
                writable.add(fd)
        return readable, writable

    def close(self) -> None:
        """See Poller."""
        self._epoll.close()


POLLERS: dict[str, type[SelectPoller] | type[EpollPoller]] = {"select": SelectPoller}
if hasattr(select, "epoll"):
    POLLERS["epoll"] = EpollPoller
