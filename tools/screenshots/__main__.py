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
def room(ground: str) -> Iterator[Room]:
    """Open a room for a session, and end all that is in it."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as leaving:
        yield Room(Path(folder), ground, leaving)


def write(name: str, ground: str, picture: str) -> None:
    """Write a picture into docs/."""
    (ROOT / "docs" / f"{name}-{ground}.svg").write_text(picture, encoding="utf-8")


def main() -> None:
    """Play the sessions, once on each ground, since the client chooses its colours by it; write their pictures."""
    for ground, theme in THEMES.items():
        with room(ground) as played:
            for name, label in stills.play(played):
                write(name, ground, draw(snapshot(played.ann.screen), label, theme))
        with room(ground) as played:
            write("minute", ground, animate(list(minute.play(played)), minute.LABEL, theme))


if __name__ == "__main__":
    main()
