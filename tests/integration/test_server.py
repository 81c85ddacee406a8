"""server.py: one turn after the other, with real sockets. Also: test_server_backpressure.py, test_server_run.py."""

from __future__ import annotations

import socket
import threading

import pytest

import server
from chat import limits
from chat.delivery.outbox import Buffer
from chat.effects import Effect
from chat.session import Session
from protocol.events import Said, Welcomed
from protocol.requests import Hello, Line, Request
from runtime.sockets import SEND_BUFFER
from runtime.transport import PlainTransport
from storage.users_file import Accounts
from tests.support.live import Live, events, frame
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.variants("plain", "tls")


class BrokenTransport(PlainTransport):
    """A connection that is found out to be lost in writing."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.send_one = self._break

    def _break(self, buffer: Buffer) -> int:
        raise BrokenPipeError

    def send(self, buffers: list[Buffer]) -> int:
        raise BrokenPipeError


# --- one loop ----------------------------------------------------------------------------------------------------


def test_one_select_serves_new_connections_and_data(live: Live) -> None:  # D13
    threads = set(threading.enumerate())
    ann = live.connects()
    live.turns()
    ann.says("ann")
    live.turns()
    ann.sees("Welcome, ann.")
    assert live.peer(ann).fd in live.poller.readers
    assert set(threading.enumerate()) <= threads  # one of an earlier test may have ended


def test_socket_address_user_and_session_are_reached_from_each_other(live: Live) -> None:  # D12
    ann = live.joins("ann")
    _, port = ann.sock.getsockname()
    member = live.hub.room.find("ann")
    assert member is not None
    session = live.hub.state.session_of(member)
    assert session is not None
    peer = live.server._peers.by_session[session]
    assert peer is live.peer(ann)
    assert peer.session is peer.connection.session is session
    assert session.address == f"127.0.0.1:{port}"


@pytest.mark.variants("plain", "tls", "epoll")
def test_framed_and_text_users_share_one_room_and_one_order(live: Live) -> None:
    ann, bob = live.joins("ann"), live.joins_framed("bob")
    ann.sees("* bob has connected. Users here: 2")
    bob.sends(frame(Line("hi", 1)))
    ann.sees("bob: hi")
    ann.says("hello")
    bob.sees('"text":"hello"')
    welcome, mine, hers = events(bob.heard)
    assert welcome == Welcomed("bob", "a test", 2, 2)
    assert mine == Said(3, "bob", "hi", live.clock.now, 1)
    assert hers == Said(4, "ann", "hello", live.clock.now)


def test_a_telnet_that_interrupts_gets_its_timing_mark_each_time_and_the_output_after_it(live: Live) -> None:
    ann = live.joins("ann")
    for _ in range(2):
        ann.sends(b"\xff\xf4\xff\xfd\x06/ping\r\n")
        ann.sees("pong\r\n")
        assert ann.heard.endswith(b"\xff\xfc\x06pong\r\n")


# --- the end of file ---------------------------------------------------------------------------------------------


def test_the_last_line_of_a_pipe_is_said_without_its_line_end(live: Live) -> None:
    ann, bot = live.joins("ann"), live.connects()
    bot.sends(b"bot\nfirst\nlast")
    bot.ends_sending()
    ann.sees("bot: first\r\nbot: last\r\n* bot has left (connection closed)")
    bot.sees_the_end()


def test_the_last_line_of_a_pipe_is_answered_though_the_answer_takes_long(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, add = threading.Event(), Accounts.add

    def takes_long(accounts: Accounts, name: str, password: str) -> bool:
        return goes_on.wait(PATIENCE) and add(accounts, name, password)

    monkeypatch.setattr(Accounts, "add", takes_long)
    ann, bot = live.joins("ann"), live.connects()
    bot.sends(b"bot\n/register long enough")
    bot.ends_sending()
    live.until(live.server._services.waiting, "never asked")
    live.turns(5)
    goes_on.set()
    bot.sees("bot is yours now")
    bot.sees_the_end()
    ann.sees("* bot has left (connection closed)")


def test_a_password_that_is_half_typed_at_the_end_of_file_registers_nothing(live: Live) -> None:  # U2
    ann, bob = live.joins("ann"), live.joins("bob")
    bob.says("/register")
    bob.sees("Choose a password")
    bob.sends(b"half a password")
    bob.ends_sending()
    ann.sees("* bob has left (connection closed)")
    assert b"half" not in ann.heard + bob.heard
    assert not live.hub.room.registered


def test_a_frame_that_is_far_too_long_is_refused_by_its_header(live: Live) -> None:  # D3
    bob = live.joins_framed("bob")
    bob.sends((60_000).to_bytes(4, "big"))
    bob.sees('"code":"too-long"')
    bob.sends(bytes(60_000) + frame(Line("/ping", 1)))
    bob.sees('"type":"pong"')


# --- accepting ---------------------------------------------------------------------------------------------------


def test_what_is_accepted_sends_at_once_and_hides_little_lag(live: Live) -> None:
    sock = live.peer(live.joins("ann")).transport.sock
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) in (SEND_BUFFER, 2 * SEND_BUFFER)  # Linux doubles it
    assert not sock.getblocking()


@pytest.mark.variants("plain")
def test_a_turn_accepts_so_many_and_no_more(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TURN_ACCEPTS", 2)
    for _ in range(5):
        live.connects()
    accepted = []
    for _ in range(3):
        live.turns()
        accepted.append(live.connected())
    assert accepted == [2, 4, 5]


@pytest.mark.variants("plain")
def test_who_is_too_many_is_told_and_the_others_notice_nothing(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live.poller, "peers_limit", 2)  # A8
    ann, bob = live.joins("ann"), live.joins("bob")
    carl = live.connects()
    carl.sees("The server is full. Try again later.\r\n")
    carl.sees_the_end()
    ann.says("hi")
    bob.sees("ann: hi")
    bob.says("/quit")
    bob.sees_the_end()
    bob.ends_sending()
    live.until(lambda: live.connected() == 1, "the seat was never free")
    live.joins("dora")


def test_who_keeps_silent_is_greeted_after_a_quarter_of_a_second(live: Live) -> None:  # A2
    ann = live.connects()
    live.turns(3)
    live.server.step()
    assert live.poller.timeout == pytest.approx(0.25)
    live.clock.now += 0.24
    live.turns(3)
    assert ann.heard == b""
    live.clock.now += 0.01
    ann.sees("Type the name you want")
    live.turns(3)
    assert len(ann.lines("Welcome to this chat.")) == 1
    live.server.step()
    assert live.poller.timeout == server.LONGEST_SLEEP


def test_who_speaks_first_or_is_gone_is_not_greeted(live: Live) -> None:
    ann, bob = live.joins("ann"), live.joins_framed("bob")
    carl = live.connects()
    carl.ends_sending()
    carl.sees_the_end()
    live.clock.now += 1
    live.turns(3)
    assert not any(client.was_told("Type the name") for client in (ann, bob, carl))


def test_a_client_whose_hello_is_read_late_is_asked_for_nothing(live: Live) -> None:
    bob = live.connects()
    live.turns()
    bob.sends(frame(Hello(1, "a secret", "bob")))
    live.clock.now += 1
    bob.sees('"type":"welcome"')
    assert not bob.was_told('"type":"ask"')
    assert not bob.was_told("Type the name")


@pytest.mark.parametrize(("hello", "seconds"), [(b"", 60), (b"\xff\xf4", 60), (b"\0\0", 10)])
def test_who_registers_too_slowly_is_told_and_closed(live: Live, hello: bytes, seconds: int) -> None:
    ann = live.connects()
    live.turns()
    ann.sends(hello)
    live.turns(2)
    live.clock.now += seconds - 0.01
    live.turns(2)
    assert not ann.was_told("No name")
    live.clock.now += 0.01
    ann.sees(f"No name was chosen within {seconds} s.")
    ann.ends_sending()
    ann.sees_the_end()


# --- turns -------------------------------------------------------------------------------------------------------


def test_peers_with_much_to_say_are_served_by_turns(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TURN_REQUESTS", 2)
    ann, bob, carl = live.joins("ann"), live.joins("bob"), live.joins("carl")
    ann.says("1", "2", "3", "4", "5")
    bob.says("1", "2", "3", "4", "5")
    live.turns()
    said = [line.split(": ")[0] for line in carl.lines("ann: ") + carl.lines("bob: ")]
    assert len(said) == 10
    by_turns = [line.split(": ")[0] for line in carl.heard.decode().split("\r\n") if ": " in line][-10:]
    first, second = by_turns[0], by_turns[2]
    assert by_turns == [first] * 2 + [second] * 2 + [first] * 2 + [second] * 2 + [first, second]


def test_nobody_starves_behind_somebody_who_always_has_more(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    talkers = [live.joins(name) for name in ("ann", "bob", "carl", "dora")]
    hal = live.joins("hal")
    monkeypatch.setattr(limits, "TURN_INPUT", 1)  # a turn that serves one request is full
    for talker in talkers[1:]:
        talker.says("my only line")
    for _ in talkers:
        talkers[0].says("always more")
        live.turns()
    assert len([line for line in hal.heard.decode().split("\r\n") if line.endswith(": my only line")]) == 3


@pytest.mark.variants("plain", "epoll")
def test_users_in_the_room_wait_for_no_crowd_of_newcomers_and_each_of_these_has_its_turn(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = live.joins("ann")
    crowd = [live.connects() for _ in range(5)]
    live.turns()
    monkeypatch.setattr(limits, "TURN_ACCEPTS", 2)
    for number, newcomer in enumerate(crowd):
        newcomer.says(f"new{number}")
    ann.says("/ping")
    came = []
    for _ in range(3):
        live.server.step()
        crowd[0].says("/ping")  # it always has more, as its neighbours in the poller's order have not
        ann.listens()
        came.append((len(ann.lines("* new")), len(ann.lines("pong"))))
    assert came == [(2, 1), (4, 1), (5, 1)]


def test_who_has_requests_left_is_not_read_but_served_without_waiting(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = live.joins("ann"), live.joins("bob")
    monkeypatch.setattr(limits, "TURN_INPUT", 1)
    monkeypatch.setattr(limits, "TURN_REQUESTS", 1)
    ann.says("1", "2", "3")
    waited_for_ann = []
    for number in (1, 2, 3, 4):
        live.server.step()
        bob.listens()
        assert bob.lines("ann: ")[-1] == f"ann: {min(number, 3)}"
        waited_for_ann.append((live.peer(ann).fd in live.poller.readers, live.poller.timeout > 0))
    assert waited_for_ann == [(True, True), (False, False), (False, False), (True, True)]


@pytest.mark.variants("plain", "epoll")
def test_a_user_that_has_sent_too_much_is_not_read_until_it_may_go_on(live: Live) -> None:
    ann, bob = live.joins("ann"), live.joins("bob")
    live.peer(ann).session.held = True
    live.server._peers.update(live.peer(ann))
    ann.says("hi")
    live.turns(5)
    assert not bob.was_told("ann: hi")
    live.peer(ann).session.held = False
    live.server._peers.update(live.peer(ann))
    bob.sees("ann: hi")


def test_what_follows_a_password_waits_for_its_answer(live: Live) -> None:
    ann = live.joins("ann")
    ann.says("/register correct horse", "/ping")
    ann.sees("ann is yours now")
    ann.sees("pong")


def test_an_answer_for_somebody_who_has_left_goes_nowhere(live: Live) -> None:
    ann, bob = live.joins("ann"), live.joins("bob")
    ann.says("/register correct horse")
    live.until(lambda: live.peer(ann).session.waiting, "never asked")
    live.hub.lost(live.peer(ann).session, "a test")
    live.until(lambda: live.hub.room.registered, "never registered")
    bob.says("/ping")
    bob.sees("pong")


# --- closing -----------------------------------------------------------------------------------------------------


def test_what_is_queued_at_end_of_file_is_still_delivered(live: Live) -> None:  # C12
    ann = live.connects()
    ann.sends(b"ann\n/users\n")
    ann.ends_sending()
    ann.sees("Connected users: 1\r\nann\r\n")
    ann.sees_the_end()


@pytest.mark.parametrize("goodbye", ["/disconnect", "/quit", "\x04"])
def test_the_farewell_arrives_before_the_end_even_with_unread_input_behind_it(live: Live, goodbye: str) -> None:
    ann, bob = live.joins("ann"), live.joins("bob")  # A23
    ann.sends(goodbye.encode() + b"\r\n" + b"unread\r\n" * 12_800)
    bob.sees("* ann has left (goodbye). Users here: 1")
    ann.sees("Goodbye.\r\n")
    ann.sees_the_end()
    assert not bob.was_told("unread")
    live.joins("ann")


@pytest.mark.variants("plain", "tls", "epoll")
def test_who_does_not_close_in_return_is_closed_after_two_seconds(live: Live) -> None:
    ann = live.joins("ann")
    ann.says("/quit")
    ann.sees_the_end()
    live.clock.now += 1.9
    live.turns(3)
    assert live.connected() == 1
    live.clock.now += 0.2
    live.turns()
    assert live.connected() == 0


@pytest.mark.variants("plain", "tls", "epoll")
def test_an_abrupt_end_frees_the_name_and_the_others_are_told(live: Live) -> None:  # A23, C13
    ann, bob = live.joins("ann"), live.joins("bob")
    ann.resets()
    bob.sees("* ann has left (connection lost). Users here: 1")
    live.joins("ann")


def test_an_end_found_out_in_writing_is_told_too(live: Live) -> None:
    ann, bob, carl = live.joins("ann"), live.joins("bob"), live.joins("carl")
    live.server._use(live.peer(ann), BrokenTransport(live.peer(ann).transport.sock))
    bob.says("hi")
    carl.sees("bob: hi")
    carl.sees("* ann has left (connection lost). Users here: 2")
    assert live.connected() == 2


# --- faults ------------------------------------------------------------------------------------------------------


def test_the_log_tells_of_each_connection_before_it_has_a_name_and_counts_a_scan(
    live: Live, log: pytest.LogCaptureFixture
) -> None:  # C14
    ann = live.connects()
    live.turns()
    live.clock.now += limits.GREETING_GRACE  # as long as nobody knows, it may be a part of the page that is asked for
    live.turns()
    host, port = ann.sock.getsockname()
    assert log.messages == [f"{host}:{port}: connected, without a name yet"]
    for _ in range(12):
        live.connects()
        live.turns()
    live.clock.now += limits.GREETING_GRACE
    live.turns()
    assert len([line for line in log.messages if line.endswith("connected, without a name yet")]) == 10
    live.clock.now += 1.0
    live.turns()
    assert log.messages[-1] == "3 more have connected"


def test_a_bug_in_a_handler_costs_only_the_peer_that_met_it(
    live: Live, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob, carl = live.joins("ann"), live.joins("bob"), live.joins("carl")
    handle = live.hub.handle

    def fail_for_ann(session: Session, request: Request) -> list[Effect]:
        if session.name == "ann":
            raise ZeroDivisionError("a bug")
        return handle(session, request)

    monkeypatch.setattr(live.hub, "handle", fail_for_ann)
    ann.says("hi")
    bob.sees("* ann has left (internal error). Users here: 2")
    ann.sees_the_end()
    bob.says("still here")
    carl.sees("bob: still here")
    assert "a bug in the server; closing" in log.text
    assert "ZeroDivisionError: a bug" in log.text


def test_a_connection_is_read_to_its_end_though_lines_behind_the_quit_are_left(live: Live) -> None:  # C12
    ann, bob = live.joins("ann"), live.joins("bob")
    ann.says("/quit", "one more word")
    ann.sees_the_end()
    ann.ends_sending()
    live.until(lambda: live.connected() == 1, "kept until its deadline")
    bob.sees("* ann has left (goodbye). Users here: 1")


@pytest.mark.parametrize("lagging", [False, True])
def test_one_bad_descriptor_costs_its_own_client_alone(live: Live, lagging: bool) -> None:
    ann, bob, carl = live.joins("ann"), live.joins("bob"), live.joins("carl")
    peer = live.peer(ann)
    if lagging:
        peer.connection.outbox.queue(b"waiting", live.clock.now)
        live.server._peers.blocked.add(peer.fd)
    peer.transport.close()
    bob.sees("* ann has left (connection lost). Users here: 2")
    bob.says("still here")
    carl.sees("bob: still here")
    assert live.connected() == 2


def test_a_listener_whose_newcomer_is_gone_already_goes_on(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    accept, failed = socket.socket.accept, list[socket.socket]()

    def fail_once(sock: socket.socket) -> object:
        if failed:
            return accept(sock)
        failed.append(sock)
        raise ConnectionAbortedError

    monkeypatch.setattr(socket.socket, "accept", fail_once)
    live.joins("ann")
    assert [sock.fileno() for sock in failed] == list(live.server._acceptor._listeners)


@pytest.mark.variants("plain")
def test_tls_is_closed_without_a_word_but_with_a_line_in_the_log(live: Live, log: pytest.LogCaptureFixture) -> None:
    ann = live.connects()
    ann.sends(b"\x16\x03\x01\x02\x00\x01")
    ann.sees_the_end()
    assert ann.heard == b""
    assert "speaks TLS, which this port does not; closed" in log.text
