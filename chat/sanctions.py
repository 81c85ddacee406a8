"""Sanctions: bans, mutes and the lockdown. What holds, for whom, until when; found in a few look-ups.

A sanction holds for its subjects. A subject is a text, the same in a command, in bans.txt and in a list:

    bob                the name, in any case, and with it the account of that name
    client:3f2a...     the client that has this identity, which is a hash of its secret (chat.resume)
    203.0.113.0/24     the addresses of a network; an IPv4 address alone is its /32, an IPv6 address its /64
    *                  everybody whose name is not registered; only the lockdown has it

It ends at a time that is in it, so that all who apply the same proposals agree: nothing here reads a clock. An ended
sanction is found no more, and is removed when the next one is imposed.

Of one act, each subject has one sanction. A new one takes over the subjects of those that it shares a subject with:
whom they held for, it holds for. So a longer or shorter ban of a name never frees a client that was banned with it.
"""

from __future__ import annotations

import heapq
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_network

from chat.durations import in_words
from chat.look_alikes import LookAlikes
from chat.networks import Network, addresses_within, is_loopback, unmapped
from protocol.errors import ErrorCode, Refusal
from protocol.text import excerpt, is_name, key_of
from protocol.values import value

SANCTIONS_LIMIT = 10_000  # so that nothing fills memory or disk
EVERYBODY = "*"
SERVER = "the server"  # whose a lockdown is that a flood put on
_UNTIL_ENDED = "until an operator ends that"  # a lockdown: nobody means it for good
_CLIENT = "client:"
_HASH = 32  # hexadecimal digits of a client's identity
_LINK = re.compile("%[^/]*")


class Act(Enum):
    """What a sanction forbids."""

    BAN = "ban"  # to be here
    MUTE = "mute"  # to be read by others than operators
    LOCKDOWN = "lockdown"  # to come in or speak without a registered name


@value
class Sanction:
    """`by` and `reason` are for people. `until`: seconds since the epoch, UTC; None for good."""

    act: Act
    subjects: tuple[str, ...]
    until: float | None = None
    by: str = ""
    reason: str = ""

    def holds(self, at: float) -> bool:
        """Return whether it has not ended by the time `at`."""
        return self.until is None or at < self.until

    def left(self, at: float) -> str:
        """Return how long it will hold, from `at` on, for a sentence: `for another 2 h 5 min`."""
        return "for good" if self.until is None else f"for another {in_words(self.until - at)}"

    @property
    def because(self) -> str:
        """Its reason, for the end of a sentence; "" if it has none."""
        return f": {self.reason}" if self.reason else ""


def subject_of(text: str) -> str:
    """Return the subject that `text` names, in the one form in which it is compared. Raises ValueError."""
    if text.startswith(_CLIENT):
        digits = text.removeprefix(_CLIENT).lower()
        if len(digits) != _HASH or digits.strip("0123456789abcdef"):
            raise ValueError(f"{excerpt(text)} is no client: {_HASH} hexadecimal digits follow the colon")
        return _CLIENT + digits
    if "." in text or ":" in text:
        return subject_of_network(network_in(text))
    if text == EVERYBODY or is_name(text):
        return key_of(text)
    raise ValueError(f"{excerpt(text) or 'Nothing'} is neither a name nor a network")


def client_subject(identity: str) -> str:
    """Return the subject that is the client with this `identity`; "" for a text user, who has no client."""
    return _CLIENT + identity if len(identity) == _HASH else ""


def network_in(text: str) -> Network:
    """Return the network that `text` is, or that of its address: an IPv4 /32, an IPv6 /64. Raises ValueError.

    Of an IPv6 address that is made from an IPv4 one, that one: its /64 may have others of all the world in it. A link
    (`%eth0`) is left out, since addresses are looked up without it.
    """
    bare = _LINK.sub("", text)
    try:
        address = addresses_within(bare)[-1]
    except ValueError:
        try:
            return unmapped(ip_network(bare, strict=False))
        except ValueError:
            raise ValueError(f"{excerpt(text)} is no network: write 203.0.113.7 or 203.0.113.0/24") from None
    if isinstance(address, IPv6Address) and not address.is_link_local:
        return ip_network((address, 64), strict=False)
    return ip_network(address)


