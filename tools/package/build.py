"""Make the package `select_chat` of the checkout: the one name that an installation puts beside other packages (O1).

In the checkout the folders and the three programs stand at the top, where `python server.py` finds them. Names such as
`client` and `server` may belong to somebody else on other machines, so in the package they are below `select_chat`, and
the imports in it say so: `from chat.hub import Hub` there reads `from select_chat.chat.hub import Hub`. Nothing else in
a file changes, and no line moves.

setuptools asks `BuildPy` to do that when it builds a wheel (pyproject.toml names it there); pyz.py uses `write` alone.
The manual pages and the completions (manual.py) go into the wheel with it.
This file imports nothing of ours at its top: a build that is isolated finds it by its path.
"""

from __future__ import annotations

import ast
import re
import shutil
import sys
from pathlib import Path

from setuptools.command.build_py import build_py
from setuptools.command.egg_info import egg_info

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "select_chat"
FRONT = ROOT / "tools" / "package" / PACKAGE  # what only the package has: __init__.py, __main__.py
FOLDERS = ("chat", "client", "protocol", "runtime", "storage", "storechat", "system", "web")
PROGRAMS = ("server.py", "myclient.py", "kvstore.py")
OURS = {Path(name).stem for name in (*FOLDERS, *PROGRAMS)}
DATA = {".html", ".css", ".js", ".svg", ".lua"}  # what browsers get, and Redis


class BuildPy(build_py):  # type: ignore[misc, unused-ignore]  # setuptools has types from version 71 on
    """The step of a build that copies Python files."""

    def run(self) -> None:
        """Put the package where the wheel is made of it."""
        if self.editable_mode:
            raise SystemExit("A checkout needs no installation: run `python server.py 8001` in it, or `pip install .`")
        write(Path(self.build_lib))
        self.distribution.data_files = self._manual()

    def _manual(self) -> list[tuple[str, list[str]]]:
        """Make the manual pages and completions; return which files belong into which folder."""
        sys.path.insert(0, str(ROOT))
        from tools.package import manual  # noqa: PLC0415  # which imports ours

        folder = Path(self.get_finalized_command("build").build_base) / "share"
        shutil.rmtree(folder, ignore_errors=True)
        written = manual.write(folder)
        return [(f"share/{place}", [str(path) for path in paths]) for place, paths in written.items()]


class EggInfo(egg_info):  # type: ignore[misc, unused-ignore]
    """The step of a build that writes what an index shows."""

    def finalize_options(self) -> None:
        """Take the README without what leads into the checkout."""
        super().finalize_options()
        sys.path.insert(0, str(ROOT))
        from tools.package.description import description  # noqa: PLC0415

        self.distribution.metadata.long_description = description((ROOT / "README.md").read_text(encoding="utf-8"))


def write(folder: Path) -> None:
    """Write the package below `folder`, in place of one that is there."""
    package = folder / PACKAGE
    shutil.rmtree(package, ignore_errors=True)
    for path in files():
        within = path.relative_to(FRONT if path.is_relative_to(FRONT) else ROOT)
        target = package / within
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".py":
            target.write_text(packaged(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
        else:
            shutil.copyfile(path, target)


def files() -> list[Path]:
    """Return the files of the checkout that the package is made of."""
    found = [ROOT / program for program in PROGRAMS]
    for folder in (FRONT, *(ROOT / name for name in FOLDERS)):
        found += [path for path in sorted(folder.rglob("*")) if path.suffix == ".py" or path.suffix in DATA]
    return found


def packaged(source: str) -> str:
    """Return the text of a module as it reads in the package. Raises ValueError for an import that can't be renamed."""
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and not node.level and is_ours(node.module or ""):
            _replace(lines, node, rf"from +{re.escape(node.module or '')}\b", f"from {PACKAGE}.{node.module}")
        elif isinstance(node, ast.Import) and any(is_ours(alias.name) for alias in node.names):
            first, *more = node.names
            if more or "." in first.name:
                raise ValueError(f"line {node.lineno}: import {first.name} as in `from {first.name} import ...`")
            _replace(lines, node, "import ", f"from {PACKAGE} import ")
    return "".join(lines)


def is_ours(module: str) -> bool:
    """Return whether the dotted name `module` is in one of the package's folders, or one of its programs."""
    return module.partition(".")[0] in OURS


def _replace(lines: list[str], node: ast.stmt, old: str, new: str) -> None:
    """Replace what the statement `node` begins with, which matches `old`."""
    line = lines[node.lineno - 1]
    start = node.col_offset  # in bytes; before an import there are only blanks
    lines[node.lineno - 1] = line[:start] + re.sub(old, new, line[start:], count=1)
