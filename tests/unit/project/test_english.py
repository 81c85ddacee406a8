"""Plain English in the product: no docstring, comment or sentence for users holds one of the quaint phrases below."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.unit.project.test_imports import MAY_IMPORT, ROOT, sources

QUAINT = (
    r"says? whether",  # a function returns, it does not say
    r"whoever",
    r"ones? who",
    r"those who",
    r"likewise",
    r"(take|takes|took|taking) note",
    r"mend(s|ed|ing)?",  # things are fixed or repaired
    r"(see|sees|saw|seen|seeing) to",
    r"(is|are|was|were) to be",
    r"how-manieth",
    r"(tell|tells|told) of",  # people are notified
)
# Words may be parted by a line's end, and by what the next line of a comment or of a joined string begins with.
_GAP = r"""(?:\s|"\s+f?")+(?:\#\s*)?"""
_PHRASES = re.compile(rf"\b(?:{'|'.join(QUAINT)})\b".replace(" ", _GAP), re.IGNORECASE)


def quaint(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the words of each quaint phrase in `text`."""
    for found in _PHRASES.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, re.sub(_GAP, " ", found[0])


@pytest.mark.parametrize("place", sorted(MAY_IMPORT))
def test_the_product_speaks_plain_english(place: str) -> None:
    files = sources(place)
    assert files
    assert [
        f"{path.relative_to(ROOT)}:{line}: {words}"
        for path in files
        for line, words in quaint(path.read_text(encoding="utf-8"))
    ] == []


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        pytest.param('"""Say whether it is."""', [(1, "Say whether")], id="docstring"),
        pytest.param("# one\n# and the one\n# who spoke", [(2, "one who")], id="over two lines of a comment"),
        pytest.param('("and those "\n    f"who talk")', [(1, "those who")], id="in a string in two parts"),
        pytest.param("Mend that: it is\n    to be read.", [(1, "Mend"), (1, "is to be")], id="two"),
        pytest.param("to recommend an amendment, someone who sees tokens", [], id="parts of words"),
    ],
)
def test_a_quaint_phrase_is_found_wherever_it_stands(text: str, phrases: list[tuple[int, str]]) -> None:
    assert list(quaint(text)) == phrases
