"""runtime/tls.py: each of OpenSSL's surprises, with a real client at the other end of a socket pair."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import warnings
from collections.abc import Callable, Iterator

import pytest

import runtime.tls
from runtime.certificate import load_certificate
from runtime.tls import TlsTransport
from tests.support.certificates import Files
from tools.shared.tls import TlsSocket, client_context

RECORD = 1 << 14
LIMIT = 1 << 16


def all_from(receive: Callable[[int], bytes]) -> bytes:
    """Return what `receive` returns before it would wait."""
    heard = b""
    with contextlib.suppress(BlockingIOError):
        while chunk := receive(LIMIT):
            heard += chunk
    return heard


class Pair:
    """A transport and its client, on a socket pair whose buffers are small."""

    def __init__(self, files: Files, client: ssl.SSLContext | None = None) -> None:
        ours, theirs = socket.socketpair()
        for sock in (ours, theirs):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            sock.setblocking(False)
        self.theirs = theirs
        self.client = TlsSocket(theirs, client or client_context(files[0]))
        self.context = load_certificate(*files).context
        self.ours = TlsTransport(ours, self.context, b"")

    def shake_hands(self) -> Pair:
        client_done = False
        while self.ours.handshaking or not client_done:
            client_done = self.client.is_secure()
            self.ours.shake_hands()
        return self

    def readable(self) -> bool:
        return bool(select.select([self.ours.sock], [], [], 0)[0])

    def arrives(self) -> bytes:
        """Return what the transport receives before it would wait."""
        return all_from(self.ours.receive)

    def hears(self) -> bytes:
        """Return what the client receives before it would wait."""
        return all_from(self.client.recv)

    def sends(self, content: bytes) -> bytes:
        """Send `content` as the loop does, while the client reads; return what the client has read."""
        left, heard = memoryview(content), b""
        while left:
            try:
                left = left[self.ours.send([left[:LIMIT]]) :]
            except BlockingIOError:
                heard += self.hears()
        return heard + self.hears()


@pytest.fixture
def new(certificate: Files) -> Iterator[Callable[..., Pair]]:
    """Return what makes a pair, with the client's context if one is given."""
    made: list[Pair] = []

    def make(client: ssl.SSLContext | None = None) -> Pair:
        made.append(Pair(certificate, client))
        return made[-1]

    yield make
    for each in made:
        each.ours.close()
        each.client.close()


@pytest.fixture
def pair(new: Callable[..., Pair]) -> Pair:
    return new().shake_hands()


