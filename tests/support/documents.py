"""The documents: their links, their headings, and the command lines in their code blocks.

A code block is fenced, or indented by four spaces after an empty line. It is a transcript if a line of it begins with
`$ `, and then only such lines are command lines. Else all of its lines are, unless its fence names another language
(`text`, `toml`, ...).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SHELL = {"", "sh"}  # the languages of fences in which command lines may stand

_LINK = re.compile(r'\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"')
_FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_INDENTED = re.compile(r"(?:^|(?<=\n\n))((?:(?:    .*)?\n)*    .*\n)")
_COMMENT = re.compile(r"(?:^|\s+)#\s.*$")


class CommandLine(NamedTuple):
    """A command line, without its comment, and the document that it stands in."""

    text: str
    document: str


def documents() -> list[str]:
    """Return the paths of all documents from the top of the checkout, but the changes, which tell of what was."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tools").rglob("*.md")]
    return sorted(str(path.relative_to(ROOT)) for path in found if path.name != "CHANGELOG.md")


def text_of(document: str) -> str:
    """Return what stands in a document."""
    return (ROOT / document).read_text(encoding="utf-8")


def links(document: str) -> Iterator[tuple[str, str]]:
    """Yield each file that `document` links to or shows, from the top of the checkout, and the anchor in it or ""."""
    for found in _LINK.finditer(_FENCE.sub("", text_of(document))):
        path, _, anchor = (found[1] or found[2]).partition("#")
        if "://" not in path:
            target = (ROOT / document).parent / path if path else ROOT / document
            yield str(target.resolve().relative_to(ROOT)), anchor


def anchors(document: str) -> set[str]:
    """Return the anchors of a document's headings, as hosts of Git make them."""
    made: list[str] = []
    for heading in re.findall(r"^#+ (.+)$", _FENCE.sub("", text_of(document)), re.MULTILINE):
        name = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        again = sum(name == other.rpartition("-")[0] or name == other for other in made)
        made.append(f"{name}-{again}" if again else name)
    return set(made)


def command_lines() -> list[CommandLine]:
    """Return every command line of every document."""
    return [
        CommandLine(line, document)
        for document in documents()
        for block in blocks(text_of(document))
        for line in commands_in(block)
    ]


def blocks(text: str) -> Iterator[str]:
    """Yield the code blocks of a document in which command lines may stand."""
    for language, block in _FENCE.findall(text):
        if language in SHELL:
            yield block
    for block in _INDENTED.findall(_FENCE.sub("", text)):
        yield re.sub("^    ", "", block, flags=re.MULTILINE)


def commands_in(block: str) -> Iterator[str]:
    """Yield the command lines of a code block, each whole and without its comment."""
    lines = block.replace("\\\n", " ").splitlines()
    typed = [line[2:] for line in lines if line.startswith("$ ")] or lines
    for line in typed:
        if command := " ".join(_COMMENT.sub("", line).split()):
            yield command
