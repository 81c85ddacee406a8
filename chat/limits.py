"""The numbers that keep one peer from hurting the others. Seconds and bytes; the reasons are in the README.

(Back-pressure and Timers in DESIGN.md are the source of each.)
"""

from __future__ import annotations

KIB, MIB = 1024, 1024 * 1024

# Undecided and registering, seconds.
GREETING_GRACE = 0.25  # of silence, then a peer is greeted in text
TEXT_REGISTRATION = 60
FRAMED_REGISTRATION = 10

# One turn of the loop.
TURN_CHUNK = 16 * KIB  # read from one peer
TURN_REQUESTS = 64  # served for one peer before the next one is
TURN_INPUT = 64 * KIB  # served for all peers: what a turn says is queued for every reader at once
TURN_FLUSH = 64 * KIB  # written to one peer
TURN_ACCEPTS = 64
LINE_COST = 26  # what a line grows by on its way: the longest name, ": " and the line end, roughly

# Readers that fall behind.
LAGGING = 64 * KIB  # an outbox over this lags
LAGGING_SHARE = 4  # talkers wait while more than one reader in so many lags
HIGH_WATER = 1 * MIB  # an outbox over this is dropped
TOTAL_HIGH_WATER = 64 * MIB  # over this in all outboxes together, the largest is dropped
OUTBOX_AGE = 10  # seconds that the oldest byte may wait

# Closing, seconds.
FAREWELL = 2  # for what is queued to go out and the peer to close
SHUTDOWN = 5  # for all of them, when the server stops
