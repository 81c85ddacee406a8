"""How long a test waits for what has to come, before it fails.

A time-out here is for what hangs, and no passing test waits for it: on a machine with one processor that has much else
to do, what takes a tenth of a second elsewhere may take ten.
"""

from __future__ import annotations

PATIENCE = 90.0  # seconds; a client that looks for its server may wait for 30 until its next try
