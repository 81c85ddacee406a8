"""`python -m tools.bench.guessing`: does the time of a wrong password tell whether the name has an account?

Times the check as the server makes it, for a registered name and for one that nobody has, by turns, so that a noisy
minute is both's. Prints the two medians and their ratio.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from storage.users_file import Accounts


def check_ms(accounts: Accounts, name: str, password: str) -> float:
    """Return how long a wrong password takes, in ms of CPU, which other work on the machine disturbs least."""
    began = time.thread_time()
    if accounts.check(name, password):
        raise ValueError("that was the right one")
    return (time.thread_time() - began) * 1000


def main() -> None:
    """Run the whole of it."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.guessing", description=__doc__)
    parser.add_argument("--guesses", type=int, default=1000, help="for both names together (%(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        accounts = Accounts(Path(folder))
        accounts.store("ann", "the right password")
        pairs = [
            (check_ms(accounts, "ann", f"guess {number}"), check_ms(accounts, "bob", f"guess {number}"))
            for number in range(options.guesses // 2)
        ]
    known, unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"registered {known:.1f} ms, not registered {unknown:.1f} ms, ratio {known / unknown:.3f}")


if __name__ == "__main__":
    main()
