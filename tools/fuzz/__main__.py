"""`python -m tools.fuzz --streams 10000000 --seed 1`: exit code 0, or 1 with the seed of the first failure."""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
import traceback
from collections.abc import Sequence
from functools import partial

from tools.fuzz.connections import check_opening
from tools.fuzz.http import check_http
from tools.fuzz.proxy_header import check_proxy_header
from tools.fuzz.streams import check_frames, check_lines
from tools.fuzz.websocket import check_websocket

_SHARE = 10_000  # streams of one seed
CHECKS = {
    "lines": check_lines,
    "frames": check_frames,
    "openings": check_opening,
    "http": check_http,
    "websocket": check_websocket,
    "proxy-headers": check_proxy_header,
}


def run(seed: int, kinds: Sequence[str] = tuple(CHECKS)) -> str | None:
    """Check the streams of one seed, of the `kinds` in turn; return None, or what went wrong with which."""
    dice = random.Random(seed)
    for number in range(_SHARE):
        kind = kinds[number % len(kinds)]
        try:
            CHECKS[kind](dice)
        except Exception:  # whatever it is, it is what we are looking for
            return f"seed {seed}, stream {number} ({kind}):\n{traceback.format_exc()}"
    return None


def main() -> int:
    """Run all shares on all processors; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("--streams", type=int, default=1_000_000, help="how many (default: %(default)s)")
    parser.add_argument("--kinds", nargs="+", choices=CHECKS, default=list(CHECKS), help="all in turn, by default")
    parser.add_argument("--seed", type=int, default=1, help="where to begin (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    options = parser.parse_args()
    shares = max(1, options.streams // _SHARE)
    began = time.monotonic()
    with multiprocessing.Pool(options.processes) as pool:
        for wrong in pool.imap_unordered(partial(run, kinds=options.kinds), range(options.seed, options.seed + shares)):
            if wrong is not None:
                print(wrong, file=sys.stderr)
                pool.terminate()
                return 1
    print(f"{shares * _SHARE:,} streams, whole and cut, in {time.monotonic() - began:.0f} s: all agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
