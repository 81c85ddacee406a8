"""tools.package.description: what an index shows."""

from __future__ import annotations

import re

import pytest

from tests.support.documents import text_of
from tools.package.description import description


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        pytest.param("[docs/a.md](docs/a.md)", "`docs/a.md`", id="a file by its name"),
        pytest.param("([LICENSE](LICENSE))", "(`LICENSE`)", id="in brackets"),
        pytest.param("[a page](docs/a.md#b)", "a page (`docs/a.md`)", id="with an anchor"),
        pytest.param("[a site](https://example.org/a)", "[a site](https://example.org/a)", id="elsewhere"),
        pytest.param('one\n\n<picture>\n<img src="a.svg">\n</picture>\n\ntwo', "one\n\ntwo", id="a picture"),
    ],
)
def test_what_leads_into_the_checkout_is_named(written: str, shown: str) -> None:
    assert description(written).startswith(f"{shown}\n")


def test_nothing_in_the_readme_is_broken_without_the_checkout() -> None:  # O2
    text = description(text_of("README.md"))
    assert re.findall(r"\]\((?!https?://)", text) == []
    assert "<" not in text.replace("`<", "")