def of_version(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = client_context()
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of what is too old is the point
        context.minimum_version = context.maximum_version = version
    return context


# --- the handshake -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_handshake_may_come_byte_by_byte(new: Callable[..., Pair], version: ssl.TLSVersion) -> None:  # T6
    pair = new(of_version(version))
    steps = 0
    while pair.ours.handshaking:
        pair.client.is_secure_in_memory()
        for byte in pair.client.outgoing.read():
            assert pair.ours.handshaking
            pair.theirs.send(bytes([byte]))
            pair.ours.shake_hands()
            steps += 1
        with contextlib.suppress(BlockingIOError):
            pair.client.incoming.write(pair.theirs.recv(LIMIT))
    assert steps > 200
    pair.client.send(b"hello")
    assert pair.arrives() == b"hello"


def test_what_follows_the_handshake_at_once_is_pending_though_the_socket_is_silent(new: Callable[..., Pair]) -> None:
    pair = new()
    while not pair.client.is_secure_in_memory():  # its last message stays in memory
        pair.theirs.send(pair.client.outgoing.read())
        pair.ours.shake_hands()
        pair.client.incoming.write(pair.theirs.recv(LIMIT))
    pair.client.send(b"hello")
    pair.ours.shake_hands()
    assert not pair.ours.handshaking
    assert not pair.readable()
    assert pair.ours.pending
    assert pair.ours.receive(LIMIT) == b"hello"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_are_refused_and_the_client_is_told(new: Callable[..., Pair], version: ssl.TLSVersion) -> None:
    pair = new(of_version(version))  # T6
    pair.client.is_secure()
    with pytest.raises(OSError, match=r"(?i)unsupported protocol"):
        pair.ours.shake_hands()
    with pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version"):
        pair.client.shake_hands()


@pytest.mark.parametrize(
    "junk",
    [
        pytest.param(b"\x16" + bytes(LIMIT // 16), id="zeros"),
        pytest.param(b"\x16\x03\x01\xff\xff" + b"x" * 4096, id="a record that is too long"),
        pytest.param(b"\x16\x03\x01\x00\x05" + b"x" * 5, id="no hello"),
        pytest.param(b"\x16\x03\x01\x00\x04\x01\xff\xff\xff", id="a hello that is too long"),
    ],
)
def test_junk_for_a_handshake_fails(new: Callable[..., Pair], junk: bytes) -> None:  # T6
    pair = new()
    pair.theirs.send(junk)
    with pytest.raises(ssl.SSLError):
        pair.ours.shake_hands()
    assert pair.ours.shut()
    assert pair.theirs.recv(LIMIT)[:1] in (b"\x15", b"")  # an alert, if anything


def test_an_end_in_the_handshake_fails(new: Callable[..., Pair]) -> None:  # T6
    pair = new()
    pair.client.is_secure()
    pair.ours.shake_hands()
    pair.theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionAbortedError):
        pair.ours.shake_hands()


def test_before_the_handshake_is_done_nothing_is_sent(new: Callable[..., Pair]) -> None:
    pair = new()
    for step in (pair.client.is_secure, pair.ours.shake_hands):
        with pytest.raises(BlockingIOError):
            pair.ours.send([b"hello"])
        step()
    assert pair.ours.handshaking
    assert b"hello" not in pair.theirs.recv(LIMIT)
    assert pair.ours.wants(reading=True, writing=False) == (True, False)


def test_a_session_can_be_resumed(new: Callable[..., Pair], certificate: Files) -> None:
    shared = client_context(certificate[0])
    first = new(shared).shake_hands()
    assert first.sends(b"hello") == b"hello"  # and before it the tickets, which are no data
    second = new(shared)
    second.ours = TlsTransport(second.ours.sock, first.context, b"")
    second.client.tls.session = first.client.tls.session
    second.shake_hands()
    assert second.client.tls.session_reused


# --- reading -----------------------------------------------------------------------------------------------------


def test_what_is_decrypted_and_not_taken_is_pending_though_the_socket_is_silent(pair: Pair) -> None:
    pair.client.send(b"first")
    pair.client.send(b"second")
    assert pair.ours.receive(3) == b"fir"
    assert not pair.readable()
    assert pair.ours.pending
    assert pair.ours.receive(LIMIT) == b"stsecond"
    assert not pair.ours.pending
    with pytest.raises(BlockingIOError):
        pair.ours.receive(LIMIT)


def test_a_record_that_comes_in_pieces_is_received_whole(pair: Pair) -> None:
    pair.client.tls.write(b"x" * RECORD)
    content = pair.client.outgoing.read()
    for start in range(0, len(content), 1000):
        with pytest.raises(BlockingIOError):
            pair.ours.receive(LIMIT)
        assert not pair.ours.pending
        pair.theirs.send(content[start : start + 1000])
    assert pair.arrives() == b"x" * RECORD


@pytest.mark.parametrize(
    "junk",
    [
        pytest.param(b"\x17\x03\x03\x41\x01" + b"x" * 0x4101, id="too long for a record"),
        pytest.param(b"\x17\x03\x03\x00\x20" + b"x" * 0x20, id="not encrypted"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="no record"),
    ],
)
def test_what_is_no_record_ends_the_connection_after_what_came_before_it(pair: Pair, junk: bytes) -> None:  # T6
    pair.client.send(b"before")
    pair.theirs.send(junk)
    assert pair.ours.receive(LIMIT) == b"before"
    for _ in range(2):
        with pytest.raises(ssl.SSLError):
            pair.ours.receive(LIMIT)
    with pytest.raises(ssl.SSLError, match=r"(?i)alert"):
        pair.client.recv(LIMIT)


def test_what_is_no_content_is_counted(pair: Pair) -> None:  # T6
    for _ in range(100):
        pair.client.send(b"x")
        assert pair.arrives() == b"x"
    assert pair.ours.take_overhead() == 100 * 22
    assert pair.ours.take_overhead() == 0


def test_a_part_of_a_record_counts_once(pair: Pair) -> None:  # T6
    pair.client.tls.write(b"x" * 3000)
    pair.theirs.send(pair.client.outgoing.read(2000))
    assert pair.arrives() == b""
    assert pair.ours.take_overhead() == 2000
    pair.theirs.send(pair.client.outgoing.read())
    assert pair.arrives() == b"x" * 3000
    for _ in range(90):
        assert pair.ours.take_overhead() == 0
        pair.client.send(b"x")
        assert pair.arrives() == b"x"
    pair.client.send(b"x")
    assert pair.arrives() == b"x"
    assert pair.ours.take_overhead() > 0


# --- writing -----------------------------------------------------------------------------------------------------


def test_buffers_of_any_size_arrive_in_their_order(pair: Pair) -> None:
    assert pair.ours.send([b"one", memoryview(b" and two")]) == 11
    assert pair.hears() == b"one and two"
    content = bytes(range(256)) * 4096
    assert pair.sends(content) == content


def test_a_byte_counts_as_sent_when_the_kernel_has_its_record(pair: Pair) -> None:  # T7
    content = b"x" * LIMIT
    sent = pair.ours.send([content])
    assert sent < LIMIT
    assert sent % RECORD == 0
    with pytest.raises(BlockingIOError):
        pair.ours.send([content[sent:]])
    assert pair.ours.wants(reading=False, writing=True) == (False, True)
    assert len(pair.ours._unsent) <= RECORD + 256  # one record waits here, and no more
    assert len(pair.hears()) == sent


def test_progress_within_a_record_is_progress(pair: Pair) -> None:
    content = b"x" * (RECORD - 1)
    with pytest.raises(BlockingIOError):  # noqa: PT012
        while True:
            assert pair.ours.send([content]) in (0, len(content))
    waiting = len(pair.ours._unsent)
    while len(pair.ours._unsent) == waiting:
        pair.theirs.recv(1024)
        with contextlib.suppress(BlockingIOError):  # the kernel's buffer is made of pieces
            assert pair.ours.send([content]) == 0
    assert 0 < len(pair.ours._unsent) < waiting


def test_both_ways_may_be_full_and_still_are_read(pair: Pair) -> None:
    content = b"x" * LIMIT
    while pair.ours.send([content]):
        pass
    assert pair.ours.wants(reading=True, writing=True) == (True, True)
    pair.client.send(b"still heard")
    assert pair.arrives() == b"still heard"


def test_a_peer_that_takes_nothing_of_what_tls_says_is_not_read(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime.tls, "_BACKLOG", 0)
    content = b"x" * RECORD
    while pair.ours.send([content]):
        pass
    pair.client.send(b"hello")
    assert pair.readable()
    assert pair.ours.wants(reading=True, writing=False) == (False, True)
    with pytest.raises(BlockingIOError):
        pair.ours.receive(LIMIT)
    while not pair.arrives():
        pair.hears()
    assert pair.ours.wants(reading=True, writing=False) == (True, False)


# --- the end -----------------------------------------------------------------------------------------------------


def test_an_end_with_close_notify_is_an_end_and_we_may_go_on(pair: Pair) -> None:
    pair.client.send(b"goodbye")
    pair.client.shutdown(socket.SHUT_WR)
    assert pair.ours.receive(LIMIT) == b"goodbye"
    for _ in range(2):
        assert pair.ours.receive(LIMIT) == b""
    assert not pair.ours.truncated
    assert pair.sends(b"and to you") == b"and to you"


def test_an_end_without_close_notify_is_known_as_one(pair: Pair) -> None:
    pair.client.send(b"half a li")
    pair.theirs.shutdown(socket.SHUT_WR)
    assert pair.ours.receive(LIMIT) == b"half a li"
    for _ in range(2):
        assert pair.ours.receive(LIMIT) == b""
    assert pair.ours.truncated
    assert pair.sends(b"still heard") == b"still heard"


def test_after_shut_the_peer_knows_that_all_came_and_what_it_says_is_dropped(pair: Pair) -> None:
    pair.ours.send([b"goodbye"])
    assert pair.ours.shut()
    assert pair.hears() == b"goodbye"
    assert pair.client.recv(LIMIT) == b""  # and no error: a close_notify
    pair.client.sock.send(b"whatever")
    with pytest.raises(BlockingIOError):
        pair.ours.receive(LIMIT)
    pair.theirs.shutdown(socket.SHUT_WR)
    assert pair.ours.receive(LIMIT) == b""


def test_a_close_notify_waits_until_the_kernel_takes_it(pair: Pair) -> None:
    content = b"x" * RECORD
    while pair.ours.send([content]):
        pass
    assert not pair.ours.shut()
    assert pair.ours.wants(reading=True, writing=False) == (True, True)
    while not pair.ours.shut():
        pair.hears()
    pair.hears()
    assert pair.client.recv(LIMIT) == b""


def test_to_close_twice_does_no_harm(pair: Pair) -> None:
    pair.ours.close()
    pair.ours.close()
    assert pair.ours.fileno() == -1
