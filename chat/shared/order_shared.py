"""The order shared: what this server's sessions propose goes into a log that many servers read, and all of them apply
it when it comes out.

    propose -> OwnProposals -> Append ... the log ... Entries -> Replica -> follow (chat.hub): what sessions are told

It keeps these rules (chat.shared.shared_log has those of the log):

- Nothing is told before it has been read back. A turn's proposals are one append, or several if they are long, and one
  append is on its way at a time.
- A server that can't be sure of the log begins again (`_begin_again`): because it was declared gone, lost the thread,
  or has another room than the others. It ends its incarnation, rewinds to the newest snapshot, opens another one, and
  has its sessions enter the room again (chat.shared.reentry). Until it has read its own opening, which stands after
  everything that its earlier life did, it proposes and tells nothing.
- A log that has lost its end has another epoch from then on, and every client is told that it has missed something.
  Incarnations may be open in it again that had ended: each server closes its own.
- While the log is away, what is typed is held, up to a limit; then their authors are not read.

Pure: `take_commands` returns what the log is asked for, `receive` takes its results, and `tick` the time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chat.effects import Effect, LogLine, ReadAgain
from chat.order import Deferred, Follow, deferred
from chat.proposals import Applied, Claim, EndLost, Enter, Proposal, Rename, Replace
from chat.session import Session
from chat.shared import shared_log
from chat.shared.checksums import KEPT, Judgement
from chat.shared.outage import Outage
from chat.shared.own_proposals import Own, OwnProposals
from chat.shared.proposal_codec import Checksum, UnknownProposalError
from chat.shared.reentry import Reentry
from chat.shared.replica import DueSnapshot, Replica, Step, is_snapshot_due, is_summed
from chat.shared.server_watch import INTERVAL, ServerWatch
from chat.shared.shared_log import Command, Kind, LogEntry, Result
from chat.shared.snapshot import SnapshotError, snapshot_of
from chat.state import State
from protocol.requests import Request

LIVES = 100  # incarnations of before that are known: more than a log loses with its end

FollowLate = Callable[[Deferred, Applied], list[Effect]]


class CannotFollowError(Exception):
    """This server can't follow the log any further, and has to stop. `dump`: its room, as it was."""

    def __init__(self, why: str, dump: bytes) -> None:
        super().__init__(why)
        self.dump = dump


@dataclass(slots=True)
class _Life:
    """What this server knows of its present incarnation."""

    awaits_snapshot: bool = True  # until it comes, what is read is what the life before had asked for
    is_open: bool = False  # the log has opened it
    is_live: bool = False  # its opening has been read, and with it all before
    lost: int = -1  # the newest number that we knew of a log that has lost its end since, if it has
    earlier: deque[str] = field(default_factory=lambda: deque(maxlen=LIVES))  # incarnations
    beat_at: float = 0.0  # when the next beat is due, in monotonic seconds
    snapshot: DueSnapshot | None = None  # to be kept when it is written and most servers have had that room
    checksums: deque[Checksum] = field(default_factory=lambda: deque(maxlen=KEPT))  # to be appended


