"""client.net over real sockets, plain and TLS: two threads at once, ends of all kinds, and what is no TLS."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from client.cli.exits import Ending
from client.net import tls
from client.net.link import Link
from client.net.stream import PlainStream, Stream, dial
from client.net.tls import NotTls, TlsStream, unchecked
from protocol.framing import FrameCodec
from protocol.requests import Line
from tests.support.certificates import Certificate, Certificates
from tests.support.patience import PATIENCE
from tests.support.programs import needs

MANY = 1000  # frames of 1,000 bytes each way: more than the kernel holds of what goes to the server
Pair = tuple[Stream, socket.socket]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


@pytest.fixture
def ends(stack: ExitStack) -> tuple[socket.socket, socket.socket]:
    """Return both ends of a connection, the client's first; the kernel holds little of what goes to the server."""
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    ours = stack.enter_context(dial("127.0.0.1", listener.getsockname()[1]))
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
    theirs = stack.enter_context(listener.accept()[0])
    theirs.settimeout(PATIENCE)
    return ours, theirs


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificates(tmp_path_factory.mktemp("certificates")).self_signed()


def over_tls(ends: tuple[socket.socket, socket.socket], stack: ExitStack, context: ssl.SSLContext) -> Pair:
    """Return the client's stream and the server's socket after the handshake."""
    ours, theirs = ends
    wrapped: list[ssl.SSLSocket] = []
    server = threading.Thread(target=lambda: wrapped.append(context.wrap_socket(theirs, server_side=True)))
    server.start()
    stream = TlsStream(ours, unchecked(), "localhost")
    stream.shake_hands()
    server.join(PATIENCE)
    return stream, stack.enter_context(wrapped[0])


@pytest.fixture(params=["plain", "1.2", "1.3"])
def pair(
    request: pytest.FixtureRequest,
    ends: tuple[socket.socket, socket.socket],
    stack: ExitStack,
    certificate: Certificate,
) -> Pair:
    if request.param == "plain":
        return PlainStream(ends[0]), ends[1]
    context = certificate.context()
    context.maximum_version = getattr(ssl.TLSVersion, f"TLSv{request.param.replace('.', '_')}")
    return over_tls(ends, stack, context)


pytestmark = needs("openssl")


def taken(receive: Callable[[], bytes | None], count: int) -> bytes:
    """Return `count` bytes, in as many pieces as they come."""
    data = b""
    while len(data) < count:
        chunk = receive()
        assert chunk != b""
        data += chunk or b""
    return data


def test_a_sender_that_has_to_wait_does_not_keep_the_other_thread_from_receiving(pair: Pair) -> None:
    stream, server = pair
    link = Link(stream)
    frame = FrameCodec.encode(b"x" * 1000)
    lines = [Line("y" * 1000, cseq) for cseq in range(MANY)]
    link.add(lines)
    sender = threading.Thread(target=link.flush)
    sender.start()
    talker = threading.Thread(target=server.sendall, args=(frame * MANY,))
    talker.start()  # it does not read before all of it has been taken, so the sender waits for the kernel
    received = 0
    while received < MANY:
        payloads = link.receive(PATIENCE)
        assert payloads is not None
        received += len(payloads)
    talker.join(PATIENCE)
    assert sender.is_alive()
    codec, heard = FrameCodec(), 0
    while heard < MANY:
        heard += len(codec.feed(server.recv(65536)))
    sender.join(PATIENCE)


def test_bytes_go_both_ways_whole_and_in_order_while_two_threads_use_the_stream(pair: Pair) -> None:
    stream, server = pair
    ours = bytes(range(256)) * 1000

    def echo() -> None:
        while chunk := server.recv(65536):
            server.sendall(chunk)

    def talk() -> None:
        for at in range(0, len(ours), 777):
            stream.send(ours[at : at + 777])

    threads = [threading.Thread(target=work) for work in (talk, echo)]
    for thread in threads:
        thread.start()
    assert taken(lambda: stream.receive(PATIENCE), len(ours)) == ours
    stream.end()
    for thread in threads:
        thread.join(PATIENCE)


def test_what_comes_with_the_end_is_not_lost(pair: Pair) -> None:
    stream, server = pair
    assert stream.receive(0) is None
    server.sendall(b"goodbye")
    server.close()
    assert taken(lambda: stream.receive(PATIENCE), 7) == b"goodbye"
    assert stream.receive(PATIENCE) == b""
    assert stream.receive(PATIENCE) == b""


