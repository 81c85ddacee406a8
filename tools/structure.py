"""Measure the code: `python -m tools.structure [FOLDER]` prints the figures of a checkout, by default of this one.

With one script for both, two states can be compared. `--picture` prints the layers and the imports between them as a
Mermaid diagram, which ARCHITECTURE.md holds; tests/unit/project/test_structure.py compares the two.

What counts: every Python file that is not a test. A layer is a folder of LAYERS with the folders below it, or a script
at the top. An arrow is an import from one layer to another, type-only imports included; it may only lead to a layer
further down. A circle is a set of modules that reach each other by imports.
"""

from __future__ import annotations

import argparse
import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

HERE = Path(__file__).resolve().parents[1]
LEFT_OUT = {"tests", "build", "web"}
TOOLS = {"tools", "bench", "soak", "plug", "fuzz", "docs"}  # the last five: the tools' folders in the first layout
LAYERS = (  # from top to bottom
    *("server.py", "myclient.py", "kvstore.py"),
    *("storechat", "storechat.core", "storechat.server"),
    *("client.ui", "client.net", "client.cli", "client.view", "client.core", "client"),
    *("runtime", "storage", "chat.delivery", "chat", "system", "protocol"),
)


@dataclass(frozen=True)
class Module:
    """One file: its dotted name, the dotted name of its folder, its number of lines and its syntax tree."""

    name: str
    folder: str
    lines: int
    tree: ast.Module

    @property
    def layer(self) -> str:
        """The folder of LAYERS that the file is in, the innermost one; a script at the top is a layer of its own."""
        place = self.folder or f"{self.name}.py"
        return max((layer for layer in LAYERS if f"{place}.".startswith(f"{layer}.")), key=len, default=place)

    @property
    def is_tool(self) -> bool:
        """Whether only developers run it."""
        return self.name.partition(".")[0] in TOOLS


def modules(root: Path) -> dict[str, Module]:
    """Return the modules below `root` by their dotted names, tests left out. Raises OSError, SyntaxError."""
    found = {}
    for path in _sources(root):
        parts = path.relative_to(root).with_suffix("").parts
        text = path.read_text(encoding="utf-8")
        name = ".".join(parts).removesuffix(".__init__")
        found[name] = Module(name, ".".join(parts[:-1]), text.count("\n"), ast.parse(text))
    return found


def _sources(root: Path) -> list[Path]:
    """Return the files of the modules, in order; a virtual environment, with its thousands, is not looked through."""
    folders = [
        top for top in root.iterdir() if top.is_dir() and not top.name.startswith(".") and top.name not in LEFT_OUT
    ]
    return sorted([*root.glob("*.py"), *(path for folder in folders for path in folder.rglob("*.py"))])


def imports(module: Module, known: Mapping[str, Module]) -> set[str]:
    """Return the names of the known modules that `module` imports, anywhere in it, type-only imports included."""
    found: set[str] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            within = {f"{node.module}.{alias.name}" for alias in node.names}
            submodules = within & known.keys()
            found |= submodules
            if within - submodules:
                found.add(node.module)
    return found & known.keys() - {module.name}


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the sets of nodes that reach each other, each sorted."""
    reached = {node: _reachable(node, graph) for node in graph}
    groups = {frozenset(n for n in reached[node] if node in reached[n]) | {node} for node in graph}
    return sorted(sorted(group) for group in groups if len(group) > 1)


def _reachable(start: str, graph: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for node in graph.get(waiting.pop(), set()) - seen:
            seen.add(node)
            waiting.append(node)
    return seen


def arrows(graph: Mapping[str, set[str]], known: Mapping[str, Module]) -> set[tuple[str, str]]:
    """Return the pairs of layers of which the first imports from the second."""
    pairs = {(known[name].layer, known[target].layer) for name, targets in graph.items() for target in targets}
    return {(above, below) for above, below in pairs if above != below}


def upward(between: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the arrows that don't lead down. Raises ValueError for a layer that is not one of LAYERS."""
    return sorted(pair for pair in between if LAYERS.index(pair[0]) > LAYERS.index(pair[1]))


