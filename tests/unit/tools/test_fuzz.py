"""A small share of tools/fuzz/: the rest is `python -m tools.fuzz`."""

from __future__ import annotations

import random

import pytest

from protocol import lines
from protocol.errors import ProtocolError
from tools.fuzz.streams import check_frames, check_lines


@pytest.mark.parametrize("seed", range(4))
def test_random_streams_give_messages_or_errors_and_the_same_in_any_cut(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(500):
        check_lines(dice)
        check_frames(dice)


def test_the_check_finds_a_codec_that_forgets_a_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check is checked: without the memory of a CR, CR LF cut in two would be two line ends."""

    class Forgetful(lines.LineCodec):
        def feed(self, chunk: bytes) -> list[bytes | ProtocolError]:
            self._after_cr = False
            return super().feed(chunk)

    monkeypatch.setattr("tools.fuzz.streams.LineCodec", Forgetful)
    with pytest.raises(AssertionError):
        check_many(random.Random(1))


def check_many(dice: random.Random) -> None:
    for _ in range(500):
        check_lines(dice)
