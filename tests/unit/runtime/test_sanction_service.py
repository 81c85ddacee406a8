"""runtime/sanction_service.py: bans.txt and the message of the day, on a thread of their own."""

from __future__ import annotations

import logging
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.effects import Acknowledgement, DropSanction, KeepSanction
from chat.sanctions import Act, Sanction
from chat.session import Session
from protocol.events import Noticed
from runtime.sanction_service import Reread, SanctionResult, SanctionService, motd_at
from storage.bans_file import BansFile, Change
from tests.support.patience import PATIENCE

BOB, CARL = (Sanction(Act.BAN, (name,), None, "ann") for name in ("bob", "carl"))
NOTHING = Change([], [], [])
AT = 1_700_000_000.0


@pytest.fixture
def service(tmp_path: Path) -> Iterator[SanctionService]:
    made = SanctionService(BansFile(tmp_path), tmp_path / "motd")
    yield made
    made.close()


def only_result(service: SanctionService) -> SanctionResult:
    results: list[SanctionResult] = []
    while not results:  # a thread that gave two may be slow to wake us for the second, which we have by then
        assert select.select([service.fileno()], [], [], PATIENCE)[0]
        results = service.results()
    (result,) = results
    return result


def keep(sanction: Sanction, by: Session | None = None) -> KeepSanction:
    typed = None if by is None else Acknowledgement(by, Noticed("done"), None, 0)
    return KeepSanction(sanction, AT, typed)


def test_what_operators_do_is_written_in_their_order(service: SanctionService, tmp_path: Path) -> None:  # M3
    for task in (keep(BOB), keep(CARL), DropSanction(Act.BAN, "bob", AT)):
        service.submit(task)
        assert only_result(service) == (NOTHING, task, "", None, (task,))
    assert (tmp_path / "bans.txt").read_text() == "ban carl forever by ann\n"


def test_who_has_typed_it_waits_until_it_is_written(service: SanctionService) -> None:  # M3
    ann, olga = Session("192.0.2.1:1"), Session("192.0.2.1:2")
    service.submit(keep(BOB, ann))
    service.submit(keep(CARL, olga))
    assert service.waiting == {ann, olga}
    assert only_result(service).task == keep(BOB, ann)
    assert service.waiting == {olga}
    only_result(service)
    assert service.waiting == set()


def test_a_reload_reads_both_files_again(  # M3, M5
    service: SanctionService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "bans.txt").write_text("ban bob forever by ann\nban -\n")
    (tmp_path / "motd").write_text("Be kind.\n" * 30)
    with caplog.at_level(logging.WARNING):
        service.reload()
        result = only_result(service)
    assert isinstance(result.task, Reread)
    assert result.change.added == [BOB]
    assert result.motd == ("Be kind.",) * 20
    assert "bans.txt, line 2: - is neither a name nor a network" in caplog.text
    assert "motd is too long" in caplog.text


def test_a_message_that_can_t_be_read_stays_as_it_was(  # M5
    service: SanctionService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        service.reload()
        assert only_result(service).motd is None
    assert f"Cannot read {tmp_path / 'motd'}: No such file or directory." in caplog.text
    assert motd_at(None) == ()


@pytest.mark.parametrize(
    ("error", "why", "words"),
    [
        (OSError(28, "No space left"), "No space left", "No space left. That holds until the server stops."),
        (KeyError(), "a bug in the server", "A bug"),
    ],
)
def test_what_fails_is_told_and_the_service_goes_on(  # M3
    service: SanctionService,
    error: Exception,
    why: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as patched, caplog.at_level(logging.ERROR):
        patched.setattr(BansFile, "_write", fail)
        service.submit(keep(BOB))
        assert only_result(service) == (NOTHING, keep(BOB), why, None, (keep(BOB),))
    assert words in caplog.text
    service.submit(keep(CARL))
    assert only_result(service).why_not == ""


def test_an_edit_counts_also_when_what_follows_it_can_t_be_written(  # M3
    service: SanctionService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left")

    (tmp_path / "bans.txt").write_text("ban bob forever by ann\n")
    monkeypatch.setattr(BansFile, "_write", fail)
    service.submit(keep(CARL))
    result = only_result(service)
    assert (result.change.added, result.why_not) == ([BOB], "No space left")


def test_bans_that_can_t_be_read_again_stay(
    service: SanctionService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "bans.txt").mkdir()
    service.reload()
    assert only_result(service).why_not == "Is a directory"
    assert "bans.txt: Is a directory. The bans stay as they were." in caplog.text


def test_what_is_not_in_the_file_yet_is_told_with_an_edit(service: SanctionService, tmp_path: Path) -> None:  # M3
    service.submit(keep(BOB))
    only_result(service)
    (tmp_path / "bans.txt").write_text("# nobody\n")
    longer = Sanction(Act.BAN, ("bob",), None, "ann", "again")
    service.submit(keep(longer))
    done = only_result(service)
    assert (done.change.removed, done.pending) == ([BOB], (keep(longer),))
    assert (tmp_path / "bans.txt").read_text() == "# nobody\nban bob forever by ann: again\n"


def test_a_large_edit_comes_in_parts_and_what_was_done_meanwhile_with_each(  # M3
    service: SanctionService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.sanction_service.PART", 2)
    (tmp_path / "bans.txt").write_text("ban n1\nban n2\nban n3\n")
    service.reload()
    first = only_result(service)
    assert ([one.subjects for one in first.change.added], first.task, first.pending) == ([("n1",), ("n2",)], None, ())
    later = DropSanction(Act.BAN, "n3", AT)
    service.submit(later)
    last = only_result(service)
    assert ([one.subjects for one in last.change.added], last.pending) == ([("n3",)], (later,))
    assert isinstance(last.task, Reread)
    assert only_result(service).task == later