def subject_of_network(network: Network) -> str:
    """Return the subject that is this network."""
    return str(network.network_address if network.version == 4 and network.prefixlen == 32 else network)


def is_network(subject: str) -> bool:
    """Return whether `subject` is a network."""
    return not subject.startswith(_CLIENT) and ("." in subject or ":" in subject)


def _network_of_subject(subject: str) -> Network | None:
    """Return the network that `subject` is; None for one of another kind."""
    return ip_network(subject) if is_network(subject) else None


def _told(sanction: Sanction, at: float) -> dict[str, object]:
    """Return the details of a refusal because of `sanction`."""
    return {"left": sanction.left(at), "reason": sanction.because}


class _Networks:
    """The networks among the subjects of bans, by their length: an address is looked up once for each length."""

    def __init__(self) -> None:
        self._lengths: dict[type, Counter[int]] = {IPv4Address: Counter(), IPv6Address: Counter()}
        self._subjects: dict[tuple[type, int, int], str] = {}  # by kind, length and the bits of that length

    def add(self, network: Network, subject: str) -> None:
        kind = type(network.network_address)
        self._lengths[kind][network.prefixlen] += 1
        self._subjects[_bits(network.network_address, network.prefixlen)] = subject

    def discard(self, network: Network) -> None:
        lengths = self._lengths[type(network.network_address)]
        lengths[network.prefixlen] -= 1
        if not lengths[network.prefixlen]:
            del lengths[network.prefixlen]
        del self._subjects[_bits(network.network_address, network.prefixlen)]

    def __bool__(self) -> bool:
        return bool(self._subjects)

    def around(self, address: IPv4Address | IPv6Address) -> Iterator[str]:
        """Yield the subjects of the networks that `address` is in."""
        for length in self._lengths[type(address)]:
            subject = self._subjects.get(_bits(address, length))
            if subject is not None:
                yield subject


def _bits(address: IPv4Address | IPv6Address, length: int) -> tuple[type, int, int]:
    return type(address), length, int(address) >> (address.max_prefixlen - length)