def direct(between: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the arrows without those that a longer way by other arrows implies."""
    below: dict[str, set[str]] = defaultdict(set)
    for start, end in between:
        below[start].add(end)
    return {
        (start, end)
        for start, end in between
        if not any(end in _reachable(other, below) for other in below[start] - {end})
    }


def functions(module: Module) -> Iterator[tuple[int, str]]:
    """Yield the length in lines and the name of each function."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            yield node.end_lineno - node.lineno + 1, f"{module.name}.{node.name}"


def attributes(module: Module) -> Iterator[tuple[int, str]]:
    """Yield how many attributes each class gives its instances, and its name: `self.x = ...` and annotated fields."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            fields = {f.target.id for f in node.body if isinstance(f, ast.AnnAssign) and isinstance(f.target, ast.Name)}
            fields |= {target for each in ast.walk(node) for target in _set_on_self(each)}
            yield len(fields), f"{module.name}.{node.name}"


def _set_on_self(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self":
        yield node.attr


def docstrings(module: Module) -> tuple[int, int]:
    """Return how many public classes and functions have a docstring, and how many there are."""
    public = [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    return sum(ast.get_docstring(node) is not None for node in public), len(public)


def table(known: Mapping[str, Module], graph: Mapping[str, set[str]]) -> list[tuple[str, str]]:
    """Return the figures of the modules in `known`, as rows of a name and a value."""
    lengths = sorted(function for module in known.values() for function in functions(module))
    sizes = [length for length, _ in lengths]
    classes = sorted((found for module in known.values() for found in attributes(module)), reverse=True)
    importers: dict[str, set[str]] = defaultdict(set)
    for name, targets in graph.items():
        for target in targets:
            importers[target].add(name)
    files = sorted(((module.lines, module.name) for module in known.values()), reverse=True)
    documented, public = map(sum, zip(*map(docstrings, known.values()), strict=True))
    single = sorted(name for name in known if len(importers[name]) == 1)
    return [
        ("files, lines", f"{len(files)}, {sum(length for length, _ in files):,}"),
        ("lines a file: median, longest", f"{median(n for n, _ in files):g}, {files[0][0]} ({files[0][1]})"),
        ("files over 400 lines", str(sum(length > 400 for length, _ in files))),
        ("files under 36 lines", str(sum(length < 36 for length, _ in files))),
        ("functions", f"{len(sizes):,}"),
        (
            "lines a function: median, nine in ten, longest",
            f"{median(sizes):g}, {quantiles(sizes, n=10)[8]:g}, {lengths[-1][0]} ({lengths[-1][1]})",
        ),
        ("functions over 40 lines", str(sum(size > 40 for size in sizes))),
        ("most attributes of a class", ", ".join(f"{name} {count}" for count, name in classes[:5])),
        ("classes with 12 attributes or more", str(sum(count >= 12 for count, _ in classes))),
        ("modules with one importer", str(len(single))),
        ("public docstrings", f"{documented} of {public}"),
    ]


def picture(between: set[tuple[str, str]]) -> str:
    """Return the layers and the arrows between them as a Mermaid diagram, without the arrows that others imply."""
    rows = sorted(f"    {_node(start)} --> {_node(end)}" for start, end in direct(between))
    return "\n".join(["graph TD", *rows])


def _node(layer: str) -> str:
    shown = layer if layer.endswith(".py") else layer.replace(".", "/") + "/"
    return f"{layer.replace('.', '_')}[{shown}]"


def product(root: Path = HERE) -> tuple[dict[str, Module], dict[str, set[str]]]:
    """Return the modules below `root` that users run, by name, and which of them each imports."""
    known = {name: module for name, module in modules(root).items() if not module.is_tool}
    return known, {name: imports(module, known) for name, module in known.items()}


def main() -> None:
    """Print what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tools.structure", description=__doc__.partition("\n\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=HERE, help="a checkout (default: this one)")
    parser.add_argument("--picture", action="store_true", help="print the layers as a Mermaid diagram")
    options = parser.parse_args()
    users, between = product(options.folder)
    if options.picture:
        print(picture(arrows(between, users)))
        return
    known = modules(options.folder)
    graph = {name: imports(module, known) for name, module in known.items()}
    for title, part in (("product", users), ("with the tools", known)):
        print(title)
        for row in table(part, graph):
            print(f"  {row[0]:<48} {row[1]}")
    found = circles(graph)
    print(f"circles of imports: {len(found)}", *("  " + ", ".join(circle) for circle in found), sep="\n")


if __name__ == "__main__":
    main()
