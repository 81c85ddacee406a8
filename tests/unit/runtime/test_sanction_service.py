"""runtime/sanction_service.py: bans.txt and the message of the day, on a thread of their own."""

from __future__ import annotations

import logging
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat.effects import DropSanction, KeepSanction
from chat.sanctions import Act, Sanction
from runtime.sanction_service import SanctionResult, SanctionService, motd_at
from storage.bans_file import BansFile, Change

BOB, CARL = (Sanction(Act.BAN, (name,), None, "ann") for name in ("bob", "carl"))
NOTHING = Change([], [], [])


@pytest.fixture
def service(tmp_path: Path) -> Iterator[SanctionService]:
    made = SanctionService(BansFile(tmp_path), tmp_path / "motd")
    yield made
    made.close()


def only_result(service: SanctionService) -> SanctionResult:
    assert select.select([service.fileno()], [], [], 10)[0]
    (result,) = service.results()
    return result


def test_what_operators_do_is_written_in_their_order(service: SanctionService, tmp_path: Path) -> None:  # M3
    for task in (KeepSanction(BOB), KeepSanction(CARL), DropSanction(Act.BAN, "bob")):
        service.submit(task)
        newer = (task.sanction,) if isinstance(task, KeepSanction) else ()
        assert only_result(service) == (NOTHING, False, None, newer)
    assert (tmp_path / "bans.txt").read_text() == "ban carl forever by ann\n"


def test_a_reload_reads_both_files_again(  # M3, M5
    service: SanctionService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "bans.txt").write_text("ban bob forever by ann\nban -\n")
    (tmp_path / "motd").write_text("Be kind.\n" * 30)
    with caplog.at_level(logging.WARNING):
        service.reload()
        change, is_reload, motd, _ = only_result(service)
    assert is_reload
    assert change.added == [BOB]
    assert motd == ("Be kind.",) * 20
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
    ("error", "words"),
    [(OSError(28, "No space left"), "No space left. What operators do holds"), (KeyError(), "A bug")],
)
def test_what_fails_is_a_line_in_the_log_and_the_service_goes_on(  # M3
    service: SanctionService,
    error: Exception,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> Change:
        raise error

    with monkeypatch.context() as patched, caplog.at_level(logging.ERROR):
        patched.setattr(BansFile, "add", fail)
        service.submit(KeepSanction(BOB))
        assert only_result(service) == (NOTHING, False, None, (BOB,))
    assert words in caplog.text
    service.submit(KeepSanction(CARL))
    assert only_result(service) == (NOTHING, False, None, (CARL,))


def test_what_is_not_in_the_file_yet_is_told_with_what_was_removed_from_it(  # M3
    service: SanctionService, tmp_path: Path
) -> None:
    service.submit(KeepSanction(BOB))
    only_result(service)
    (tmp_path / "bans.txt").write_text("# nobody\n")
    longer = Sanction(Act.BAN, ("bob",), None, "ann", "again")
    service.submit(KeepSanction(longer))
    done = only_result(service)
    assert (done.change.removed, done.newer) == ([BOB], (longer,))
    assert (tmp_path / "bans.txt").read_text() == "# nobody\nban bob forever by ann: again\n"
