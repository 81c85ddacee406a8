"""chat/shared/shared_log.py: the marks that chain the entries of a log that servers share."""

from __future__ import annotations

from chat.shared.shared_log import NO_MARK, mark_of


def test_a_mark_depends_on_all_entries_before_it() -> None:
    first = mark_of(NO_MARK, "a" * 16, 0)
    assert first == "4d4db45558f157c26054d1298994d0e2ac5d3ca0"
    others = {mark_of(first, "a" * 16, 1), mark_of(NO_MARK, "a" * 16, 1), mark_of(first, "b" * 16, 1)}
    assert len(others | {first}) == 4
