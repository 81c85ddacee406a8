"""The room: a state machine over its log. Who is here, which names have accounts, and what happened, in one order.

    request -> hub -> proposal -> order -> Room.apply -> entry, its readers, the author's answer

`apply` is the only thing that changes a room, and equal proposals in an equal order make equal rooms (`checksum`), in
whatever process. So it reads no clock (the time comes with the call), draws no lots, follows the order of no set and
knows no option of this server. It decides what depends on the order: a name that has been taken by then is refused,
and only the current seat of a member counts. Nothing but `Log.append` gives a number.

Members are values in here, not sessions: a seat is the number of the entry that a member came with, so it is never
given twice, and chat.state knows which seats are sessions of this process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from chat.log import Entry, Log
from chat.look_alikes import LookAlikes, Registered
from chat.proposals import (
    Accounts,
    Claim,
    Enter,
    Impose,
    Leave,
    Lift,
    Operators,
    Own,
    Proposal,
    Refusal,
    Remove,
    Rename,
)
from chat.replies import Replies
from chat.sanctions import EVERYBODY, SANCTIONS_LIMIT, Act, Sanction, Sanctions, client_subject
from protocol.errors import ErrorCode
from protocol.events import Announced, Joined, Left, Renamed, RoomEvent, Said, Whispered
from protocol.requests import Announce, ComeBack, GoAway, Say, Whisper
from protocol.text import excerpt, key_of
from protocol.values import value

BACK = "You are back."
NOT_AWAY = "You were not away."


@dataclass(slots=True, eq=False)
class Member:
    """A user in the room. `identity` is whose its lines are: a client's, over its connections, or the seat's own."""

    seat: int
    name: str
    identity: str
    account: str = ""  # the key of the account whose password was given
    named_at_seq: int = 0  # the number at which the name was taken
    away: str = ""  # why; "" while the user is here
    notified: set[str] = field(default_factory=set)  # the identities that know of the absence

    @property
    def key(self) -> str:
        """The name as it is compared."""
        return key_of(self.name)

    @property
    def subjects(self) -> tuple[str, ...]:
        """What a sanction that is to hold for this user holds for: the name, with its account, and the client."""
        client = client_subject(self.identity)
        return (self.key, client) if client else (self.key,)


@value
class Applied:
    """What came of a proposal.

    `event` is the new entry's; all may read it, or `reader` and the author. `member` is who has just come, or whom
    the entry is for. `notice` is a sentence for the author.
    """

    event: RoomEvent | None = None
    member: Member | None = None
    refused: Refusal | None = None
    notice: str = ""


class Room:
    """Members by the key of their name, in the order in which they came; accounts; the log and what it answered."""

    def __init__(self, epoch: str, log: Log | None = None, replies: Replies | None = None) -> None:
        """Go on with the log and the replies of earlier runs; `epoch` tells this log from any other one."""
        self.epoch = epoch
        self.log = Log() if log is None else log
        self.replies = Replies() if replies is None else replies
        self.registered = Registered()
        self.operators: frozenset[str] = frozenset()  # the keys of accounts
        self.sanctions = Sanctions()
        self._members: dict[str, Member] = {}
        self._seats: dict[int, Member] = {}
        self._looks = LookAlikes()

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Member]:
        return iter(self._members.values())

    def find(self, name: str) -> Member | None:
        """Return the member called `name`, in any case, or None."""
        return self._members.get(key_of(name))

    def alike(self, name: str, exclude: str = "") -> str | None:
        """Return the name of a member that can be taken for `name` and is neither that nor `exclude`, or None."""
        return self._looks.find(name, exclude)

    def looks(self) -> Iterator[tuple[str, str]]:
        """Yield each member's name and its skeleton, in an order in which `restore` may take them again."""
        return iter(self._looks)

    def restore(self, members: Iterable[Member], looks: Iterable[tuple[str, str]]) -> None:
        """Have an empty room hold what another one had in it."""
        for member in members:
            self._members[member.key] = self._seats[member.seat] = member
        for name, skeleton in looks:
            self._looks.add(name, skeleton)

    def names(self) -> tuple[str, ...]:
        """Return the members' names, in the order in which they came."""
        return tuple(member.name for member in self._members.values())

    def is_operator(self, member: Member) -> bool:
        """Return whether `member` has given the password of an operator's account."""
        return member.account != "" and member.account in self.operators

    def barred(self, name: str, client: str, account: str, at: float) -> Refusal | None:
        """Return why `client`, an identity, can't come in as `name`, owning `account`, at `at`; None if it can.

        Others read names: a muted client has the one that it was muted under.
        """
        key, client = key_of(name), client_subject(client)
        ban = self.sanctions.find(Act.BAN, (key, client), at)
        if ban is not None:
            return ErrorCode.BANNED, _told(ban, at)
        mute = self.sanctions.find(Act.MUTE, (client,), at)
        if mute is not None and key not in mute.subjects:
            return ErrorCode.MUTED, _told(mute, at)
        return None if account else self._locked_down(at)

    def _locked_down(self, at: float) -> Refusal | None:
        lockdown = self.sanctions.find(Act.LOCKDOWN, (EVERYBODY,), at)
        return None if lockdown is None else (ErrorCode.LOCKED_DOWN, _told(lockdown, at))

    def silenced(self, member: Member, at: float, account: str = "") -> Refusal | None:
        """Return why only operators may read `member`, who owns `account`, too, at `at`; None if all may."""
        if self.is_operator(member):
            return None
        mute = self.sanctions.find(Act.MUTE, member.subjects, at)
        if mute is not None:
            return ErrorCode.MUTED, _told(mute, at)
        return None if member.account or account else self._locked_down(at)

    def checksum(self) -> str:
        """Return a hash of the state: rooms that have applied the same have the same, whatever process they are in."""
        members = [
            (m.seat, m.name, m.identity, m.account, m.named_at_seq, m.away, sorted(m.notified))
            for m in self._members.values()
        ]
        accounts = sorted(self.registered.keys), sorted(self.operators)
        state = (self.epoch, self.log.seq, self.log.newest(), members, accounts, list(self.sanctions))
        return hashlib.sha256(repr(state).encode("utf-8", "surrogatepass")).hexdigest()

    def apply(self, seat: int, proposal: Proposal, at: float) -> Applied:
        """Carry out what the member of `seat` proposed at `at`, seconds since the epoch (UTC).

        The seat of a newcomer, and of what nobody proposed, is 0. Raises KeyError for a proposal of a kind that is not
        known: to skip one would make this room another than its copies.
        """
        rule = _RULES[type(proposal)]
        member = self._seats.get(seat)
        if member is None and (seat or type(proposal) not in _SEATLESS):
            return Applied(refused=(ErrorCode.NOT_NAMED, {}))
        return rule(self, member, proposal, at)

    # --- rules -------------------------------------------------------------------------------------------------------

    def _say(self, author: Member, proposal: Say, at: float) -> Applied:
        if self.sanctions.silences and (refused := self.silenced(author, at)) is not None:
            return Applied(refused=refused)
        log, cseq = self.log, proposal.cseq
        said = Said(log.seq + 1, author.name, proposal.text, at, cseq)
        log.append(Entry(said, at, author.identity))
        if cseq is not None:
            self.replies.note(author.identity, cseq, said.seq)
        return Applied(said)

    def _whisper(self, author: Member, proposal: Whisper, at: float) -> Applied:
        other = self.find(proposal.to)
        if other is None or self._is_newcomer(other, proposal):
            error = ErrorCode.NOT_CONNECTED if other is None else ErrorCode.LEFT_SINCE
            return Applied(refused=(error, {"name": excerpt(proposal.to)}))
        if self.sanctions.silences and not self.is_operator(other):
            refused = self.silenced(author, at)
            if refused is not None:
                return Applied(refused=refused)
        seq, cseq = self.log.next_seq(), proposal.cseq
        event = Whispered(seq, author.name, other.name, proposal.text, at, cseq)
        self.log.append(Entry(event, at, author.identity, other.identity))
        if cseq is not None:
            self.replies.note(author.identity, cseq, seq)
        hides = self.sanctions.silences and self.silenced(other, at) is not None
        return Applied(event, other, notice=_absence(author, other, hides))

    def _is_newcomer(self, other: Member, proposal: Whisper) -> bool:
        """Return whether `other` has had the name for less long than the author of the whisper takes for granted."""
        if proposal.as_of is None:
            return False
        return proposal.epoch not in (None, self.epoch) or other.named_at_seq > proposal.as_of

    def _announce(self, author: Member, proposal: Announce, at: float) -> Applied:
        seq, cseq = self.log.next_seq(), proposal.cseq
        announced = Announced(seq, author.name, proposal.text, at, cseq)
        self.log.append(Entry(announced, at, author.identity))
        if cseq is not None:
            self.replies.note(author.identity, cseq, seq)
        return Applied(announced)

    def _go_away(self, author: Member, proposal: GoAway, at: float) -> Applied:
        refused = self.silenced(author, at) if proposal.why else None  # others read why
        if refused is not None:
            return Applied(refused=refused)
        author.away = proposal.why or "away"
        author.notified.clear()
        return Applied()

    def _come_back(self, author: Member, proposal: ComeBack, at: float) -> Applied:
        was_away, author.away = author.away, ""
        author.notified.clear()
        return Applied(notice=BACK if was_away else NOT_AWAY)

    def _enter(self, nobody: Member | None, proposal: Enter, at: float) -> Applied:
        refused = self._refused(proposal, None) or self.barred(proposal.name, proposal.client, proposal.account, at)
        if refused is not None:
            return Applied(refused=refused)
        seq, client, settled = self.log.next_seq(), proposal.client, 0
        if client:
            known = self.replies.highest(client)
            settled = proposal.settled if known is None else known
            self.replies.note(client, settled, seq)
        member = Member(seq, proposal.name, client or f"seat{seq}", proposal.account, seq)
        self._members[member.key] = self._seats[seq] = member
        self._looks.add(member.name, proposal.skeleton)
        joined = Joined(seq, member.name, len(self))
        self.log.append(Entry(joined, at, client, settled=settled))
        return Applied(joined, member)

    def _rename(self, author: Member, proposal: Rename, at: float) -> Applied:
        refused = self.silenced(author, at, proposal.account) or self._refused(proposal, author)
        if refused is not None:
            return Applied(refused=refused)
        old, old_key, seq, cseq = author.name, author.key, self.log.next_seq(), proposal.cseq
        self._looks.discard(old)
        self._looks.add(proposal.name, proposal.skeleton)
        author.name, author.account = proposal.name, proposal.account
        if old_key != author.key:  # in another case it is the same name, held as long as before
            author.named_at_seq = seq
        self._members = {author.key if key == old_key else key: member for key, member in self._members.items()}
        renamed = Renamed(seq, old, author.name, cseq)
        self.log.append(Entry(renamed, at, author.identity))
        if cseq is not None:
            self.replies.note(author.identity, cseq, seq)
        return Applied(renamed)

    def _refused(self, proposal: Enter | Rename, own: Member | None) -> Refusal | None:
        """Return why the name is not free by now; None if it is. An account's own name is beyond looking alike."""
        name, key = proposal.name, key_of(proposal.name)
        if self._members.get(key) not in (None, own):
            return ErrorCode.NAME_TAKEN, {"name": name}
        alike = self._looks.find(name, "" if own is None else own.name, proposal.skeleton)
        if alike is None or proposal.account == key:
            return None
        return ErrorCode.NAME_LOOKS_ALIKE, {"name": name, "other": alike}

    def _leave(self, author: Member, proposal: Leave, at: float) -> Applied:
        return self._taken_out(author, proposal.reason, at)

    def _taken_out(self, member: Member, reason: str, at: float) -> Applied:
        del self._members[member.key], self._seats[member.seat]
        self._looks.discard(member.name)
        left = Left(self.log.next_seq(), member.name, len(self), reason)
        self.log.append(Entry(left, at))
        return Applied(left, member)

    def _remove(self, author: Member, proposal: Remove, at: float) -> Applied:
        other = self.find(proposal.name)
        if other is None:
            return Applied(refused=(ErrorCode.NOT_CONNECTED, {"name": excerpt(proposal.name)}))
        if self.is_operator(other):
            return Applied(refused=(ErrorCode.OPERATOR_EXEMPT, {"name": other.name, "what": "kick"}))
        return self._taken_out(other, proposal.reason, at)

    def _claim(self, author: Member | None, proposal: Claim, at: float) -> Applied:
        holder = self._members.get(proposal.account)
        if holder is None or holder is author:
            return Applied()
        return self._taken_out(holder, "the owner of the name came", at)

    def _impose(self, author: Member | None, proposal: Impose, at: float) -> Applied:
        sanction = proposal.sanction
        exempt = next((s for s in sanction.subjects if s in self.operators), None) if author is not None else None
        if exempt is not None:
            return Applied(refused=(ErrorCode.OPERATOR_EXEMPT, {"name": exempt, "what": sanction.act.value}))
        is_bounded = author is not None and sanction.act is not Act.LOCKDOWN  # of which there is one
        if is_bounded and self.sanctions.count_without(sanction, at) >= SANCTIONS_LIMIT:
            return Applied(refused=(ErrorCode.TOO_MANY_BANS, {"limit": SANCTIONS_LIMIT}))
        self.sanctions.impose(sanction, at)
        return Applied()

    def _lift(self, author: Member | None, proposal: Lift, at: float) -> Applied:
        lifted = self.sanctions.lift(proposal.act, proposal.subject)
        if lifted is None or not lifted.holds(at):
            return Applied(refused=(_NOT_IMPOSED[proposal.act], {"name": excerpt(proposal.subject)}))
        return Applied()

    def _own(self, author: Member, proposal: Own, at: float) -> Applied:
        author.account = proposal.account
        return Applied()

    def _accounts(self, nobody: Member | None, proposal: Accounts, at: float) -> Applied:
        self.registered.change(proposal.added, proposal.removed)
        return Applied()

    def _operators(self, nobody: Member | None, proposal: Operators, at: float) -> Applied:
        self.operators = (self.operators - proposal.removed) | proposal.added
        return Applied()


