"""tools/structure.py, and what it says of this repository: the layers, their picture, no circles, sizes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.structure import (
    LAYERS,
    Module,
    arrows,
    attributes,
    circles,
    direct,
    docstrings,
    functions,
    imports,
    modules,
    picture,
    product,
    upward,
)

ROOT = Path(__file__).parents[3]
SOURCE = '''
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chat import limits


class Room:
    """A room."""

    name: str

    def __init__(self):
        from protocol.text import clean
        self.name = self.seat = clean

    def enter(self):
        pass
'''


def tree(folder: Path, **sources: str) -> Path:
    for name, source in sources.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return folder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return tree(tmp_path, chat__room=SOURCE, chat__limits="", protocol__text="", tests__test_room="import chat.room")


def test_a_module_is_measured(small: Path) -> None:
    known = modules(small)
    assert set(known) == {"chat.room", "chat.limits", "protocol.text"}
    room = known["chat.room"]
    assert imports(room, known) == {"chat.limits", "protocol.text"}
    assert list(functions(room)) == [(3, "chat.room.__init__"), (2, "chat.room.enter")]
    assert list(attributes(room)) == [(2, "chat.room.Room")]
    assert docstrings(room) == (1, 2)


def test_arrows_lead_from_layer_to_layer_and_the_wrong_ones_are_found(small: Path) -> None:
    tree(small, protocol__dialects__json="import chat.room", chat__delivery__outbox="import chat.room")
    known, graph = product(small)
    between = arrows(graph, known)
    assert between == {("chat", "protocol"), ("protocol", "chat"), ("chat.delivery", "chat")}
    assert upward(between) == [("protocol", "chat")]


def test_circles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set[str](), "e": {"f"}, "f": {"e"}}
    assert circles(graph) == [["a", "b", "c"], ["e", "f"]]


def test_an_arrow_that_others_imply_is_not_drawn() -> None:
    between = {("server.py", "chat"), ("chat", "protocol"), ("server.py", "protocol")}
    assert direct(between) == {("server.py", "chat"), ("chat", "protocol")}
    assert picture(between).splitlines() == [
        "graph TD",
        "    chat[chat/] --> protocol[protocol/]",
        "    server_py[server.py] --> chat[chat/]",
    ]


@pytest.fixture(scope="module")
def known() -> dict[str, Module]:
    """Return the modules of this repository, which take a while to read."""
    return modules(ROOT)


@pytest.fixture(scope="module")
def run_by_users(known: dict[str, Module]) -> tuple[dict[str, Module], dict[str, set[str]]]:
    """Return those of them that users run, and which each imports."""
    users = {name: module for name, module in known.items() if not module.is_tool}
    return users, {name: imports(module, users) for name, module in users.items()}


def test_the_tools_share_from_below(known: dict[str, Module]) -> None:
    for name, module in known.items():
        if name.startswith("tools.shared"):
            assert {target for target in imports(module, known) if not target.startswith("tools.shared")} == set()


def test_imports_between_layers_run_only_downwards(
    run_by_users: tuple[dict[str, Module], dict[str, set[str]]],
) -> None:
    known, graph = run_by_users
    assert {module.layer for module in known.values()} <= set(LAYERS)
    assert upward(arrows(graph, known)) == []


def test_no_modules_import_each_other_in_a_circle(known: dict[str, Module]) -> None:
    assert circles({name: imports(module, known) for name, module in known.items()}) == []


def test_the_picture_in_the_architecture_is_up_to_date(
    run_by_users: tuple[dict[str, Module], dict[str, set[str]]],
) -> None:
    known, graph = run_by_users
    drawn = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("```mermaid\n")[1].split("\n```")[0]
    assert drawn == picture(arrows(graph, known)), "put in what `python -m tools.structure --picture` prints"
