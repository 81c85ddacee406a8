"""myclient.py over TLS, in this process, against servers that show any certificate: T3 and T4.

What an impostor may hear is nothing. So each test looks at all that a server without the right certificate received.
"""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Callable, Iterator
from datetime import date
from itertools import repeat
from pathlib import Path

import pytest

import myclient
from client.cli import options, settings_file, trust_question
from client.cli.exits import Ending, Exit
from client.cli.known_hosts_file import KnownHosts
from client.core.known_servers import Known
from client.net.tls import unchecked, vouching
from client.net.tls_connector import TlsConnector
from protocol.events import Asked, Joined, Refused, Said, Welcomed
from protocol.requests import Hello, Line, Password
from tests.integration.test_myclient_return import AT, GOODBYE, Waits, comes_back, loses, repeats
from tests.support.certificates import Certificate, Certificates
from tests.support.programs import needs
from tests.support.scripted import TURNED_AWAY, Bot, Peer, Scripted

pytestmark = needs("openssl")

PASSWORD = "hunter22"
ELSEWHERE = "DNS:chat.example.org"


@pytest.fixture
def bot(scripted: Scripted, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bot:
    monkeypatch.delenv(options.PASSWORD_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(myclient, "Backoff", lambda *_: Waits(repeat(0)))
    return Bot(scripted, capsys, monkeypatch)


@pytest.fixture
def no_input(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with Path(os.devnull).open(encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        yield


def gives_up_after(tries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the client connect again `tries` times and then give up."""
    monkeypatch.setattr(myclient, "Backoff", lambda *_: Waits(iter([*repeat(0, tries), 99])))


def in_file() -> str:
    return settings_file.path().with_name("known_hosts").read_text()


def leaves_at_once(peer: Peer) -> None:
    peer.welcomes()
    peer.gets(Line("/disconnect", 1))


def options_for(*more: str) -> tuple[str, ...]:
    return ("--name", "bot", *more)


# --- the first connection ----------------------------------------------------------------------------------------


def test_a_certificate_that_authorities_vouch_for_needs_no_question(
    bot: Bot, scripted: Scripted, certificates: Certificates
) -> None:  # T3
    authority = certificates.authority()
    chosen = options_for("--tls-ca", str(authority.file))
    days = [date.today()]
    assert bot.exits(leaves_at_once, "", *chosen, shown=authority.issues()) is Exit.GOODBYE
    days.append(date.today())  # another, at midnight
    known = [f"127.0.0.1:{scripted.port}  authorities  # since {day.isoformat()}\n" for day in days]
    assert in_file().endswith(tuple(known))
    assert settings_file.path().with_name("known_hosts").stat().st_mode & 0o777 == 0o600


def test_the_server_s_own_certificate_may_be_its_authority(bot: Bot, certificates: Certificates) -> None:  # T3
    authority = certificates.authority()
    for shown in (certificates.self_signed(), authority.issues()):
        chosen = options_for("--tls-ca", str(shown.cert))
        assert bot.exits(leaves_at_once, "", *chosen, shown=shown) is Exit.GOODBYE


def test_the_system_s_authorities_are_believed(
    bot: Bot, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:  # T3
    authority = certificates.authority()
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    assert bot.exits(leaves_at_once, "", *options_for("--tls"), shown=authority.issues()) is Exit.GOODBYE


Making = Callable[[Certificates], tuple[Certificate, tuple[str, ...]]]


def expired(made: Certificates) -> tuple[Certificate, tuple[str, ...]]:
    authority = made.authority()
    return authority.issues(days=-1), ("--tls-ca", str(authority.file))


def of_another_host(made: Certificates) -> tuple[Certificate, tuple[str, ...]]:
    authority = made.authority()
    return authority.issues(ELSEWHERE), ("--tls-ca", str(authority.file))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda made: (made.self_signed(), ("--tls",)), "it is self-signed"),
        (lambda made: (made.authority().issues(), ("--tls",)), "its authority is not known here"),
        (expired, "it has expired, or the clock here is wrong"),
        (of_another_host, "it is for another address"),
    ],
)
def test_without_a_terminal_a_certificate_that_can_t_be_checked_is_refused(
    bot: Bot, scripted: Scripted, certificates: Certificates, make: Making, why: str
) -> None:  # T3, T4
    shown, chosen = make(certificates)
    scripted.plays(Peer.listens, shown)
    assert bot.exits(Peer.listens, "hello\n", *options_for(*chosen), shown=shown) is Exit.CANNOT_CONNECT
    scripted.close()
    assert scripted.heard == [b"", b""]
    words = " ".join(bot.err.split())
    assert f"The certificate of 127.0.0.1, port {scripted.port} can't be checked: {why}." in words
    assert f"Its SHA-256 fingerprint: {shown.fingerprint} Nothing was sent to the server." in words
    assert f"\n{shown.fingerprint}\n" in bot.err  # on a line of its own, to be copied
    assert "--tls-fingerprint" in bot.err


def test_a_fingerprint_stands_in_for_the_authorities(bot: Bot, certificates: Certificates) -> None:  # T3
    shown = certificates.self_signed(ELSEWHERE)
    chosen = options_for("--tls-fingerprint", shown.fingerprint.lower())
    assert bot.exits(leaves_at_once, "", *chosen, shown=shown) is Exit.GOODBYE
    assert not settings_file.path().with_name("known_hosts").exists()


def test_a_fingerprint_that_was_given_is_the_only_one(
    bot: Bot, scripted: Scripted, certificates: Certificates
) -> None:  # T3, T4
    authority = certificates.authority()
    shown, wanted = authority.issues(), certificates.self_signed()
    KnownHosts().keep("127.0.0.1", scripted.port, Known(shown.fingerprint))
    chosen = options_for("--tls-fingerprint", wanted.fingerprint)
    assert bot.exits(Peer.listens, "hello\n", *chosen, shown=shown) is Exit.CANNOT_CONNECT
    scripted.close()
    assert scripted.heard == [b""]
    assert "IS ANOTHER ONE" in bot.err
    assert bot.err.index(wanted.fingerprint) < bot.err.index(shown.fingerprint)


@pytest.mark.usefixtures("no_input")
@pytest.mark.parametrize(
    ("content", "why"), [(None, "No such file or directory"), ("not a certificate", "it holds no certificate in PEM")]
)
def test_authorities_that_can_t_be_read_are_an_error(
    content: str | None, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    assert myclient.main(["127.0.0.1", "1", "--name", "bot", "--tls-ca", str(file)]) == Exit.ERROR.code
    assert capsys.readouterr().err == f"The FILE of --tls-ca can't be used: {why}.\n"


# --- what is no TLS, or not enough -------------------------------------------------------------------------------


def speaks_plainly(peer: Peer) -> None:
    peer.sends_bytes(b"Welcome to this chat.\r\n")
    peer.listens()


@pytest.mark.parametrize("script", [speaks_plainly, lambda _: None])
def test_a_port_without_tls_is_never_spoken_to_plainly(
    bot: Bot, scripted: Scripted, script: Callable[[Peer], None], monkeypatch: pytest.MonkeyPatch
) -> None:  # T4
    monkeypatch.setenv(options.PASSWORD_VARIABLE, PASSWORD)
    assert bot.exits(script, "hello\n", *options_for("--tls")) is Exit.CANNOT_CONNECT
    scripted.close()
    assert "Leave out --tls, if you trust the network, or check the port." in " ".join(bot.err.split())
    has_only_tls(scripted.heard)


def has_only_tls(heard: list[bytes]) -> None:
    """Look through all that a plain server received: nothing, or the first message of TLS, which names no user."""
    for data in heard:
        assert data[:1] in (b"", b"\x16")
        for secret in (PASSWORD, "hello", "bot", "client_id", "type"):
            assert secret.encode() not in data


@pytest.mark.parametrize("known", [Known(), Known("AB:" * 31 + "AB")])
def test_a_server_that_spoke_tls_before_and_does_not_now_is_told_loudly(
    bot: Bot, scripted: Scripted, known: Known
) -> None:  # T4
    KnownHosts().keep("127.0.0.1", scripted.port, known)
    assert bot.exits(speaks_plainly, "hello\n", *options_for("--tls")) is Exit.CANNOT_CONNECT
    scripted.close()
    assert "SPOKE TLS BEFORE" in bot.err
    assert "Leave out" not in bot.err
    has_only_tls(scripted.heard)


@pytest.mark.parametrize("refused", TURNED_AWAY)
@pytest.mark.parametrize("known", [None, Known()])
def test_a_server_that_turns_us_away_says_so_in_text(
    bot: Bot, scripted: Scripted, known: Known | None, refused: Refused
) -> None:  # T7, M3
    if known is not None:
        KnownHosts().keep("127.0.0.1", scripted.port, known)

    def turns_away(peer: Peer) -> None:
        peer.sends_bytes(f"{refused.text}\r\n".encode())
        peer.listens()

    assert bot.exits(turns_away, "hello\n", *options_for("--tls")) is Exit.REFUSED
    assert bot.err == f"Not let in: {refused.text}\n"
    scripted.close()
    has_only_tls(scripted.heard)


@pytest.mark.parametrize(
    ("said", "quoted"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", ': it said "SSH-2.0-OpenSSH_9.2p1". Leave'),
        (b"\x1b[2Jx" + b"y" * 10_000, ': it said "[2Jx' + "y" * 35 + '…". Leave'),
        (b"\r\n", ". Leave"),
        (b"You are here.\r\n", ': it said "You are here.". Leave'),
    ],
)
def test_what_is_said_without_tls_is_quoted_and_not_believed(bot: Bot, said: bytes, quoted: str) -> None:  # T4
    def says(peer: Peer) -> None:
        peer.sends_bytes(said)
        peer.listens()

    assert bot.exits(says, "hello\n", *options_for("--tls")) is Exit.CANNOT_CONNECT
    assert f"does not speak TLS{quoted} out --tls" in " ".join(bot.err.split())


def test_a_server_with_tls_of_old_is_told(bot: Bot, certificates: Certificates, scripted: Scripted) -> None:
    def refuses_the_version(peer: Peer) -> None:
        peer.sock.recv(65536)
        peer.sends_bytes(b"\x15\x03\x01\x00\x02\x02\x46")  # a fatal alert: protocol_version

    assert bot.exits(refuses_the_version, "", *options_for("--tls")) is Exit.CANNOT_CONNECT
    where = f"127.0.0.1, port {scripted.port}"
    assert bot.err == f"Cannot connect to {where}: it speaks no TLS of version 1.2 or newer.\n"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"\x15\x03\x01\x00\x02\x02\x28", "the TLS handshake failed ("),  # handshake_failure
        (b"\x16\x03\x03", "it closed the connection during the TLS handshake."),
    ],
)
def test_a_handshake_that_fails_is_told(bot: Bot, answer: bytes, why: str) -> None:
    def answers(peer: Peer) -> None:
        peer.sock.recv(65536)
        peer.sends_bytes(answer)

    assert bot.exits(answers, "", *options_for("--tls")) is Exit.CANNOT_CONNECT
    assert why in bot.err


def test_tls_1_1_is_not_spoken(bot: Bot, certificates: Certificates, scripted: Scripted) -> None:
    said: list[bytes] = []
    assert bot.exits(lambda peer: said.append(peer.sock.recv(65536)), "", *options_for("--tls")) is Exit.CANNOT_CONNECT
    supported = said[0][said[0].index(b"\x00\x2b") :][4:9]  # the extension supported_versions (RFC 8446, 4.2.1)
    assert supported == b"\x04\x03\x04\x03\x03"  # 1.3 and 1.2


def test_a_plain_connection_to_a_server_that_speaks_tls_is_told(bot: Bot, scripted: Scripted) -> None:
    KnownHosts().keep("127.0.0.1", scripted.port, Known())
    assert bot.exits(leaves_at_once) is Exit.GOODBYE
    assert "* This connection is not encrypted, though the server is known to speak TLS." in bot.err


# --- what is known of a server -----------------------------------------------------------------------------------


def test_a_certificate_that_was_accepted_is_not_asked_about_again(
    bot: Bot, scripted: Scripted, certificates: Certificates
) -> None:  # T3
    shown = certificates.self_signed()
    KnownHosts().keep("127.0.0.1", scripted.port, Known(shown.fingerprint))
    assert bot.exits(leaves_at_once, "", *options_for("--tls"), shown=shown) is Exit.GOODBYE


def test_a_changed_certificate_is_refused_loudly(
    bot: Bot, scripted: Scripted, certificates: Certificates
) -> None:  # T3
    before, now = certificates.self_signed(), certificates.self_signed()
    KnownHosts().keep("127.0.0.1", scripted.port, Known(before.fingerprint))
    scripted.plays(Peer.listens, now)
    assert bot.exits(Peer.listens, "hello\n", *options_for("--tls"), shown=now) is Exit.CANNOT_CONNECT
    scripted.close()
    assert scripted.heard == [b"", b""]
    words = " ".join(bot.err.split())
    assert f"THE CERTIFICATE OF 127.0.0.1, port {scripted.port} HAS CHANGED. Nothing was sent to it." in words
    assert f"Accepted was: {before.fingerprint} The server shows now: {now.fingerprint} " in words
    assert f"delete line 5 of {settings_file.path().with_name('known_hosts')} and connect again." in words
    assert in_file().splitlines()[4].startswith(f"127.0.0.1:{scripted.port}  sha256 {before.fingerprint}")


def test_a_new_certificate_that_authorities_vouch_for_takes_the_place_of_an_accepted_one(
    bot: Bot, scripted: Scripted, certificates: Certificates
) -> None:
    authority = certificates.authority()
    now, before = authority.issues(), certificates.self_signed()
    KnownHosts().keep("127.0.0.1", scripted.port, Known(before.fingerprint))
    scripted.plays(Peer.listens, now)  # it looks at the certificate, and connects again to have it checked
    chosen = options_for("--tls-ca", str(authority.file))
    assert bot.exits(leaves_at_once, "", *chosen, shown=now) is Exit.GOODBYE
    assert "* The server has a new certificate, for which authorities vouch. From now on they have to." in bot.err
    assert KnownHosts().of("127.0.0.1", scripted.port) == Known(line=5)


@pytest.mark.parametrize("again", [False, True])
def test_where_authorities_vouched_before_nothing_less_will_do(
    bot: Bot, scripted: Scripted, certificates: Certificates, again: bool
) -> None:  # no downgrade, whether the certificate that they vouched for was the first one or not
    now = certificates.self_signed()
    hosts = KnownHosts()
    if again:
        hosts.keep("127.0.0.1", scripted.port, Known(now.fingerprint))
    hosts.keep("127.0.0.1", scripted.port, Known())
    scripted.plays(Peer.listens, now)
    assert bot.exits(Peer.listens, "hello\n", *options_for("--tls"), shown=now) is Exit.CANNOT_CONNECT
    scripted.close()
    assert scripted.heard == [b"", b""]
    words = " ".join(bot.err.split())
    assert "CAN'T BE CHECKED ANY MORE: it is self-signed. Nothing was sent to it." in words
    assert f"delete line 5 of {settings_file.path().with_name('known_hosts')}" in words


@pytest.mark.usefixtures("no_input")
def test_a_line_that_can_t_be_read_is_no_reason_to_trust(bot: Bot, scripted: Scripted) -> None:
    KnownHosts().keep("127.0.0.1", scripted.port, Known())
    path = settings_file.path().with_name("known_hosts")
    path.write_text(f"127.0.0.1:{scripted.port} sha256 AB\n")
    code = myclient.main(["127.0.0.1", str(scripted.port), "--name", "bot", "--tls"])
    assert code == Exit.CANNOT_CONNECT.code
    bot.reads()
    assert f"The line for 127.0.0.1:{scripted.port} in {path} can't be read" in bot.err


def test_a_plain_connection_needs_no_file(bot: Bot) -> None:
    settings_file.path().with_name("known_hosts").mkdir(parents=True)
    assert bot.exits(leaves_at_once) is Exit.GOODBYE


@pytest.mark.usefixtures("no_input")
def test_a_file_that_can_t_be_read_is_no_reason_to_trust(bot: Bot) -> None:
    settings_file.path().with_name("known_hosts").mkdir(parents=True)
    assert myclient.main(["127.0.0.1", "1", "--name", "bot", "--tls"]) == Exit.CANNOT_CONNECT.code
    bot.reads()
    assert "known_hosts can't be read: Is a directory." in bot.err


# --- the question ------------------------------------------------------------------------------------------------


def meets(scripted: Scripted, monkeypatch: pytest.MonkeyPatch, answer: str) -> TlsConnector:
    """Meet the server at a terminal whose user types `answer`. Raises Ending."""

    def types(_: str) -> str:
        if answer == "^D":
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", types)
    connector = TlsConnector("127.0.0.1", scripted.port, KnownHosts())
    connector.meet(trust_question.accept)
    return connector


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize("answer", ["yes", " YES ", "the fingerprint"])
def test_at_a_terminal_it_is_asked_for_once_and_kept(
    scripted: Scripted,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
) -> None:  # T3, T4
    shown = certificates.self_signed()
    for _ in range(3):
        scripted.plays(Peer.listens, shown)
    connector = meets(scripted, monkeypatch, answer.replace("the fingerprint", shown.fingerprint))
    told = " ".join(capsys.readouterr().out.split())
    assert f"can't be checked: it is self-signed. Its SHA-256 fingerprint: {shown.fingerprint} Compare it" in told
    link = connector.connect()
    assert (link.server.address, link.note) == (f"127.0.0.1, port {scripted.port}", "")
    link.end()
    link.close()
    meets(scripted, monkeypatch, "^D")  # it is not asked
    assert capsys.readouterr().out == ""
    scripted.close()
    assert scripted.heard == [b"", b"", b""]
    assert f"127.0.0.1:{scripted.port}  sha256 {shown.fingerprint}  # since " in in_file()


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("no", "The certificate was not accepted."),
        ("", "The certificate was not accepted."),
        ("^D", "The certificate was not accepted."),
        ("AB:" * 31 + "AB", "THAT IS ANOTHER FINGERPRINT"),
    ],
)
def test_any_other_answer_leaves(
    scripted: Scripted, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, answer: str, why: str
) -> None:  # T3
    shown = certificates.self_signed()
    scripted.plays(Peer.listens, shown)
    scripted.plays(Peer.listens, shown)
    with pytest.raises(Ending, match=why) as ended:
        meets(scripted, monkeypatch, answer)
    assert ended.value.how is Exit.CANNOT_CONNECT
    scripted.close()
    assert scripted.heard == [b"", b""]
    assert KnownHosts().of("127.0.0.1", scripted.port) is None


@pytest.mark.usefixtures("bot")
def test_a_server_that_authorities_vouch_for_is_met_without_a_question(
    scripted: Scripted, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:  # T3
    authority = certificates.authority()
    scripted.plays(Peer.listens, authority.issues())
    connector = TlsConnector("127.0.0.1", scripted.port, KnownHosts(), authority.file)
    connector.meet(lambda _: pytest.fail("asked"))
    TlsConnector("127.0.0.1", 1, KnownHosts(), fingerprint="AB").meet(lambda _: pytest.fail("asked"))


@pytest.mark.usefixtures("bot")
def test_an_answer_that_can_t_be_written_down_holds_for_this_conversation(
    scripted: Scripted, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:  # T3
    shown = certificates.self_signed()
    for _ in range(4):
        scripted.plays(Peer.listens, shown)
    (tmp_path / "config").write_text("a file in the folder's place")
    connector = meets(scripted, monkeypatch, "yes")
    notes = []
    for _ in range(2):
        link = connector.connect()
        notes.append(link.note)
        link.close()
    assert "can't be kept in" in notes[0]
    assert notes[0].endswith("You will be asked again.")
    assert notes[1] == ""


@pytest.mark.usefixtures("bot")
def test_a_user_without_a_home_is_known_nothing_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(settings_file, "path", nowhere)
    hosts = KnownHosts()
    assert hosts.of("localhost", 1) is None
    assert hosts.keep("localhost", 1, Known("AB")) == "no home"
    assert (hosts.of("localhost", 1), hosts.file) == (Known("AB"), "known_hosts")


# --- the return --------------------------------------------------------------------------------------------------


def has_no_secret(bot: Bot, scripted: Scripted, impostors: int) -> None:
    """Look through what the last servers received by the connections that came after the first one."""
    scripted.close()
    assert len(scripted.heard) == impostors + 1
    assert scripted.heard[1:] == [b""] * impostors
    assert "hello" in scripted.heard[0].decode()


def test_a_return_to_another_certificate_tells_nothing_and_says_so_once(
    bot: Bot, scripted: Scripted, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:  # T4
    gives_up_after(2, monkeypatch)
    ours, other = certificates.self_signed(), certificates.self_signed()
    KnownHosts().keep("127.0.0.1", scripted.port, Known(ours.fingerprint))

    def loses_to_an_impostor(peer: Peer) -> None:
        for _ in range(4):
            scripted.plays(Peer.listens, other)
        loses(peer)

    chosen = options_for("--reconnect", "60", "--tls")
    assert bot.exits(loses_to_an_impostor, "hello\n", *chosen, shown=ours) is Exit.CANNOT_CONNECT
    has_no_secret(bot, scripted, 4)
    shown, ending = bot.err.split("! THE CERTIFICATE")[1:], bot.err.rpartition("\nTHE CERTIFICATE")[2]
    assert len(shown) == 1
    assert "HAS CHANGED. Nothing was sent to it." in ending


def test_a_return_to_a_plain_server_tells_nothing(
    bot: Bot, scripted: Scripted, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:  # T4
    monkeypatch.setenv(options.PASSWORD_VARIABLE, PASSWORD)
    gives_up_after(2, monkeypatch)
    ours = certificates.self_signed()
    KnownHosts().keep("127.0.0.1", scripted.port, Known(ours.fingerprint))

    def loses_to_a_plain_server(peer: Peer) -> None:
        scripted.plays(speaks_plainly)
        scripted.plays(lambda peer: peer.sends(Asked("password", "Its password?")))
        loses(peer)

    chosen = options_for("--reconnect", "60", "--tls")
    assert bot.exits(loses_to_a_plain_server, "hello\n", *chosen, shown=ours) is Exit.CANNOT_CONNECT
    scripted.close()
    has_only_tls(scripted.heard[1:])
    assert bot.err.count("! 127.0.0.1") == 1
    assert "SPOKE TLS BEFORE" in bot.err


def test_a_plain_client_that_returns_to_a_tls_server_ends(
    bot: Bot, scripted: Scripted, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:  # T4
    monkeypatch.setenv(options.PASSWORD_VARIABLE, PASSWORD)

    def is_tls(peer: Peer) -> None:
        assert isinstance(peer.gets(), Hello)
        peer.sends_bytes(b"\x15\x03\x01\x00\x02\x02\x46")
        peer.listens()

    scripted.plays(loses)
    assert bot.exits(is_tls, "hello\n", *options_for("--reconnect", "60")) is Exit.CANNOT_CONNECT
    assert bot.err.endswith("\nThe server speaks TLS. Connect with --tls.\n")
    scripted.close()
    assert PASSWORD.encode() not in b"".join(scripted.heard)
    assert b'"text"' not in scripted.heard[1]  # the line that waits


def test_a_certificate_that_changes_between_two_looks_is_not_trusted_for_the_other_look(
    bot: Bot, scripted: Scripted, certificates: Certificates
) -> None:  # T4
    authority = certificates.authority()
    ours, other = authority.issues(), certificates.self_signed()

    def loses_to_two(peer: Peer) -> None:
        scripted.plays(Peer.listens, other)  # it is checked by the authorities
        scripted.plays(Peer.listens, ours)  # and looked at by another connection, which then has the right one
        scripted.plays(repeats, ours)
        loses(peer)

    chosen = options_for("--reconnect", "60", "--tls-ca", str(authority.file))
    assert bot.exits(loses_to_two, "hello\n", *chosen, shown=ours) is Exit.GOODBYE
    scripted.close()
    assert [bool(heard) for heard in scripted.heard] == [True, False, False, True]
    assert "CAN'T BE CHECKED ANY MORE" in bot.err


def test_a_pinned_certificate_that_changes_between_two_looks_is_not_trusted_either(
    bot: Bot, scripted: Scripted, certificates: Certificates
) -> None:  # T4
    ours, other = certificates.self_signed(), certificates.self_signed()
    KnownHosts().keep("127.0.0.1", scripted.port, Known(ours.fingerprint))

    def loses_to_two(peer: Peer) -> None:
        scripted.plays(Peer.listens, other)
        scripted.plays(Peer.listens, ours)  # asked whether authorities vouch for it: they don't
        scripted.plays(repeats, ours)
        loses(peer)

    chosen = options_for("--reconnect", "60", "--tls")
    assert bot.exits(loses_to_two, "hello\n", *chosen, shown=ours) is Exit.GOODBYE
    scripted.close()
    assert [bool(heard) for heard in scripted.heard] == [True, False, False, True]


def lets_in_with_password(peer: Peer) -> None:
    peer.gets()
    peer.sends(Asked("password", "Its password?"))
    peer.gets(Password(PASSWORD))
    peer.sends(Welcomed("bot", "epoch", 1, 1))
    peer.gets(Line("hello", 1))


def asks_again(peer: Peer) -> None:
    comes_back(peer)
    peer.sends(Asked("password", "Its password?"))
    peer.gets(Password(PASSWORD))
    peer.sends(Welcomed("bot", "epoch", 3, 1, resumed=True), Joined(3, "bot", 1))
    peer.gets(Line("hello", 1))
    peer.sends(Said(4, "bot", "hello", AT, 1))
    peer.gets(GOODBYE)


def asks_in_vain(peer: Peer) -> None:
    comes_back(peer)
    peer.sends(Asked("password", "Its password?"))
    assert peer.gets() is None


@pytest.mark.parametrize("same_key", [True, False])
def test_a_password_goes_on_a_return_to_the_same_key_only(
    bot: Bot, scripted: Scripted, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, same_key: bool
) -> None:  # T4
    monkeypatch.setenv(options.PASSWORD_VARIABLE, PASSWORD)
    first = certificates.self_signed()
    renewed = certificates.self_signed(key=first.key if same_key else None)
    both = certificates.bundle(first, renewed)

    def renews(peer: Peer) -> None:
        scripted.plays(asks_again if same_key else asks_in_vain, renewed)
        lets_in_with_password(peer)

    chosen = options_for("--reconnect", "60", "--tls-ca", str(both))
    ended = bot.exits(renews, "hello\n", *chosen, shown=first)
    assert ended is (Exit.GOODBYE if same_key else Exit.REFUSED)
    assert ("The server's certificate has another key now" in bot.err) is not same_key


def test_a_return_by_tls_repeats_what_had_no_answer(bot: Bot, scripted: Scripted, certificates: Certificates) -> None:
    ours = certificates.self_signed()
    scripted.plays(loses, ours)
    chosen = options_for("--reconnect", "60", "--tls-fingerprint", ours.fingerprint)
    assert bot.exits(repeats, "hello\n", *chosen, shown=ours) is Exit.GOODBYE


def test_the_user_may_accept_a_new_certificate_meanwhile(
    bot: Bot, scripted: Scripted, certificates: Certificates
) -> None:  # T3: in another terminal, say
    ours, other = certificates.self_signed(), certificates.self_signed()
    KnownHosts().keep("127.0.0.1", scripted.port, Known(ours.fingerprint))

    def is_accepted(peer: Peer) -> None:
        KnownHosts().keep("127.0.0.1", scripted.port, Known(other.fingerprint))
        scripted.plays(Peer.listens, other)  # only now: whether authorities vouch for it
        scripted.plays(repeats, other)
        peer.listens()

    def loses_to_another(peer: Peer) -> None:
        scripted.plays(is_accepted, other)
        loses(peer)

    chosen = options_for("--reconnect", "60", "--tls")
    assert bot.exits(loses_to_another, "hello\n", *chosen, shown=ours) is Exit.GOODBYE


def test_a_context_for_any_certificate_wants_tls_1_2_too() -> None:
    for context in (unchecked(), vouching(None)):
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