def _told(sanction: Sanction, at: float) -> dict[str, object]:
    """Return the details of a refusal because of `sanction`."""
    return {"left": sanction.left(at), "reason": sanction.because}


def _absence(author: Member, other: Member, hides: bool) -> str:
    """Return what `author`, who has just whispered to `other`, has to know of an absence, once for each.

    `hides`: not what `other` has written about it.
    """
    if not other.away or author.identity in other.notified:
        return ""
    other.notified.add(author.identity)
    return f"{other.name} is away" + ("" if hides or other.away == "away" else f": {other.away}")


_Rule = Callable[["Room", Any, Any, float], Applied]


def _by_operator(rule: _Rule, word: str) -> _Rule:
    """Return `rule` for members that are operators, and for the server itself; anybody else's proposal is refused."""

    def checked(room: Room, author: Member | None, proposal: Any, at: float) -> Applied:
        if author is not None and not room.is_operator(author):
            return Applied(refused=(ErrorCode.OPERATORS_ONLY, {"word": word, "instead": ""}))
        return rule(room, author, proposal, at)

    return checked


_NOT_IMPOSED = {Act.BAN: ErrorCode.NOT_BANNED, Act.MUTE: ErrorCode.NOT_MUTED, Act.LOCKDOWN: ErrorCode.NOT_LOCKED}
_SEATLESS = (Enter, Claim, Impose, Lift, Accounts, Operators)
_RULES: dict[type, _Rule] = {
    Say: Room._say,
    Whisper: Room._whisper,
    Announce: _by_operator(Room._announce, "/announce"),
    Remove: _by_operator(Room._remove, "/kick"),
    Claim: Room._claim,
    Impose: _by_operator(Room._impose, "That"),
    Lift: _by_operator(Room._lift, "That"),
    GoAway: Room._go_away,
    ComeBack: Room._come_back,
    Enter: Room._enter,
    Rename: Room._rename,
    Leave: Room._leave,
    Own: Room._own,
    Accounts: Room._accounts,
    Operators: Room._operators,
}
