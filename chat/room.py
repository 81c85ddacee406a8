"""The room: a state machine over its log. Who is here, which names have accounts, and what happened, in one order.

    request -> hub -> proposal -> order -> Room.apply -> entry, its readers, the author's answer

`apply` is the only thing that changes a room, and equal proposals in an equal order make equal rooms (`checksum`), in
whatever process. So it reads no clock (the time comes with the call), draws no lots, follows the order of no set and
knows no option of this server. It decides what depends on the order: a name that has been taken by then is refused,
and only the current seat of a member counts. Nothing but `Log.append` gives a number.

A line of a client that counts its lines is carried out once: `_once` has its answer kept (chat.replies), and answers a
repetition. Members are in chat/members.py.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from chat import proposals
from chat.account_records import AccountRecords
from chat.log import Entry, Log
from chat.look_alikes import Registered
from chat.members import Member, Members, is_later, seat_identity
from chat.proposals import Applied, Proposal
from chat.replies import ECHOES, Replies, Reply, answer_again, mark_of
from chat.sanctions import SANCTIONS_LIMIT, Act, Sanctions
from protocol.errors import ErrorCode, Refusal
from protocol.events import (
    Announced,
    Joined,
    Left,
    Noticed,
    Refused,
    Renamed,
    Said,
    Whispered,
    refusal,
)
from protocol.objects import dump
from protocol.requests import Announce, ComeBack, GoAway, Say, Whisper
from protocol.text import excerpt, key_of

BACK = "You are back."
NOT_AWAY = "You were not away."


class Room:
    """Members by the key of their name, in the order in which they came; accounts; the log and what it answered."""

    def __init__(self, epoch: str, log: Log | None = None, replies: Replies | None = None) -> None:
        """Go on with the log and the replies of earlier runs; `epoch` tells this log from any other one."""
        self.epoch = epoch
        self.epoch_since = 0  # the number of the log's newest entry when it was given this epoch
        self.log = Log() if log is None else log
        self.replies = Replies() if replies is None else replies
        self.registered = Registered()
        self.records = AccountRecords()  # in a shared room
        self.operators: frozenset[str] = frozenset()  # the keys of accounts
        self.sanctions = Sanctions()
        self.members = Members()
        self._by_seat = self.members.by_seat

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[Member]:
        return iter(self.members)

    def find(self, name: str) -> Member | None:
        """Return the member called `name`, in any case, or None."""
        return self.members.find(name)

    def names(self) -> tuple[str, ...]:
        """Return the members' names, in the order in which they came."""
        return tuple(member.name for member in self.members)

    def is_operator(self, member: Member) -> bool:
        """Return whether `member` has given the password of an operator's account."""
        return member.account != "" and member.account in self.operators

    def silenced(self, member: Member, at: float, account: str = "") -> Refusal | None:
        """Return why only operators may read `member`, who owns `account`, too, at `at`; None if all may."""
        if self.is_operator(member):
            return None
        return self.sanctions.why_silent(member.subjects, bool(member.account or account), at)

    def checksum(self) -> str:
        """Return a hash of the state: rooms that have applied the same have the same, whatever process they are in."""
        accounts = self.registered.checksum(), sorted(self.operators), self.records.checksum()
        log = self.epoch, self.epoch_since, self.log.seq, self.log.newest(), self.replies.checksum()
        state = log, self.members.checksum(), accounts, self.sanctions.checksum()
        return hashlib.sha256(repr(state).encode("utf-8", "surrogatepass")).hexdigest()

    def apply(self, seat: int, proposal: Proposal, at: float) -> Applied:
        """Carry out what the member of `seat` proposed at `at`, seconds since the epoch (UTC).

        The seat of a newcomer, and of what nobody proposed, is 0. Raises KeyError for a proposal of a kind that is not
        known: to skip one would make this room another than its copies.
        """
        rule, is_line, is_anybody_s = _RULES[type(proposal)]
        member = self._by_seat.get(seat)
        if member is None:
            if seat or not is_anybody_s:
                return Applied(refused=(ErrorCode.NOT_NAMED, {}))
        elif is_line and proposal.cseq is not None:  # type: ignore[union-attr]
            return self._once(member, rule, proposal, at)
        return rule(self, member, proposal, at)

    def _once(self, author: Member, rule: _Rule, line: Any, at: float) -> Applied:
        """Carry out the `line` of a client by its `rule`, unless that was done before; note how it is answered."""
        identity, cseq, replies = author.identity, line.cseq, self.replies
        if cseq <= (replies.highest(identity) or 0):
            return Applied(again=answer_again(replies, self.log, identity, cseq, mark_of(line)))
        applied = rule(self, author, line, at)
        event = applied.event
        if type(event) in ECHOES:
            replies.note(identity, cseq, self.log.seq)
        elif answer := _answer(applied, cseq):
            replies.remember(Reply(identity, cseq, mark_of(line), dump(answer)))
        return applied

    # --- rules -------------------------------------------------------------------------------------------------------

    def _say(self, author: Member, proposal: Say, at: float) -> Applied:
        if self.sanctions.silences and (refused := self.silenced(author, at)) is not None:
            return Applied(refused=refused)
        log = self.log
        said = Said(log.seq + 1, author.name, proposal.text, at, proposal.cseq)
        log.append(Entry(said, at, author.identity))
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
        event = Whispered(self.log.next_seq(), author.name, other.name, proposal.text, at, proposal.cseq)
        self.log.append(Entry(event, at, author.identity, other.identity))
        hides = self.sanctions.silences and self.silenced(other, at) is not None
        return Applied(event, other, notice=self.members.absence_told(other, author, hides))

    def _is_newcomer(self, other: Member, proposal: Whisper) -> bool:
        """Return whether `other` has had the name for less long than the author of the whisper takes for granted."""
        if proposal.as_of is None:
            return False
        return proposal.epoch not in (None, self.epoch) or other.named_at_seq > proposal.as_of

    def _announce(self, author: Member, proposal: Announce, at: float) -> Applied:
        announced = Announced(self.log.next_seq(), author.name, proposal.text, at, proposal.cseq)
        self.log.append(Entry(announced, at, author.identity))
        return Applied(announced)

    def _go_away(self, author: Member, proposal: GoAway, at: float) -> Applied:
        refused = self.silenced(author, at) if proposal.why else None  # others read why
        if refused is not None:
            return Applied(refused=refused)
        self.members.set_away(author, proposal.why or "away")
        return Applied()

    def _come_back(self, author: Member, proposal: ComeBack, at: float) -> Applied:
        was_away = author.away
        self.members.set_away(author, "")
        return Applied(notice=BACK if was_away else NOT_AWAY)

    def _settle(self, author: Member | None, proposal: proposals.Settle, at: float) -> Applied:
        identity, cseq, replies = proposal.identity, proposal.cseq, self.replies
        if cseq <= (replies.highest(identity) or 0):
            return Applied(again=answer_again(replies, self.log, identity, cseq, proposal.mark))
        replies.remember(Reply(identity, cseq, proposal.mark, proposal.payload))
        return Applied()

    def _enter(self, nobody: Member | None, proposal: proposals.Enter, at: float) -> Applied:
        refused = self._kept_out(proposal, at)
        if refused is not None:
            return Applied(refused=refused)
        seq, client, settled = self.log.next_seq(), proposal.client, 0
        if client:
            known = self.replies.highest(client)
            settled = proposal.settled if known is None else known
            self.replies.note(client, settled, seq)
        member = Member(seq, proposal.name, client or seat_identity(seq), proposal.account, seq)
        member.server, member.attempt = proposal.server, proposal.attempt
        self.members.add(member, proposal.skeleton)
        joined = Joined(seq, member.name, len(self))
        self.log.append(Entry(joined, at, client, settled=settled))
        return Applied(joined, member)

    def _kept_out(self, proposal: proposals.Enter, at: float) -> Refusal | None:
        """Return why somebody can't come in, as `proposal` says, at `at`; None if it can."""
        if proposal.client in self.members.by_client:
            return ErrorCode.REPLACED, {}
        barred = self.sanctions.why_out(proposal.name, proposal.client, bool(proposal.account), at)
        return self._unproved(proposal) or self._name_taken(proposal, None) or barred

    def _rename(self, author: Member, proposal: proposals.Rename, at: float) -> Applied:
        refused = self.silenced(author, at, proposal.account) or self._unproved(proposal)
        refused = refused or self._name_taken(proposal, author)
        if refused is not None:
            return Applied(refused=refused)
        old, seq = author.name, self.log.next_seq()
        self.members.rename(author, proposal.name, proposal.skeleton, seq)
        self.members.set_account(author, proposal.account)
        renamed = Renamed(seq, old, author.name, proposal.cseq)
        self.log.append(Entry(renamed, at, author.identity))
        return Applied(renamed)

    def _name_taken(self, proposal: proposals.Enter | proposals.Rename, own: Member | None) -> Refusal | None:
        """Return why the name is not free by now; None if it is. An account's own name is beyond looking alike."""
        name = proposal.name
        if self.find(name) not in (None, own):
            return ErrorCode.NAME_TAKEN, {"name": name}
        if proposal.account == key_of(name):
            return None
        if key_of(name) in self.registered:
            return ErrorCode.PASSWORD_NEEDED, {"name": name}
        alike = self.members.alike(name, "" if own is None else own.name, proposal.skeleton)
        return None if alike is None else (ErrorCode.NAME_LOOKS_ALIKE, {"name": name, "other": alike})

    def _unproved(self, proposal: proposals.Enter | proposals.Rename) -> Refusal | None:
        """Return why the owner of the account is not believed: it has another password by now, or is none any more."""
        if self.records.is_proved(proposal.account, proposal.proof):
            return None
        return ErrorCode.WRONG_PASSWORD, {"name": proposal.name, "instead": ""}

    def _leave(self, author: Member, proposal: proposals.Leave, at: float) -> Applied:
        return self._taken_out(author, proposal.reason, at)

    def _taken_out(self, member: Member, reason: str, at: float) -> Applied:
        return Applied(self._left(member, reason, at), member)

    def _left(self, member: Member, reason: str, at: float) -> Left:
        self.members.remove(member)
        left = Left(self.log.next_seq(), member.name, len(self), reason)
        self.log.append(Entry(left, at))
        return left

    def _replace(self, nobody: Member | None, proposal: proposals.Replace, at: float) -> Applied:
        member = self.members.by_client.get(proposal.client)
        if member is None or not is_later(proposal.attempt, member.attempt):
            return Applied()
        return self._taken_out(member, "reconnected", at)

    def _server_gone(self, nobody: Member | None, proposal: proposals.ServerGone, at: float) -> Applied:
        gone = [member for member in self.members if member.server == proposal.incarnation]
        gone.sort(key=lambda member: member.seat)
        return Applied(left=tuple(self._left(member, "connection lost", at) for member in gone))

    def _end_lost(self, nobody: Member | None, proposal: proposals.EndLost, at: float) -> Applied:
        if self.epoch_since <= proposal.upto:  # else it has begun already: other servers have noticed, too
            self.epoch, self.epoch_since = proposal.epoch, self.log.seq
        return Applied()

    def _remove(self, author: Member, proposal: proposals.Remove, at: float) -> Applied:
        other = self.find(proposal.name)
        if other is None:
            return Applied(refused=(ErrorCode.NOT_CONNECTED, {"name": excerpt(proposal.name)}))
        if self.is_operator(other):
            return Applied(refused=(ErrorCode.OPERATOR_EXEMPT, {"name": other.name, "what": "kick"}))
        return Applied(self._left(other, proposal.reason, at), other, notice=f"{other.name} is out.")

    def _claim(self, author: Member | None, proposal: proposals.Claim, at: float) -> Applied:
        holder = self.find(proposal.account)
        if holder is None or holder is author or not self.records.is_proved(proposal.account, proposal.proof):
            return Applied()
        return self._taken_out(holder, "the owner of the name came", at)

    def _impose(self, author: Member | None, proposal: proposals.Impose, at: float) -> Applied:
        sanction = proposal.sanction
        exempt = next((s for s in sanction.subjects if s in self.operators), None) if author is not None else None
        if exempt is not None:
            return Applied(refused=(ErrorCode.OPERATOR_EXEMPT, {"name": exempt, "what": sanction.act.value}))
        is_bounded = author is not None and sanction.act is not Act.LOCKDOWN  # of which there is one
        if is_bounded and self.sanctions.count_without(sanction, at) >= SANCTIONS_LIMIT:
            return Applied(refused=(ErrorCode.TOO_MANY_BANS, {"limit": SANCTIONS_LIMIT}))
        self.sanctions.impose(sanction, at)
        return Applied(notice="" if proposal.awaits_disk else proposal.notice)

    def _lift(self, author: Member | None, proposal: proposals.Lift, at: float) -> Applied:
        lifted = self.sanctions.lift(proposal.act, proposal.subject)
        if lifted is None or not lifted.holds(at):
            return Applied(refused=(_NOT_IMPOSED[proposal.act], {"name": excerpt(proposal.subject)}))
        return Applied(notice="" if proposal.awaits_disk else proposal.notice)

    def _own(self, author: Member, proposal: proposals.Own, at: float) -> Applied:
        was = author.account
        self.members.set_account(author, proposal.account)
        if not proposal.account:
            return Applied(notice=f"{author.name} is not registered any more.")
        text = f"{author.name} is yours now: from here on the name needs your password."
        return Applied(notice=f"The password of {author.name} is changed." if was else text)

    def _set_account(self, author: Member, proposal: proposals.SetAccount, at: float) -> Applied:
        key = proposal.key
        if author.key != key:
            return Applied(refused=(ErrorCode.NOT_REGISTERED, {"name": author.name}))
        if key in self.registered and author.account != key:
            return Applied(refused=(ErrorCode.ALREADY_REGISTERED, {"name": author.name}))
        refused = self._registered(proposal)
        if refused is not None:
            return Applied(refused=refused)
        if proposal.is_appointed:
            self.operators |= {key}
        return self._own(author, proposals.Own(key), at)

    def _import_account(self, nobody: Member | None, proposal: proposals.ImportAccount, at: float) -> Applied:
        key = proposal.key
        if key in self.registered:
            return Applied(refused=(ErrorCode.ALREADY_REGISTERED, {"name": key}))
        refused = self._registered(proposal)
        if refused is None and proposal.is_operator:
            self.operators |= {key}
        return Applied(refused=refused)

    def _registered(self, proposal: proposals.SetAccount | proposals.ImportAccount) -> Refusal | None:
        """Keep an account, unless it is one too many; return why it is not kept."""
        key, most = proposal.key, proposal.most
        if most is not None and len(self.registered) >= most and key not in self.registered:
            return ErrorCode.TOO_MANY_ACCOUNTS, {"limit": most}
        self.records.set(key, proposal.record)
        self.registered.change(frozenset({key}), frozenset())
        return None

    def _drop_account(self, author: Member, proposal: proposals.DropAccount, at: float) -> Applied:
        key = proposal.key
        if author.account != key or key not in self.records:
            return Applied(refused=(ErrorCode.NOT_REGISTERED, {"name": author.name}))
        self.records.drop(key)
        self.registered.change(frozenset(), frozenset({key}))
        self.operators -= {key}
        return self._own(author, proposals.Own(""), at)

    def _accounts(self, nobody: Member | None, proposal: proposals.Accounts, at: float) -> Applied:
        self.registered.change(proposal.added, proposal.removed)
        return Applied()

    def _operators(self, author: Member | None, proposal: proposals.Operators, at: float) -> Applied:
        operators = (self.operators - proposal.removed) | proposal.added
        unknown = sorted(proposal.added - self.registered.keys)
        if author is not None and unknown:
            return Applied(refused=(ErrorCode.NO_ACCOUNT, {"name": excerpt(unknown[0])}))
        if author is not None and not operators:
            return Applied(refused=(ErrorCode.LAST_OPERATOR, {"name": excerpt(min(proposal.removed))}))
        self.operators = operators
        return Applied(notice=proposal.notice)


