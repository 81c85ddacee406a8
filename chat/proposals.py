"""Proposals: the changes that sessions ask of the room. The order (chat.order) decides which is taken next,
`Room.apply` carries it out or refuses it, and `Log.append`, nothing else, gives the resulting entry its number.

A line that is said or announced, a whisper and an absence are proposed as the requests that they are, since the hot
path can't pay for another object. A proposal holds everything that the room decides by: what was cleaned, checked
against the server's options or looked up in a table (the skeleton of a name) is done before it is proposed.
"""

from __future__ import annotations

from chat.sanctions import Act, Sanction
from protocol.errors import ErrorCode
from protocol.requests import Announce, ComeBack, GoAway, Say, Whisper
from protocol.values import value


@value
class Enter:
    """Come into the room as `name`, which looks like `skeleton`.

    `client` is the hash of a client's secret, "" for a text user; by its own word, its lines up to `settled` may have
    been heard. `account` is the key of the account whose password was given.
    """

    name: str
    skeleton: str
    account: str = ""
    client: str = ""
    settled: int = 0


@value
class Rename:
    """Take another `name`; the fields are those of `Enter`. `cseq` is the number of the client's line."""

    name: str
    skeleton: str
    account: str = ""
    cseq: int | None = None


@value
class Leave:
    """Be gone, for `reason`."""

    reason: str


@value
class Remove:
    """Take the member called `name` out of the room, as an operator, for `reason`."""

    name: str
    reason: str


@value
class Claim:
    """Take the name of `account`, whose password was given, from anybody else who has it; a newcomer may (seat 0)."""

    account: str


@value
class Impose:
    """Let `sanction` hold, as an operator, or as the server itself (seat 0)."""

    sanction: Sanction


@value
class Lift:
    """End what `act` forbids to `subject`, as an operator, or as the server itself (seat 0)."""

    act: Act
    subject: str


@value
class Own:
    """Be the owner of the `account` of this key; "" for no account any more."""

    account: str


@value
class Accounts:
    """The keys of names that have got an account, and of those that have lost theirs. Nobody's proposal (seat 0)."""

    added: frozenset[str]
    removed: frozenset[str]


@value
class Operators:
    """The keys of accounts that have got the role of an operator, and of those that have lost it; nobody's, too."""

    added: frozenset[str]
    removed: frozenset[str]


Proposal = (
    Say
    | Whisper
    | Announce
    | GoAway
    | ComeBack
    | Enter
    | Rename
    | Leave
    | Remove
    | Claim
    | Impose
    | Lift
    | Own
    | Accounts
    | Operators
)
Refusal = tuple[ErrorCode, dict[str, object]]  # and what its phrase is filled with
