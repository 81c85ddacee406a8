"""storechat/http_store.py: the store over HTTP, and that whatever happens is a row of the table of errors (B3)."""

from __future__ import annotations

import contextlib
import random
import select
import socket
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from client.cli.store_address import Address, address
from protocol.errors import ErrorCode, ProtocolError
from storechat.core.letter import LETTER_LIMIT
from storechat.http_store import HttpStore
from tests.support.keyserver import Keys
from tests.support.patience import PATIENCE
from tools.shared.programs import free_port


@pytest.fixture
def keys() -> Iterator[Keys]:
    with Keys() as made:
        yield made


def store(url: str, timeout: float = PATIENCE) -> HttpStore:
    return HttpStore(address(url), timeout)


def fault_of_read(made: HttpStore) -> ProtocolError:
    with pytest.raises(ProtocolError) as refused:
        made.read("a", "bob")
    return refused.value


def fault_of_write(made: HttpStore) -> ProtocolError:
    with pytest.raises(ProtocolError) as refused:
        made.write("a", b"value")
    return refused.value


class Says:
    """A server that takes one request after the other and says these bytes, whatever it was asked."""

    def __init__(self, *answers: bytes, dribbles: bool = False) -> None:
        self._dribbles = dribbles
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/dav/"
        self.asked: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, args=(answers,))

    def __enter__(self) -> Says:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # a client may have given up before it connected
        self._thread.join(PATIENCE)
        self._listener.close()

    def _serve(self, answers: tuple[bytes, ...]) -> None:
        for answer in answers:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with sock, contextlib.suppress(ConnectionError):  # a client that has heard enough
                self.asked.append(sock.recv(65536))
                sock.sendall(answer)
                while self._dribbles and not select.select([sock], [], [], 0.01)[0]:  # until the client hangs up
                    sock.sendall(b"x")


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body


# --- addresses ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://localhost:8002", (False, "localhost", 8002, "/")),
        ("http://example.org/", (False, "example.org", 80, "/")),
        ("https://example.org/dav/room/", (True, "example.org", 443, "/dav/room/")),
        ("http://[::1]:8002/a b", (False, "::1", 8002, "/a%20b/")),
    ],
)
def test_an_address_is_taken_apart(url: str, parts: tuple[bool, str, int, str]) -> None:
    assert address(url) == Address(url, *parts)


@pytest.mark.parametrize(
    "url", ["", "localhost:8002", "ftp://a", "http://", "http://a:b@c/", "http://a/?b", "http://a/#b", "http://a:99999"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not the address of a store"):
        address(url)


# --- a store that tells of changes -------------------------------------------------------------------------------


def test_what_was_written_is_read_back_once(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:  # B1
    monkeypatch.setattr("kvstore.WAIT_LIMIT", 0.05)
    made = store(keys.url)
    made.write("a", b"one")
    assert not made.tells_changes
    assert made.read("a", "bob") == b"one"
    assert made.tells_changes
    assert made.read("a", "bob") is None
    made.write("a", b"two")
    assert made.read("a", "bob") == b"two"


def test_a_read_waits_for_a_change(keys: Keys) -> None:
    made = store(keys.url)
    assert fault_of_read(made).fault is ErrorCode.KEY_MISSING
    values: list[bytes | None] = []
    reader = threading.Thread(target=lambda: values.append(made.read("a", "bob")))
    reader.start()
    keys.is_awaited()
    assert values == []
    store(keys.url).write("a", b"one")
    reader.join(PATIENCE)
    assert values == [b"one"]


def test_a_value_that_was_of_no_use_is_read_again(keys: Keys) -> None:
    made = store(keys.url)
    made.forget()
    made.write("a", b"one")
    assert made.read("a", "bob") == b"one"
    made.forget()
    assert made.read("a", "bob") == b"one"


# --- a plain one -------------------------------------------------------------------------------------------------


def test_a_plain_store_is_asked_plainly_and_its_value_compared() -> None:
    answers = [http("200 OK", body, 'ETag: "the same"') for body in (b"one", b"one", b"two", b"two")]
    with Says(*answers) as server:
        made = store(server.url)
        assert [made.read("a", "bob") for _ in range(3)] == [b"one", None, b"two"]
        made.forget()
        assert made.read("a", "bob") == b"two"
    assert all(asked.startswith(b"GET /dav/a HTTP/1.1\r\n") for asked in server.asked)


# --- everything that can happen ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "of_read", "of_write"),
    [
        (503, ErrorCode.STORE_FAILED, ErrorCode.STORE_FAILED),
        (500, ErrorCode.STORE_FAILED, ErrorCode.STORE_FAILED),
        (403, ErrorCode.READ_REFUSED, ErrorCode.WRITE_REFUSED),
        (405, ErrorCode.READ_REFUSED, ErrorCode.WRITE_REFUSED),
        (404, ErrorCode.KEY_MISSING, ErrorCode.WRITE_REFUSED),
        (410, ErrorCode.KEY_MISSING, ErrorCode.WRITE_REFUSED),
        (301, ErrorCode.READ_REFUSED, ErrorCode.WRITE_REFUSED),
    ],
)
def test_a_status_is_a_fault(keys: Keys, status: int, of_read: ErrorCode, of_write: ErrorCode) -> None:  # B3
    keys.stops(status)
    made = store(keys.url)
    assert fault_of_read(made).fault is of_read
    assert fault_of_write(made).fault is of_write
    assert str(status) in str(fault_of_write(made))


def test_a_store_that_does_not_answer_is_silent(keys: Keys) -> None:  # B3
    keys.stops(None)
    error = fault_of_write(store(keys.url, 0.05))
    assert error.fault is ErrorCode.STORE_SILENT
    assert str(error) == "The store did not answer within 0.05 s."


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nVersion: ", http("200 OK", b"x" * 9999)[:-9999]])
def test_an_answer_that_dribbles_in_is_late(answer: bytes) -> None:  # 23, B3
    with Says(answer, dribbles=True) as server:
        assert fault_of_read(store(server.url, 0.2)).fault is ErrorCode.STORE_SILENT


def test_an_answer_that_is_lost_leaves_the_value_written(keys: Keys) -> None:  # B3
    keys.loses()
    made = store(keys.url)
    assert fault_of_write(made).fault is ErrorCode.ANSWER_LOST
    keys.works()
    assert made.read("a", "bob") == b"value"


def test_an_answer_that_breaks_off_is_lost() -> None:  # B3
    with Says(http("200 OK", b"x" * 100)[:-10]) as server:
        assert fault_of_read(store(server.url)).fault is ErrorCode.ANSWER_LOST


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200]
)
def test_what_is_no_http_is_a_failure(answer: bytes) -> None:
    with Says(answer) as server:
        error = fault_of_read(store(server.url))
    assert error.fault is ErrorCode.STORE_FAILED
    assert "no HTTP" in str(error)


