"""A plugin for pytest: every party's order defers, so that the tests of the hub are tests of that, too.

Left out are the tests that look at what comes first within one turn: with this order, a proposal's consequences come in
the next turn, after whatever the hub answers at once.
"""

from __future__ import annotations

import pytest

from tests.support.party import Party

_WITHIN_ONE_TURN = (
    "test_one_turn_is_cut_for_each_reader_at_its_places",
    "test_the_old_name_is_free_at_once_also_in_the_same_turn",
    "test_a_framed_client_s_line_is_answered_when_the_question_was_asked",
    "test_a_ban_meets_who_is_connected_whatever_the_dialect",
    "test_each_command_is_logged_with_its_result",
    "test_what_a_client_sends_by_itself_is_for_debugging",
)


def pytest_configure() -> None:
    """Have all parties defer."""
    Party.defers = True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the tests that do not apply."""
    items[:] = [item for item in items if not item.name.startswith(_WITHIN_ONE_TURN)]
