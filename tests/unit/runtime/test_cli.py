"""runtime/cli.py: the server's command line, and what it prints at the start."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest

from chat import limits
from protocol import __version__
from protocol.dialects import SLASH, VERBS
from runtime import cli as options_module
from runtime.cli import DIALECTS, invitation, option_of, options_of, set_limits
from runtime.poller import SelectPoller
from system.commands import interpreter


def test_a_port_is_enough() -> None:
    options = options_of(["8001"])
    assert (options.port, options.host, options.data) == (8001, None, Path("chatdata"))
    assert (options.max_users, options.dialect, options.log_level) == (SelectPoller.peers_limit, "auto", "info")
    assert (options.trusted, options.no_rate_limit) == ([], False)


def test_every_option_is_parsed() -> None:
    line = "65535 --host ::1 --data elsewhere --max-users 10 --dialect verbs --log-level debug"
    options = options_of(line.split())
    assert (options.port, options.host, options.data) == (65535, "::1", Path("elsewhere"))
    assert (options.max_users, options.dialect, options.log_level) == (10, "verbs", "debug")


def test_a_dialect_stands_for_itself() -> None:
    assert DIALECTS == {"auto": None, "slash": SLASH, "verbs": VERBS}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("0", "'0' is not a port: give a number from 1 to 65535"),
        ("65536", "'65536' is not a port"),
        ("-1", "'-1' is not a port"),
        ("http", "'http' is not a port"),
        ("٨٠٠١", "is not a port"),
        ("8²", "is not a port"),
        ("8001 --max-users 0", "'0' is not an amount: give a whole number, 1 or more"),
        ("8001 --max-users many", "'many' is not an amount"),
        ("8001 --high-water 0", "'0' is not an amount"),
        ("8001 --high-water " + "9" * 5000, "is not an amount"),
        ("8001 --high-water 00009007199254740992", "is not an amount"),
        ("8001 --message-rate 1e-300", "'1e-300' is not a number of seconds or a rate"),
        ("8001 --history-days 1e300", "'1e300' is not a number of seconds or a rate"),
        ("8001 --message-rate nan", "'nan' is not a number of seconds or a rate"),
        ("8001 --message-rate 0", "'0' is not a number of seconds or a rate"),
        ("8001 --message-rate fast", "'fast' is not a number of seconds or a rate"),
        ("8001 --message-rate inf", "'inf' is not a number of seconds or a rate"),
        ("8001 --trusted home", "'home' is not a network: give one such as 192.0.2.0/24"),
        ("8001 --dialect irc", "invalid choice: 'irc'"),
        ("8001 --log-level loud", "invalid choice: 'loud'"),
        ("8001 8002", "unrecognized arguments: 8002"),
        ("8001 --room http://db/lobby", "argument --room: that is not an address of Redis: give one such as redis://"),
        ("8001 --room redis://db/lobby --no-journal", "--no-journal is no choice with --room"),
        ("8001 --room redis://db/lobby --sync", "--sync is no choice with --room"),
    ],
)
def test_an_invalid_command_line_ends_with_a_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], line: str, sentence: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        options_of(line.split())
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        options_of(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"server.py {__version__}\n"


def test_every_limit_has_an_option_that_sets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in limits.REASONS:
        monkeypatch.setattr(limits, name, getattr(limits, name))  # put back after the test
    words = [word for name in limits.REASONS for word in (option_of(name), "77")]
    set_limits(options_of(["8001", *words]))
    assert {name: getattr(limits, name) for name in limits.REASONS} == dict.fromkeys(limits.REASONS, 77)


def test_limits_that_are_not_given_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {name: getattr(limits, name) for name in limits.REASONS}
    set_limits(options_of(["8001"]))
    assert {name: getattr(limits, name) for name in limits.REASONS} == before


def test_networks_can_be_trusted_repeatedly() -> None:
    options = options_of(["8001", "--trusted", "192.0.2.0/24", "--trusted", "2001:db8::/32"])
    assert options.trusted == [IPv4Network("192.0.2.0/24"), IPv6Network("2001:db8::/32")]


def test_a_network_that_is_mapped_into_ipv6_is_the_ipv4_one() -> None:  # T2
    options = options_of(["8001", "--tls-cert", "c", "--tls-key", "c", "--plain-from", "::ffff:192.0.2.0/120"])
    assert options.plain_from == [IPv4Network("192.0.2.0/24")]


@pytest.mark.parametrize(
    ("host", "addresses", "joined"),
    [("192.0.2.7", [], ["192.0.2.7"]), (None, ["192.0.2.1", "2001:db8::1"], ["localhost", "192.0.2.1", "2001:db8::1"])],
)
def test_the_invitation_names_every_address(
    monkeypatch: pytest.MonkeyPatch, host: str | None, addresses: list[str], joined: list[str]
) -> None:  # A1
    monkeypatch.setattr(options_module, "own_addresses", lambda: addresses)
    first, *rest = invitation(host, 8001)
    assert first == "Listening on port 8001. Join with:"
    at = [f"[{name}]:8001" if ":" in name else f"{name}:8001" for name in joined]
    assert rest == [
        f"  http://{place}/  or  telnet {name} 8001  or  {interpreter()} myclient.py {name} 8001"
        for name, place in zip(joined, at, strict=True)
    ]


def test_the_invitation_says_from_where_a_header_is_expected() -> None:  # N9
    proxies = options_of(["8001", "--proxy-protocol", "127.0.0.0/8", "--proxy-protocol", "::1"]).proxy_protocol
    *_, last = invitation("127.0.0.1", 8001, proxies=proxies)
    assert last == "Connections from 127.0.0.0/8 and ::1/128 have to begin with a PROXY header."
