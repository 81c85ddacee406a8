"""What both ends speak: bytes <-> messages. Pure: no sockets, no clock, no threads.

    chunk -> codec (framing, lines) -> payload -> dialect (dialects/) -> request
    event -> dialect -> payload -> codec -> bytes

It imports nothing of ours, and everything may import it. All programs import it first, so the check of Python's
version, which must come before anything else, is here.
"""

import sys

__version__ = "0.1.0"  # of the programs; what is spoken on the wire has its own (requests.VERSION)

if sys.version_info < (3, 10):
    raise SystemExit("This chat needs Python 3.10 or newer; this is Python {}.{}.".format(*sys.version_info))