def test_the_server_is_told_the_end(pair: Pair) -> None:
    stream, server = pair
    stream.end()
    assert server.recv(10) == b""  # over TLS an end without its farewell would be an SSLEOFError
    stream.end()
    stream.close()
    stream.end()


def test_a_connection_that_is_gone_has_no_address_and_sends_nothing(pair: Pair) -> None:
    stream, _ = pair
    assert stream.address.startswith("127.0.0.1, port ")
    link = Link(stream)
    link.add([Line("x", 1)])
    link.close()
    link.flush()
    assert link.receive(0) is None


def test_small_frames_are_not_held_back(ends: tuple[socket.socket, socket.socket]) -> None:
    assert ends[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
    assert ends[0].gettimeout() is None


# --- what only TLS has -------------------------------------------------------------------------------------------


def test_an_end_without_a_farewell_is_an_end(
    ends: tuple[socket.socket, socket.socket], stack: ExitStack, certificate: Certificate
) -> None:
    stream, server = over_tls(ends, stack, certificate.context())
    server.sendall(b"last words")
    server.shutdown(socket.SHUT_RDWR)  # of the socket below TLS
    assert taken(lambda: stream.receive(PATIENCE), 10) == b"last words"
    assert stream.receive(PATIENCE) == b""


def test_a_record_that_was_tampered_with_ends_the_connection(
    ends: tuple[socket.socket, socket.socket], stack: ExitStack, certificate: Certificate
) -> None:
    stream, server = over_tls(ends, stack, certificate.context())
    below = stack.enter_context(socket.socket(fileno=socket.dup(server.fileno())))
    below.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32)
    link = Link(stream)
    while (payloads := link.receive(PATIENCE)) is not None:
        assert payloads == []  # the tickets that end a handshake of TLS 1.3


def test_a_handshake_has_so_much_time_in_all_and_no_more(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:  # T3
    monkeypatch.setattr(tls, "HANDSHAKE_TIMEOUT", 0.2)
    ours, theirs = ends
    drip = threading.Event()

    def drips() -> None:
        for byte in b"\x16\x03\x03\x40\x00" + b"\x02" * 1000:
            if drip.wait(0.05):
                return
            theirs.sendall(bytes((byte,)))

    dripping = threading.Thread(target=drips)
    dripping.start()
    with pytest.raises(TimeoutError):
        TlsStream(ours, unchecked(), "localhost").shake_hands()
    drip.set()
    dripping.join(PATIENCE)


@pytest.mark.parametrize("said", [b"Welcome to this chat.\r\n", b"\0\0\0\x02{}", b"HTTP/1.1 400 Bad Request\r\n", b""])
def test_what_is_no_tls_is_told_by_its_first_byte(ends: tuple[socket.socket, socket.socket], said: bytes) -> None:
    ours, theirs = ends
    theirs.sendall(said)
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(NotTls) as found:
        TlsStream(ours, unchecked(), "localhost").shake_hands()
    assert found.value.said == said
    assert theirs.recv(65536)[:1] == b"\x16"


def test_a_server_that_closes_without_reading_speaks_no_tls(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    stream = TlsStream(ours, unchecked(), "localhost")
    stream._steps()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()  # a reset, not an end of file
    with pytest.raises(NotTls):
        stream.shake_hands()


def test_a_plain_client_is_told_that_the_server_speaks_tls(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    link = Link(PlainStream(ours))
    theirs.sendall(b"\x15\x03\x01\x00\x02\x02\x46")  # an alert: protocol_version
    with pytest.raises(Ending, match=r"^The server speaks TLS. Connect with --tls.$"):
        link.receive(PATIENCE)


def test_a_frame_whose_length_looks_like_an_alert_is_a_frame(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    link = Link(PlainStream(ours))
    theirs.sendall(b"\0\0")
    assert link.receive(PATIENCE) == []
    theirs.sendall(b"\x15\x03" + b"x" * 0x1503)
    while not (payloads := link.receive(PATIENCE)):
        assert payloads == []
    assert payloads == [b"x" * 0x1503]


def test_a_name_goes_without_its_zone_and_its_last_dot(ends: tuple[socket.socket, socket.socket]) -> None:
    for host in ("fe80::1%eth0", "localhost."):
        assert TlsStream(ends[0], unchecked(), host)._object.server_hostname == host.rstrip(".").partition("%")[0]
