"""The port that all three programs take on their command lines."""

from __future__ import annotations

import argparse

from protocol.numbers import whole_number


def port(text: str) -> int:
    """Return the port that `text` names, 1 to 65,535. Raises argparse.ArgumentTypeError with what is wrong."""
    number = whole_number(text, 65535)
    if not number:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 1 to 65535, such as 8001")
    return number
