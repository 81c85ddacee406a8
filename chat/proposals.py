"""Proposals: the changes that sessions ask of the room. The order (chat.order) decides which is taken next,
`Room.apply` carries it out or refuses it, and `Log.append`, nothing else, gives the resulting entry its number.

A proposal that is a client's line has its number, `cseq`, and a `mark`, the hash of what was typed (chat.replies): the
room carries a line out once, and answers it again as it was answered.

A line that is said or announced, a whisper and an absence are proposed as the requests that they are, since the hot
path can't pay for another object. A proposal holds everything that the room decides by: what was cleaned, checked
against the server's options or looked up in a table (the skeleton of a name) is done before it is proposed.
"""

from __future__ import annotations

from chat.members import Member
from chat.sanctions import Act, Sanction
from protocol.errors import Refusal
from protocol.events import Event, Left, RoomEvent
from protocol.requests import Announce, ComeBack, GoAway, Say, Whisper
from protocol.values import value


@value
class Enter:
    """Come into the room as `name`, which looks like `skeleton`.

    `account` is the key of the account whose password was given; in a shared room, `proof` says against which record it
    was checked (chat.account_records). `client` is the hash of a client's secret, "" for a text user; by its own word,
    its lines up to `settled` may have been heard, and this is its connection number `attempt`. `server` is the
    incarnation of the server that it is connected to; "" if there is but one.
    """

    name: str
    skeleton: str
    account: str = ""
    client: str = ""
    settled: int = 0
    server: str = ""
    attempt: int | None = None
    proof: str = ""


@value
class Replace:
    """Take out the member that is an earlier connection of this `client`, before its connection `attempt` enters.

    A member with the same `attempt`, or a higher one, stays: this proposal was held up on its way.
    """

    client: str
    attempt: int | None = None


@value
class Rename:
    """Take another `name`; the fields are those of `Enter`. `cseq` is the number of the client's line."""

    name: str
    skeleton: str
    account: str = ""
    cseq: int | None = None
    proof: str = ""


@value
class Leave:
    """Be gone, for `reason`."""

    reason: str


@value
class Remove:
    """Take the member called `name` out of the room, as the operator `by`, for `reason`."""

    name: str
    reason: str
    by: str = ""
    cseq: int | None = None
    mark: int = 0


@value
class Claim:
    """Take the name of `account`, whose password was given, from anybody else who has it; a newcomer may (seat 0).

    `proof` is as in `Enter`.
    """

    account: str
    proof: str = ""


@value
class Impose:
    """Let `sanction` hold, as an operator, or as the server itself (seat 0).

    `did` is what the author has done then, for the other operators and the server's log: `muted bob for 10 min`; ""
    where nobody is told. `notice` is the author's answer; if its server writes the sanction to its disk before it
    answers, it `awaits_disk`.
    """

    sanction: Sanction
    did: str = ""
    notice: str = ""
    cseq: int | None = None
    mark: int = 0
    awaits_disk: bool = False


@value
class Lift:
    """End what `act` forbids to `subject`, as the operator `by`, or as the server itself (seat 0).

    The other fields are as in `Impose`.
    """

    act: Act
    subject: str
    by: str = ""
    did: str = ""
    notice: str = ""
    cseq: int | None = None
    mark: int = 0
    awaits_disk: bool = False


@value
class Settle:
    """Note that the line `cseq` of `identity` was answered by its server with the event in `payload`.

    The author of the line may have left since: then nobody proposes it (seat 0).
    """

    cseq: int
    mark: int
    payload: bytes
    identity: str


@value
class Own:
    """Be the owner of the `account` of this key; "" for no account any more."""

    account: str


@value
class SetAccount:
    """Register the author's name, of which `key` is the key, or give its account another password.

    `record` is the hash of the password, as users.txt has it (storage.passwords). Only a shared room keeps it. `most`
    names may be registered, by the limits of the server that proposes this; None: any number. The account gets an
    operator's role with it if it `is_appointed`.
    """

    key: str
    record: str
    most: int | None = None
    is_appointed: bool = False


@value
class ImportAccount:
    """Register the name of `key` with the `record` that a users.txt has of it, as an operator's or not.

    Nobody's proposal (seat 0), and only in a shared room; `most` is as in `SetAccount`.
    """

    key: str
    record: str
    is_operator: bool
    most: int


@value
class DropAccount:
    """Remove the author's account, of which `key` is the key. Only in a shared room."""

    key: str


@value
class ServerGone:
    """Take out all members of the server `incarnation`, which is gone. Nobody's proposal (seat 0)."""

    incarnation: str


@value
class EndLost:
    """Begin another `epoch`: the log has lost its end, up to the number `upto`. Nobody's proposal (seat 0)."""

    upto: int
    epoch: str


@value
class Accounts:
    """The keys of names that have got an account, and of those that have lost theirs. Nobody's proposal (seat 0)."""

    added: frozenset[str]
    removed: frozenset[str]


@value
class Operators:
    """The keys of accounts that have got the role of an operator, and of those that have lost it.

    Proposed by the operator `by`, or by the server itself (seat 0). `did` and `notice` are as in `Impose`.
    """

    added: frozenset[str]
    removed: frozenset[str]
    by: str = ""
    did: str = ""
    notice: str = ""


Proposal = (
    Say
    | Whisper
    | Announce
    | GoAway
    | ComeBack
    | Enter
    | Rename
    | Leave
    | Replace
    | Remove
    | Claim
    | Impose
    | Lift
    | Settle
    | Own
    | SetAccount
    | ImportAccount
    | DropAccount
    | ServerGone
    | EndLost
    | Accounts
    | Operators
)


@value
class Applied:
    """What came of a proposal.

    `event` is the new entry's; all may read it, or `reader` and the author. `member` is who has just come, or whom
    the entry is for. `notice` is a sentence for the author. `left`: the entries of the members of a server that is
    gone. `again`: this line was answered before, with that, and nothing was done.
    """

    event: RoomEvent | None = None
    member: Member | None = None
    refused: Refusal | None = None
    notice: str = ""
    left: tuple[Left, ...] = ()
    again: Event | None = None