def _answer(applied: Applied, cseq: int) -> Refused | Noticed | None:
    """Return the author's answer to the line `cseq`, where that is no entry of the log."""
    if applied.refused is not None:
        error, details = applied.refused
        return refusal(error, cseq, **details)
    return Noticed(applied.notice, cseq) if applied.notice else None


_Rule = Callable[["Room", Any, Any, float], Applied]


def _by_operator(rule: _Rule, word: str) -> _Rule:
    """Return `rule` for members that are operators, and for the server itself; anybody else's proposal is refused."""

    def checked(room: Room, author: Member | None, proposal: Any, at: float) -> Applied:
        if author is not None and not room.is_operator(author):
            return Applied(refused=(ErrorCode.OPERATORS_ONLY, {"word": word, "instead": ""}))
        return rule(room, author, proposal, at)

    return checked


_NOT_IMPOSED = {Act.BAN: ErrorCode.NOT_BANNED, Act.MUTE: ErrorCode.NOT_MUTED, Act.LOCKDOWN: ErrorCode.NOT_LOCKED}
# And whether it is a line, which is carried out once, and whether nobody may propose it (seat 0).
_RULES: dict[type, tuple[_Rule, bool, bool]] = {
    Say: (Room._say, True, False),
    Whisper: (Room._whisper, True, False),
    Announce: (_by_operator(Room._announce, "/announce"), True, False),
    proposals.Remove: (_by_operator(Room._remove, "/kick"), True, False),
    proposals.Impose: (_by_operator(Room._impose, "That"), True, True),
    proposals.Lift: (_by_operator(Room._lift, "That"), True, True),
    proposals.Rename: (Room._rename, True, False),
    proposals.Settle: (Room._settle, False, True),  # once as well, but also after its author has left
    GoAway: (Room._go_away, False, False),
    ComeBack: (Room._come_back, False, False),
    proposals.Replace: (Room._replace, False, True),
    proposals.Claim: (Room._claim, False, True),
    proposals.Enter: (Room._enter, False, True),
    proposals.Leave: (Room._leave, False, False),
    proposals.Own: (Room._own, False, False),
    proposals.Accounts: (Room._accounts, False, True),
    proposals.Operators: (_by_operator(Room._operators, "That"), False, True),
    proposals.SetAccount: (Room._set_account, False, False),
    proposals.ImportAccount: (Room._import_account, False, True),
    proposals.DropAccount: (Room._drop_account, False, False),
    proposals.ServerGone: (Room._server_gone, False, True),
    proposals.EndLost: (Room._end_lost, False, True),
}
