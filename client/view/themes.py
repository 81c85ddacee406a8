"""The colours of names, for a light ground, a dark one, the very one that a terminal has told, or an unknown one. Pure.

Each has a contrast of 4.5 to 1 at least with its ground (client.view.contrast). A light ground is taken for white and a
dark one for black, unless it is known better: then those that can't be read on it are changed. Where it is not known,
a colour must do with white and with black: of 2^24 colours there are enough that have 4.5 with both. Of xterm's 256
only six have, so that these have 4.0, until `/set theme`, the terminal or the environment says what the ground is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from client.view.contrast import CUBE, ENOUGH, Rgb, contrast, distance, is_light, readable

# Next to each other stand those that can't be taken for each other.
LIGHT = (19, 28, 160, 24, 162, 94, 26, 53, 129, 127, 88, 97, 21, 23, 63, 25)  # of xterm's 256
DARK = (33, 46, 202, 72, 199, 184, 174, 110, 135, 222, 77, 176, 214, 201, 203, 44)
EITHER = (30, 129, 161, 130, 31, 28, 164, 131, 27, 64, 163, 96, 98, 29, 162, 133)  # 4.0 to 1 with both
EITHER_OF_MANY = (  # of 2^24
    *("ec0000", "008383", "428500", "b149c0", "957000", "3769fc", "c34a78", "328365"),
    *("9d41fa", "a6663f", "3d7ca1", "dc00a5", "3d8532", "705df5", "717b2f", "008922"),
)
FEW = (36, 32, 35, 34, 33, 31)  # of the 8 that a terminal has at least
_LIGHT_GROUNDS = ("7", "9", "10", "11", "12", "13", "14", "15")


def name_codes(theme: str, environment: Mapping[str, str], depth: str, ground: Rgb | None = None) -> tuple[str, ...]:
    """Return the codes for names by the setting `theme`, on a terminal with prompt_toolkit's colour `depth`.

    `ground` is what the terminal says of its ground, if it does; only the theme `auto` heeds it.
    """
    if depth == "DEPTH_4_BIT":
        return tuple(f"\x1b[{FEW[n % len(FEW)]}m" for n in range(len(EITHER)))
    has_many = depth == "DEPTH_24_BIT" or environment.get("COLORTERM") in ("truecolor", "24bit")
    if theme == "auto" and ground is not None:
        return tuple(map(_of_many, shades(ground)) if has_many else map(_of_256, numbers(ground)))
    said = _said(environment) if theme == "auto" else theme
    if not said and has_many:
        return tuple(_of_many(Rgb(*bytes.fromhex(colour))) for colour in EITHER_OF_MANY)
    return tuple(map(_of_256, {"light": LIGHT, "dark": DARK}.get(said, EITHER)))


def _of_many(colour: Rgb) -> str:
    return "\x1b[38;2;{};{};{}m".format(*colour)


def _of_256(number: int) -> str:
    return f"\x1b[38;5;{number}m"


def _base(ground: Rgb) -> Sequence[int]:
    return LIGHT if is_light(ground) else DARK


def shades(ground: Rgb) -> Iterator[Rgb]:
    """Yield the colours of names on `ground`, of 2^24."""
    return (readable(CUBE[number], ground) for number in _base(ground))


def numbers(ground: Rgb) -> list[int]:
    """Return the colours of names on `ground`, of xterm's 256: each one's own, or the nearest that can be read."""
    base = _base(ground)
    by_contrast = sorted(CUBE, key=lambda number: -contrast(CUBE[number], ground))
    enough = sum(contrast(colour, ground) >= ENOUGH for colour in CUBE.values())
    fit = by_contrast[: max(enough, len(base))]  # on a ground of medium brightness, the best that there are
    free = [number for number in fit if number not in base]
    return [number if number in fit else _nearest(readable(CUBE[number], ground), free) for number in base]


def _nearest(wanted: Rgb, free: list[int]) -> int:
    """Return the number of the colour in `free` that is nearest to `wanted`; it is not free any more."""
    found = min(free, key=lambda number: distance(CUBE[number], wanted))
    free.remove(found)
    return found


def _said(environment: Mapping[str, str]) -> str:
    """Return what some terminals say of their ground, by its number among their colours; "" for nothing."""
    number = environment.get("COLORFGBG", "").rpartition(";")[2]
    if not number.isdigit():
        return ""
    return "light" if number in _LIGHT_GROUNDS else "dark"
