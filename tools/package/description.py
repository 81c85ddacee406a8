"""The text for a package index, made of README.md: no other file stands beside it, to which a link could lead.

A picture is left out, and a link into the checkout is the name of its file. What leads elsewhere stays a link.
"""

from __future__ import annotations

import re

_PICTURE = re.compile(r"<picture>.*?</picture>\n*", re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\((?![a-z]+://|#)([^)#]+)(?:#[^)]*)?\)")
_LAST = "The pages that are named here are in the source distribution, and in the repository."


def description(readme: str) -> str:
    """Return the README as it reads without the checkout."""
    text = _LINK.sub(lambda link: _named(link[1], link[2]), _PICTURE.sub("", readme))
    return f"{text.rstrip()}\n\n{_LAST}\n"


def _named(text: str, path: str) -> str:
    """Return what takes the place of a link: its text, and the file that it leads to."""
    return f"`{path}`" if text in (path, path.rpartition("/")[2]) else f"{text} (`{path}`)"
