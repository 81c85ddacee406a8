"""Which way the imports run (DESIGN.md, "Layout"): what is pure stays pure, and the server needs nothing installed."""

from __future__ import annotations

import ast
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NETWORK = {"socket", "select", "selectors", "ssl", "asyncio"}
MACHINE = {"os", "pathlib", "io", "sqlite3", "signal", "subprocess", "threading", "queue", "logging"}
CLOCK_AND_CHANCE = {"time", "random", "secrets"}
MAY_IMPORT = {
    "protocol": {"protocol"},
    "chat": {"chat", "protocol"},
    "system": {"system", "protocol"},
    "storage": {"storage", "chat", "system", "protocol"},
    "runtime": {"runtime", "web", "storage", "chat", "system", "protocol"},
    "client": {"client", "system", "protocol"},
    "storechat": {"storechat", "client", "system", "protocol"},
    "web": set(),
    "server.py": {"runtime", "storage", "chat", "system", "protocol"},
    "kvstore.py": {"storechat", "runtime", "storage", "system", "protocol"},
    "myclient.py": {"storechat", "client", "system", "protocol"},
}
PURE_FOLDERS = ("protocol", "chat", "client/core", "client/view", "storechat/core", "storechat/server")
OURS = {Path(place).stem for place in MAY_IMPORT}
# The packages that the server can use, each in one file that does without it: RFC 6455 is long, and its core is pure;
# and what --room needs.
OPTIONAL = {"protocol/websocket.py": {"websockets"}, "storage/redis_log.py": {"redis"}}
SERVER = ["protocol", "chat", "system", "storage", "runtime", "storechat/server", "server.py", "kvstore.py"]


def sources(place: str) -> list[Path]:
    path = ROOT / place
    return [path] if path.suffix else sorted(path.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Return the top-level names of all that the file imports when it runs, wherever in it that stands."""
    return {name.partition(".")[0] for node in run(ast.parse(path.read_text(encoding="utf-8"))) for name in names(node)}


def run(node: ast.AST) -> Iterator[ast.AST]:
    """Yield `node` and all in it but what stands under `if TYPE_CHECKING:`."""
    yield node
    checking = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    for child in node.orelse if checking else ast.iter_child_nodes(node):  # type: ignore[attr-defined]
        yield from run(child)


def names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or "."] if isinstance(node, ast.ImportFrom) else []


PURE = [path for folder in PURE_FOLDERS for path in sources(folder)]


def in_tree(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PURE, ids=in_tree)
def test_what_is_pure_knows_no_sockets_clock_threads_disk_or_chance(path: Path) -> None:
    assert imports(path) & (NETWORK | MACHINE | CLOCK_AND_CHANCE) == set()


def test_what_is_pure_is_what_make_holds_to_full_coverage() -> None:
    line = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("PURE ="))
    assert line.partition("=")[2].strip().split(",") == [f"{folder}/*" for folder in PURE_FOLDERS]


@pytest.mark.parametrize("place", MAY_IMPORT)
def test_imports_run_one_way(place: str) -> None:
    assert sources(place) != []
    for path in sources(place):
        assert imports(path) & OURS <= MAY_IMPORT[place], path


@pytest.mark.parametrize("path", [path for place in SERVER for path in sources(place)], ids=in_tree)
def test_the_server_needs_nothing_but_the_standard_library(path: Path) -> None:
    assert imports(path) - OURS - OPTIONAL.get(in_tree(path), set()) <= sys.stdlib_module_names


def test_what_the_server_can_do_without_it_does_without() -> None:
    for place, packages in OPTIONAL.items():
        without = dict.fromkeys(packages)
        script = f"import sys; sys.modules.update({without!r}); import runpy; runpy.run_path({place!r})"
        assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0, place


def test_nothing_hides_a_module_of_the_standard_library() -> None:
    ours = {path.stem for path in ROOT.iterdir() if path.is_dir() or path.suffix == ".py"}
    assert ours & sys.stdlib_module_names == set()
    assert not (ROOT / "server").exists()  # it would hide server.py


def test_an_older_python_is_told_which_one_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    package = str(ROOT / "protocol" / "__init__.py")
    assert runpy.run_path(package)["sys"] is sys  # this one is new enough
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version_info", (3, 9, 18))
        with pytest.raises(SystemExit, match=r"^This chat needs Python 3.10 or newer; this is Python 3.9.$"):
            runpy.run_path(package)