class OrderShared:
    """The order of one server among several. Times are monotonic seconds."""

    defers = True

    def __init__(self, state: State, follow: Follow, follow_late: FollowLate, incarnations: Callable[[], str]) -> None:
        """Serve the sessions of `state`.

        `follow` returns what a proposal of another server leads to, `follow_late` what one of ours does. `incarnations`
        returns another name at each call, 16 random hexadecimal digits.
        """
        self._state = state
        self._follow = follow
        self._follow_late = follow_late
        self._incarnations = incarnations
        self.replica = Replica()
        self._own = OwnProposals()
        self._reentry = Reentry()
        self._watch = ServerWatch()
        self._outage = Outage()
        self._commands: list[Command] = []
        self._life = _Life()
        self._begin()

    @property
    def is_live(self) -> bool:
        """Return whether this server follows the log, and proposes; else it begins, or begins again."""
        return self._life.is_live

    @property
    def unread(self) -> int:
        """The bytes of what this server has proposed and not read back."""
        return self._own.size

    def propose(self, author: Session | None, proposal: Proposal, cseq: int | None, at: float) -> list[Effect]:
        """Have the log take what `author` wants changed; what comes of it is told when it has been read back."""
        self._own.add(deferred(author, proposal, cseq))
        return []

    def holds_back(self, session: Session, request: Request) -> bool:
        """Let what `session` asks for wait while something of its is under way."""
        return self._own.holds_back(session, request)

    def take_commands(self) -> list[Command]:
        """Return what the log is asked for since the last call: at the end of each turn."""
        life = self._life
        if life.is_live:
            append = self._own.take(self.incarnation, life.checksums, self._reentry.waiting)
            if append is not None:
                self._commands.append(append)
                life.checksums.clear()
        commands, self._commands = self._commands, []
        return commands

    def receive(self, result: Result, now: float) -> list[Effect]:
        """Take a result of the log; return what follows. Raises CannotFollowError."""
        return _RECEIVE[type(result)](self, result, now)

    def tick(self, now: float) -> list[Effect]:
        """Return what has become due. Raises CannotFollowError."""
        life = self._life
        if life.is_open and now >= life.beat_at:
            life.beat_at = now + INTERVAL
            self._commands.append(shared_log.Beat(self.incarnation))
        effects = self._outage.tick(self._state, self._own.authors(), now)
        released = self._own.release(self._reentry.waiting)
        return [*effects, *self._judge(now), *(ReadAgain(session) for session in released)]

    def close(self) -> None:
        """End this server's life in the log; its users leave with it."""
        self._commands.append(shared_log.Close(self.incarnation))

    # --- lives -------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self.incarnation = self._incarnations()
        self._commands += [shared_log.Rewind(), shared_log.Open(self.incarnation)]

    def _begin_again(self, why: str) -> list[Effect]:
        """End this life and begin another, because of `why`."""
        effects: list[Effect] = [LogLine(f"This server begins again in the shared log: {why}")]
        effects += self._reentry.suspend_all(self._state)
        self.close()
        self._own.begin_again()
        self._watch = ServerWatch()
        life = self._life
        life.earlier.append(self.incarnation)
        self._life = _Life(lost=life.lost, earlier=life.earlier)
        self._begin()
        return effects

    def _go_live(self) -> list[Effect]:
        """Begin to propose and to tell: everything that the life before has appended was read."""
        life, replica = self._life, self.replica
        life.is_live = True
        replica.checksums.begin_again()  # what others said of earlier entries was to earlier lives
        self._commands += [shared_log.Close(one) for one in life.earlier if one in replica.opened]
        lost = [EndLost(life.lost, self.incarnation)] if life.lost >= replica.room.epoch_since else []
        new_epoch = [Deferred(None, 0, proposal, None, "") for proposal in lost]
        kicked = self._reentry.dismiss_kicked(self._state)
        self._own.go_on([*new_epoch, *self._reentry.proposals(self.incarnation)])
        return kicked

    # --- results -----------------------------------------------------------------------------------------------------

    def _opened(self, result: shared_log.Opened, now: float) -> list[Effect]:
        self._life.is_open |= result.incarnation == self.incarnation
        return []

    def _appended(self, result: shared_log.Appended, now: float) -> list[Effect]:
        self._own.answered(result.count)
        return []

    def _refused(self, result: shared_log.Refused, now: float) -> list[Effect]:
        if result.incarnation != self.incarnation:
            return []
        return self._begin_again(f"it was refused, as {result.why.value}")

    def _snapshot(self, result: shared_log.Snapshot, now: float) -> list[Effect]:
        life, replica = self._life, self.replica
        life.awaits_snapshot = False
        if result.end_lost:
            life.lost = max(life.lost, replica.room.log.seq)
        try:
            replica.restore(result)
        except SnapshotError as error:
            raise self._cannot_follow(f"the newest snapshot: {error}") from error
        self._state.room = replica.room
        return [LogLine("The shared log has lost its end: it begins another epoch")] if result.end_lost else []

    def _entries(self, result: shared_log.Entries, now: float) -> list[Effect]:
        effects: list[Effect] = []
        for entry in result.entries:
            if self._life.awaits_snapshot:
                break
            effects += self._read(entry)
        for session, request in self._own.let_go_on():
            self._state.lane.join(session, request)
        return effects

    def _beats(self, result: shared_log.Beats, now: float) -> list[Effect]:
        gone = self._watch.hear(result.counters, self.incarnation)
        self._commands += gone
        return [LogLine(f"The server {command.incarnation} has stopped: it is declared gone") for command in gone]

    def _lost_thread(self, result: shared_log.LostThread, now: float) -> list[Effect]:
        return [] if self._life.awaits_snapshot else self._begin_again("it has lost the thread")

    def _unreachable(self, result: shared_log.Unreachable, now: float) -> list[Effect]:
        self._outage.begin(now)
        return []

    def _reachable(self, result: shared_log.Reachable, now: float) -> list[Effect]:
        return self._outage.end(self._state)

    # --- entries -----------------------------------------------------------------------------------------------------

    def _read(self, entry: LogEntry) -> list[Effect]:
        """Apply an entry; return what it leads to."""
        life, replica = self._life, self.replica
        if entry.incarnation == self.incarnation and entry.kind in (Kind.GONE, Kind.CLOSE):
            return self._begin_again("it was declared gone")
        own = self._own.read_back(entry.incarnation, entry.count) if entry.kind is Kind.TURN else []
        authors = iter(own)
        effects: list[Effect] = []
        try:
            for step in replica.read(entry):
                mine = next(authors, None)
                effects += self._followed(step, mine) if life.is_live else self._made_up(step, mine)
        except UnknownProposalError as error:
            raise self._cannot_follow(f"the entry {entry.id}: {error}") from error
        if entry.incarnation == self.incarnation:
            effects += self._read_own(entry)
        if is_summed(entry) and life.is_live:
            life.checksums.append(replica.checksums.ours(entry.id))
        return effects

    def _read_own(self, entry: LogEntry) -> list[Effect]:
        if entry.kind is Kind.OPEN:
            return self._go_live()
        if is_snapshot_due(entry):
            self._life.snapshot = self.replica.snapshot()
        return []

    def _followed(self, step: Step, own: Own | None) -> list[Effect]:
        """Return what a step leads to; `own` if this server has proposed it."""
        if own is None:
            return self._follow(None, step.proposal, None, step.applied)
        author = own.due.author
        if not isinstance(step.proposal, Enter) or author is None:
            return self._follow_late(own.due, step.applied)
        effects: list[Effect] = []
        if own.is_reentry:
            lost = self._reentry.release(self._state, author, step.applied.refused)
            if lost is not None:
                return [*lost, ReadAgain(author)]
            effects = [ReadAgain(author)]
        effects += self._follow_late(own.due, step.applied)
        if author.member is not None and (old := self._reentry.take_seat(author)) is not None:
            self._own.reseat(author, old, author.member.seat)
        return effects

    def _made_up(self, step: Step, own: Own | None) -> list[Effect]:
        """Follow a step of ours that is read after its life has ended.

        What it has led to its author is told with what it has missed.
        """
        author = None if own is None else own.due.author
        if own is not None and isinstance(step.proposal, Replace) and not own.is_reentry:
            self._own.add(own.due)  # the earlier connection may be one of those that come back
        if own is None or author is None or author.closing:
            return []
        if isinstance(step.proposal, Enter | Claim) and not author.stalled:
            self._own.add(own.due)  # it has left again, with that life
            return []
        if isinstance(step.proposal, Rename) and step.applied.refused is None and author.stalled:
            self._reentry.renamed(author, step.proposal)
        author.waiting = False
        return []

    # --- what becomes due --------------------------------------------------------------------------------------------

    def _judge(self, now: float) -> list[Effect]:
        """Compare our room with what the others say of theirs."""
        if not self._life.is_live:
            return []
        self._keep_snapshot()
        judgement = self.replica.checksums.judge(self.incarnation, self.replica.opened, now)
        if judgement is Judgement.STOP:
            raise self._cannot_follow("its room differs from those of the other servers, also when it is made anew")
        if judgement is Judgement.REPLAY:
            return self._begin_again("its room differs from those of the other servers")
        return []

    def _keep_snapshot(self) -> None:
        """Keep the snapshot that is due, when it is written, if most servers have had that room."""
        snapshot, replica = self._life.snapshot, self.replica
        if snapshot is None or not snapshot.is_written():
            return
        if replica.checksums.is_agreed(snapshot.id, self.incarnation, replica.opened):
            self._commands.append(snapshot.command())
            self._life.snapshot = None

    def _cannot_follow(self, why: str) -> CannotFollowError:
        return CannotFollowError(
            f"This server can't follow the shared log any further: {why}",
            snapshot_of(self._state.room, self.replica.opened),
        )


_RECEIVE: dict[type, Callable[[OrderShared, Any, float], list[Effect]]] = {
    shared_log.Opened: OrderShared._opened,
    shared_log.Appended: OrderShared._appended,
    shared_log.Refused: OrderShared._refused,
    shared_log.Snapshot: OrderShared._snapshot,
    shared_log.Entries: OrderShared._entries,
    shared_log.Beats: OrderShared._beats,
    shared_log.LostThread: OrderShared._lost_thread,
    shared_log.Unreachable: OrderShared._unreachable,
    shared_log.Reachable: OrderShared._reachable,
}
