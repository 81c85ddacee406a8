"""A cluster: servers that share a log in memory, each with its hub and its sessions, in a time that is handed in."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from itertools import count

from chat.effects import Broadcast, Close, Effect, Entered, Exited, Unicast
from chat.hub import Hub
from chat.proposals import Proposal
from chat.room import Room
from chat.session import Session
from chat.shared.memory_link import MemoryLink
from chat.shared.memory_log import MemoryLog
from chat.shared.order_shared import OrderShared
from chat.shared.shared_log import Append, Command
from chat.state import State
from protocol.dialects import JSON
from protocol.events import Event, RoomEvent
from protocol.requests import Hello, Join, Request, ResumePoint

EPOCH = 1_700_000_000.0
STEP = 0.1  # seconds


class ClusterServer:
    """One server. `told` is what the room's entries told its readers, in order; `heard` what each session was told."""

    def __init__(self, cluster: Cluster, number: int) -> None:
        self.link = MemoryLink(cluster.log)
        self.hub = Hub(Room(""), 2_000)
        state = self.hub.state
        self.order = OrderShared(
            state, self.hub.follow, self.hub.follow_late, lambda: f"{number:08x}{next(cluster.incarnations):08x}"
        )
        state.order = self.order
        self.told: list[RoomEvent] = []
        self.heard: dict[Session, list[Event]] = defaultdict(list)
        self.commands: list[Command] = []
        self.effects: list[Effect] = []
        self.is_stopped = False
        self._readers: set[Session] = set()
        self._ports = cluster.ports

    @property
    def state(self) -> State:
        """The state of its hub."""
        return self.hub.state

    @property
    def room(self) -> Room:
        """Its copy of the room."""
        return self.hub.room

    def step(self, now: float) -> None:
        """Take a turn, unless the process is stopped."""
        if self.is_stopped:
            return
        self._carry_out(self.hub.tick(now, EPOCH + now))
        self._carry_out(self.order.tick(now))
        for result in self.link.step(now):
            self._carry_out(self.order.receive(result, now))
        for command in self.order.take_commands():
            self.commands.append(command)
            self.link.submit(command)

    def connects(
        self, name: str, client: str = "", resume: ResumePoint | None = None, attempt: int | None = None
    ) -> Session:
        """Let somebody connect and ask for `name`: a text user, or a client with this secret."""
        session = Session(f"192.0.2.1:{next(self._ports)}")
        self.hub.connect(session)
        if client:
            session.dialect = JSON
            self.hub.connect_framed(session)
            self.asks(session, Hello(1, secret_of(client), name, None, resume, attempt))
        else:
            self.asks(session, Join(name))
        return session

    def asks(self, session: Session, request: Request) -> None:
        """Let a session ask for something."""
        self._carry_out(self.hub.handle(session, request))

    def loses(self, session: Session) -> None:
        """Let the connection of a session be lost."""
        self._carry_out(self.hub.lost(session, "connection lost"))

    def proposes(self, session: Session | None, proposal: Proposal) -> None:
        """Propose something, as no handler would."""
        self._carry_out(self.state.propose(session, proposal))

    def appends(self) -> list[Append]:
        """Return what it has appended."""
        return [command for command in self.commands if isinstance(command, Append)]

    def said(self) -> list[str]:
        """Return what its readers were told that somebody has said."""
        return [event.text for event in self.told if hasattr(event, "text")]

    def names(self) -> tuple[str, ...]:
        """Return who is in the room."""
        return self.room.names()

    def closed(self) -> list[Session]:
        """Return the sessions that were closed."""
        return [effect.session for effect in self.effects if isinstance(effect, Close)]

    def _carry_out(self, effects: list[Effect]) -> None:
        self.effects += effects
        for effect in effects:
            match effect:
                case Entered():
                    self._readers.add(effect.session)
                case Exited():
                    self._readers.discard(effect.session)
                case Unicast():
                    self.heard[effect.session].append(effect.event)
                case Broadcast():
                    self.told.append(effect.event)
                    for session in self._readers - {effect.exclude}:
                        self.heard[session].append(effect.event)


class Cluster:
    """So many servers on one log."""

    def __init__(self, servers: int = 3) -> None:
        self.incarnations: Iterator[int] = count(1)
        self.ports: Iterator[int] = count(1)
        self.log = MemoryLog(now=EPOCH)
        self.now = 0.0
        self.servers = [ClusterServer(self, number) for number in range(1, servers + 1)]
        self.goes_on(1.0)

    def adds(self) -> ClusterServer:
        """Start another server."""
        self.servers.append(ClusterServer(self, len(self.servers) + 1))
        return self.servers[-1]

    def goes_on(self, seconds: float = 1.0) -> None:
        """Let all servers take turns for so long."""
        until = self.now + seconds
        while self.now < until:
            self.now += STEP
            self.log.now = EPOCH + self.now
            for server in self.servers:
                server.step(self.now)

    @contextlib.contextmanager
    def stopping(self, server: ClusterServer, seconds: float = 10.0, after: float = 3.0) -> Iterator[None]:
        """Stop a server for so long, and for what is done within; then let all go on for `after` seconds."""
        server.is_stopped = True
        self.goes_on(seconds)
        yield
        server.is_stopped = False
        self.goes_on(after)

    def stops(self, server: ClusterServer, seconds: float = 10.0, after: float = 3.0) -> None:
        """Stop a server for so long; then let all go on for `after` seconds."""
        with self.stopping(server, seconds, after):
            pass

    def is_one_room(self) -> bool:
        """Return whether all servers have the same room."""
        return len({server.room.checksum() for server in self.servers if not server.is_stopped}) == 1


def secret_of(client: str) -> str:
    """Return the secret of a client."""
    return f"the secret of {client}".ljust(32, ".")