def test_an_answer_that_is_too_long_is_not_read_whole() -> None:
    with Says(http("200 OK", b"x" * (LETTER_LIMIT + 10))) as server:
        value = store(server.url).read("a", "bob")
    assert value is not None
    assert len(value) == LETTER_LIMIT + 1  # which no letter is


def test_a_reason_cannot_move_the_cursor() -> None:
    with Says(http("503 \x1b[2J" + "x" * 100)) as server:
        assert "\x1b" not in str(fault_of_read(store(server.url)))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:PORT", "nothing listens there"),
        ("http://no-such-host.invalid", "its host is not known"),
        ("http://a..b", "its host is not known"),
    ],
)
def test_a_store_that_is_gone_is_named_with_the_reason(url: str, why: str) -> None:  # B3
    error = fault_of_read(store(url.replace("PORT", str(free_port()))))
    assert error.fault is ErrorCode.STORE_GONE
    assert str(error) == f"The store can't be reached ({why})."


def test_a_store_that_does_not_speak_tls_is_gone(keys: Keys) -> None:
    assert fault_of_read(store(keys.url.replace("http:", "https:"))).fault is ErrorCode.STORE_GONE


def test_closing_ends_what_waits(keys: Keys) -> None:
    made = store(keys.url)
    made.write("a", b"one")
    made.read("a", "bob")
    faults: list[ErrorCode] = []
    reader = threading.Thread(target=lambda: faults.append(fault_of_read(made).fault))
    reader.start()
    keys.is_awaited()
    made.close()
    reader.join(PATIENCE)
    assert faults == [ErrorCode.ANSWER_LOST]
    assert fault_of_read(made).fault is ErrorCode.ANSWER_LOST


SANE = [b"HTTP/1.1 ", b"200 OK", b"\r\n", b"Content-Length: ", b"5", b"\r\n", b"Version: ", b"a", b"\r\n\r\n", b"hello"]
BROKEN = [
    *(b"HTTP/1.1 ", b"200 OK", b"100 C", b"Content-Length: ", b"Version: ", b"Location: /\r\n", b": "),
    *(b"5", b"-1", b"9" * 5000, b"hello", b"Transfer-Encoding: chunked\r\n"),
    *(b"\r\n", b"\n", b"\r\n\r\n", b"\x00", b"\xff"),
]
ANSWERS = 300


def broken_answer(chance: random.Random) -> bytes:
    """Return a sane answer with up to four of its pieces replaced."""
    pieces = list(SANE)
    for _ in range(chance.randrange(5)):
        pieces[chance.randrange(len(pieces))] = chance.choice(BROKEN)
    return b"".join(pieces)


def test_whatever_a_server_says_is_a_value_or_a_fault() -> None:
    chance = random.Random(1)
    with Says(*(broken_answer(chance) for _ in range(ANSWERS))) as server:
        made = store(server.url)
        met = Counter(outcome(made, is_read=number % 2 == 1) for number in range(ANSWERS))
    assert len(server.asked) == ANSWERS
    often = {kind for kind, count in met.items() if count >= 3}
    assert often >= {"value", ErrorCode.STORE_FAILED, ErrorCode.ANSWER_LOST}
    # Nothing else is said of a server that is there and answers at once.
    refused = {ErrorCode.READ_REFUSED, ErrorCode.WRITE_REFUSED}
    assert set(met) - refused <= {"value", "nothing new", "written", ErrorCode.STORE_FAILED, ErrorCode.ANSWER_LOST}


def outcome(made: HttpStore, *, is_read: bool) -> str | ErrorCode:
    """Return what came of a request; only a ProtocolError is a fault, and any other error is a bug."""
    try:
        if not is_read:
            made.write("a", b"value")
            return "written"
        return "nothing new" if made.read("a", "bob") is None else "value"
    except ProtocolError as error:
        return error.fault
