"""The colours of names, for a light ground, a dark one, or one that is not known. Pure.

Each has a contrast of 4.5 to 1 at least with its ground, white or black (WCAG 2.1; a test has the figures). A colour
that has it with both must lie in a narrow band of brightness, for which 256 colours are too few: a terminal that has
more gets those, any other gets the best compromise, until `/set theme` or the environment says what the ground is.
"""

from __future__ import annotations

from collections.abc import Mapping

# Next to each other stand those that can't be taken for each other.
LIGHT = (19, 28, 160, 24, 162, 94, 26, 53, 129, 127, 88, 97, 21, 23, 63, 25)  # of xterm's 256
DARK = (33, 46, 202, 72, 199, 184, 174, 110, 135, 222, 77, 176, 214, 201, 203, 44)
EITHER = (30, 130, 98, 28, 162, 26, 100, 164, 29, 131, 67, 64, 129, 94, 32, 132)  # 3.5 to 1 with both
EITHER_OF_MANY = (  # of 2^24
    *("ec0000", "008383", "428500", "b149c0", "957000", "3769fc", "c34a78", "328365"),
    *("9d41fa", "a6663f", "3d7ca1", "dc00a5", "3d8532", "705df5", "717b2f", "008922"),
)
FEW = (36, 32, 35, 34, 33, 31)  # of the 8 that a terminal has at least
_LIGHT_GROUNDS = ("7", "9", "10", "11", "12", "13", "14", "15")


def name_codes(theme: str, environment: Mapping[str, str], depth: str) -> tuple[str, ...]:
    """Return the codes for names by the setting `theme`, on a terminal with prompt_toolkit's colour `depth`."""
    if depth == "DEPTH_4_BIT":
        return tuple(f"\x1b[{FEW[n % len(FEW)]}m" for n in range(len(EITHER)))
    ground = _ground(environment) if theme == "auto" else theme
    if not ground and (depth == "DEPTH_24_BIT" or environment.get("COLORTERM") in ("truecolor", "24bit")):
        return tuple("\x1b[38;2;{};{};{}m".format(*bytes.fromhex(colour)) for colour in EITHER_OF_MANY)
    colours = {"light": LIGHT, "dark": DARK}.get(ground, EITHER)
    return tuple(f"\x1b[38;5;{colour}m" for colour in colours)


def _ground(environment: Mapping[str, str]) -> str:
    """Return what some terminals say of their ground, by its number among their colours; "" for nothing."""
    number = environment.get("COLORFGBG", "").rpartition(";")[2]
    if not number.isdigit():
        return ""
    return "light" if number in _LIGHT_GROUNDS else "dark"
