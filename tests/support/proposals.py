"""Proposals of all kinds, drawn by chance, for rooms that are compared: the same draws make the same proposals."""

from __future__ import annotations

import random

from chat.proposals import (
    Accounts,
    Applied,
    Claim,
    DropAccount,
    Enter,
    ImportAccount,
    Impose,
    Leave,
    Lift,
    Operators,
    Own,
    Proposal,
    Remove,
    Rename,
    Replace,
    ServerGone,
    SetAccount,
    Settle,
)
from chat.room import Room
from chat.sanctions import Act, Sanction
from protocol.requests import Announce, ComeBack, GoAway, Say, Whisper
from protocol.text import key_of, skeleton

AT = 1_700_000_000.0
EPOCH = "an epoch"
_NAMES = ("ann", "Ann", "a-nn", "bob", "carl", "dora", "eve")
_SERVERS = ("", "one", "two")
_SUBJECTS = ("ann's", "carl", "203.0.113.0/24")
_KEYS = ("ann", "bob", "carl", "dora")


def drawn(rng: random.Random, room: Room, step: int) -> tuple[int, Proposal]:
    """Return a seat and what its member proposes; some of it the room refuses."""
    name, other = rng.choice(_NAMES), rng.choice(_NAMES)
    cseq = rng.choice((None, step, step + 1))
    act, until = rng.choice(list(Act)), rng.choice((None, AT + step, int(AT) + step + 9))
    keys = frozenset(rng.sample(_KEYS, rng.randint(0, 4)))
    others = frozenset(rng.sample(_KEYS, rng.randint(0, 2)))
    client, attempt = rng.choice(("", f"{name}'s")), rng.choice((None, rng.randint(0, step)))
    proposals: tuple[Proposal, ...] = (
        Enter(name, skeleton(name), rng.choice(("", name.lower())), client, step, rng.choice(_SERVERS), attempt),
        Replace(client, attempt),
        ServerGone(rng.choice(_SERVERS)),
        Settle(step, rng.randint(0, 9), b'{"type":"notice","text":"done"}', client),
        Rename(name, skeleton(name), "", cseq),
        Say(f"#{step}", cseq),
        Whisper(other, f"#{step}", cseq, rng.choice((None, step)), rng.choice((None, EPOCH, "another"))),
        GoAway(rng.choice((None, "lunch"))),
        ComeBack(),
        Own(name.lower()),
        SetAccount(key_of(name), f"record {step}", rng.choice((None, 1, 2))),
        ImportAccount(rng.choice(_KEYS), f"record {rng.randint(0, 1)}", rng.random() < 0.5, 3),
        DropAccount(key_of(name)),
        Accounts(keys - room.registered.keys, frozenset(room.registered.keys - keys)),
        Operators(others - room.operators, room.operators - others),
        Announce(f"#{step}", cseq),
        Impose(
            Sanction(act, (key_of(name), rng.choice(("ann's", "carl", "203.0.113.0/24"))), until, other), "", "", cseq
        ),
        Lift(act, key_of(name), "", "", "", cseq),
        Claim(key_of(name)),
        Remove(other, "kicked", "", cseq),
        Leave("goodbye"),
    )
    seats = [0, 1, *(member.seat for member in room)]
    return rng.choice(seats), rng.choice(proposals)


def told(applied: Applied) -> tuple[object, ...]:
    """Return what came of a proposal as values: the same of equal rooms."""
    member = applied.member
    who = None if member is None else (member.seat, member.name, member.identity, member.away, sorted(member.notified))
    return applied.event, who, applied.refused, applied.notice, applied.left, applied.again