class Sanctions:
    """All that hold, or have ended and were not removed yet."""

    def __init__(self) -> None:
        self._by_subject: dict[tuple[Act, str], Sanction] = {}  # those imposed first come first
        self._counts: Counter[Act] = Counter()
        self._sum = 0  # of the hashes of all
        self._ends: list[tuple[float, int, Sanction]] = []  # a heap; some of these are not among the others any more
        self._imposed = 0
        self._networks = _Networks()
        self._banned_looks = LookAlikes()
        self.silences = False  # there is a mute or a lockdown: one look for what is said to everybody

    def __len__(self) -> int:
        return self._counts.total()

    def __iter__(self) -> Iterator[Sanction]:
        """Yield each once, those that were imposed first at the front."""
        return iter({id(sanction): sanction for sanction in self._by_subject.values()}.values())

    def impose(self, new: Sanction, at: float) -> Sanction:
        """Let `new` hold from `at` on; return it with the subjects that it took over."""
        self._remove_ended(at)
        shared = [old for subject in new.subjects if (old := self._by_subject.get((new.act, subject))) is not None]
        subjects = dict.fromkeys((*new.subjects, *(subject for old in shared for subject in old.subjects)))
        for old in shared:
            self._remove(old)
        whole = Sanction(new.act, tuple(subjects), new.until, new.by, new.reason)
        for subject in subjects:
            self._by_subject[whole.act, subject] = whole
            self._note(whole.act, subject)
        self._counted(whole, 1)
        self._imposed += 1
        if whole.until is not None:
            heapq.heappush(self._ends, (whole.until, self._imposed, whole))
        return whole

    def count_without(self, new: Sanction, at: float) -> int:
        """Return how many hold at `at`, without those in whose place `new` would be."""
        self._remove_ended(at)
        return len(self) - (self.find(new.act, new.subjects, at) is not None)

    def lift(self, act: Act, subject: str) -> Sanction | None:
        """End the sanction that holds for `subject`, for all of its subjects; return it, None if there is none."""
        sanction = self._by_subject.get((act, subject))
        if sanction is not None:
            self._remove(sanction)
        return sanction

    def find(self, act: Act, subjects: Iterable[str], at: float) -> Sanction | None:
        """Return the sanction that holds at `at` for one of `subjects`, or None."""
        found = (self._by_subject.get((act, subject)) for subject in subjects)
        return next((sanction for sanction in found if sanction is not None and sanction.holds(at)), None)

    def ban_of_host(self, host: str, at: float) -> Sanction | None:
        """Return the ban that holds for the address `host`, or None. This machine itself is never banned."""
        if not self._networks or is_loopback(host):
            return None
        subjects = (subject for address in addresses_within(host) for subject in self._networks.around(address))
        return self.find(Act.BAN, subjects, at)

    def ban_of_look(self, name: str, at: float) -> Sanction | None:
        """Return the ban that holds for a name that `name` looks like, or None."""
        alike = self._banned_looks.find(name, "")
        return None if alike is None else self.find(Act.BAN, (alike,), at)

    def why_out(self, name: str, client: str, owns: bool, at: float) -> Refusal | None:
        """Return why `client`, an identity, can't come in as `name`, which it `owns` or not, at `at`; None if it can.

        Others read names: a muted client has the one that it was muted under.
        """
        key, client = key_of(name), client_subject(client)
        ban = self.find(Act.BAN, (key, client), at)
        if ban is not None:
            return ErrorCode.BANNED, _told(ban, at)
        mute = self.find(Act.MUTE, (client,), at)
        if mute is not None and key not in mute.subjects:
            return ErrorCode.MUTED, _told(mute, at)
        return None if owns else self._locked_down(at)

    def why_silent(self, subjects: Iterable[str], owns: bool, at: float) -> Refusal | None:
        """Return why only operators may read the user that `subjects` are, who `owns` the name or not; None if all
        may."""
        mute = self.find(Act.MUTE, subjects, at)
        if mute is not None:
            return ErrorCode.MUTED, _told(mute, at)
        return None if owns else self._locked_down(at)

    def _locked_down(self, at: float) -> Refusal | None:
        lockdown = self.find(Act.LOCKDOWN, (EVERYBODY,), at)
        if lockdown is None:
            return None
        details = _told(lockdown, at)
        return ErrorCode.LOCKED_DOWN, details if lockdown.until is not None else {**details, "left": _UNTIL_ENDED}

    def checksum(self) -> tuple[int, int]:
        """Return a hash of all."""
        return len(self), self._sum

    def _counted(self, sanction: Sanction, change: int) -> None:
        self._counts[sanction.act] += change
        self._sum += change * zlib.crc32(repr(sanction).encode("utf-8", "surrogatepass"))
        self.silences = bool(self._counts[Act.MUTE] or self._counts[Act.LOCKDOWN])

    def _remove_ended(self, at: float) -> None:
        while self._ends and self._ends[0][0] <= at:
            self._remove(heapq.heappop(self._ends)[2])

    def _note(self, act: Act, subject: str) -> None:
        network = _network_of_subject(subject)
        if act is Act.BAN and network is not None:
            self._networks.add(network, subject)
        elif act is Act.BAN and is_name(subject):
            self._banned_looks.add(subject)

    def _remove(self, sanction: Sanction) -> None:
        """Remove a sanction, unless that was done before."""
        if self._by_subject.get((sanction.act, sanction.subjects[0])) is not sanction:
            return
        for subject in sanction.subjects:
            del self._by_subject[sanction.act, subject]
            network = _network_of_subject(subject)
            if sanction.act is Act.BAN and network is not None:
                self._networks.discard(network)
            elif sanction.act is Act.BAN:
                self._banned_looks.discard(subject)
        self._counted(sanction, -1)
