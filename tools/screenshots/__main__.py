"""`python -m tools.screenshots`: make the pictures of the client in the documents, from a real session."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.screenshots import minute, stills
from tools.screenshots.moving import animate
from tools.screenshots.picture import THEMES, draw, snapshot
from tools.screenshots.session import Room
from tools.shared.programs import ROOT


@contextlib.contextmanager
def room() -> Iterator[Room]:
    """Open a room for a session, and end all that is in it."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as leaving:
        yield Room(Path(folder), leaving)


def write(name: str, ground: str, picture: str) -> None:
    """Write a picture into docs/."""
    (ROOT / "docs" / f"{name}-{ground}.svg").write_text(picture, encoding="utf-8")


def main() -> None:
    """Play the sessions and write their pictures."""
    with room() as played:
        for name, label in stills.play(played):
            for ground, theme in THEMES.items():
                write(name, ground, draw(snapshot(played.ann.screen), label, theme))
    with room() as played:
        frames = list(minute.play(played))
    for ground, theme in THEMES.items():
        write("minute", ground, animate(frames, minute.LABEL, theme))


if __name__ == "__main__":
    main()
