"""client.core.known_servers: the lines of known_hosts, made for reading and editing by people. T3."""

from __future__ import annotations

import pytest

from client.core.known_servers import HEAD, Known, look_up, place_of, remember
from protocol.certificates import fingerprint

A, B = fingerprint(b"a"), fingerprint(b"b")


@pytest.mark.parametrize(
    ("host", "place"),
    [("localhost", "localhost:1"), ("Chat.Example.org.", "chat.example.org:1"), ("::1", "[::1]:1")],
)
def test_a_server_is_named_as_people_write_it(host: str, place: str) -> None:
    assert place_of(host, 1) == place


def test_a_new_file_explains_itself() -> None:
    assert remember("", "a:1", Known(A), "2026-11-21") == f"{HEAD}a:1  sha256 {A}  # since 2026-11-21\n"


def test_each_server_has_one_line_and_a_port_of_its_own() -> None:
    text = remember("", "a:1", Known(A), "1")
    text = remember(text, "a:2", Known(), "2")
    text = remember(text, "a:1", Known(B), "3")
    assert text == f"{HEAD}a:1  sha256 {B}  # since 3\na:2  authorities  # since 2\n"
    assert look_up(text, "a:1") == Known(B, line=5)
    assert look_up(text, "a:2") == Known(line=6)
    assert look_up(text, "a:3") is None


def test_what_people_write_between_stays() -> None:
    text = f"# mine\n\nA:1\tsha256 {A}\nb:1 authorities\nbroken line\n"
    changed = remember(text, "b:1", Known(B), "1")
    assert changed == text.replace("b:1 authorities", f"b:1  sha256 {B}  # since 1")
    assert remember(changed.rstrip("\n"), "c:1", Known(), "1") == f"{changed}c:1  authorities  # since 1\n"


@pytest.mark.parametrize(
    "rest", ["", "sha256", f"sha256 {A[:-1]}", "authority", f"{A}", "authorities too", f"md5 {A}", f"# sha256 {A}"]
)
def test_a_line_that_makes_no_sense_is_no_stranger(rest: str) -> None:
    with pytest.raises(ValueError, match=r"sha256|SHA-256"):
        look_up(f"b:1 authorities\na:1 {rest}\n", "a:1")
    assert look_up(f"b:1 authorities\na:1 {rest}\n", "b:1") == Known(line=1)


def test_a_fingerprint_may_be_written_in_any_way() -> None:
    assert look_up(f"a:1 sha256 {A.lower().replace(':', ' ')}", "a:1") == Known(A, line=1)
