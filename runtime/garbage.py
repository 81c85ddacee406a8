"""Garbage: Python's collector of reference cycles, which must not stop the loop.

A full collection looks at every object that there is, and stops the loop for that long: for 20 to 40 ms with 900 users,
as often as a quarter of all objects are new. The server makes no cycles while it serves, which a test holds it to
(tests/integration/test_garbage.py), so that what it needs no more is freed at once, without the collector. The young
generations, which take 2 ms at most, are collected as ever.
"""

from __future__ import annotations

import gc

FULL_AFTER = 1000  # collections of the middle generation until all objects are looked at; Python has 10


def limit_collections() -> None:
    """Look at what there is now never again, and at the rest seldom; to be called when the server is ready."""
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, FULL_AFTER)
