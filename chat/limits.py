"""The numbers that keep one peer from hurting the others, in bytes and seconds where nothing else is said.

`REASONS` says of each why it is there; the server's options, its --help and the table in docs/limits.md are made
from it. What reads a limit reads it here when it needs it, so that an option holds for all. (Source: the design,
Back-pressure and Timers.)
"""

from __future__ import annotations

KIB, MIB = 1024, 1024 * 1024

# Coming in.
GREETING_GRACE = 0.25
TEXT_REGISTRATION = 60
FRAMED_REGISTRATION = 10
HANDSHAKE = 10
CONNECTIONS_PER_ADDRESS = 16
NEW_PER_ADDRESS = 32
CONNECTIONS_PER_SITE = 64
NEW_PER_SITE = 128
ACCOUNTS = 10_000

# Sending.
MESSAGE_BURST, MESSAGE_RATE = 10, 2.0
COMMAND_BURST, COMMAND_RATE = 5, 1.0
BYTE_BURST, BYTE_RATE = 16 * KIB, 4 * KIB
ANSWER_BURST, ANSWER_RATE = 256 * KIB, 32 * KIB
HOLD_NOTICE = 10

# One turn of the loop.
TURN_CHUNK = 16 * KIB
TURN_REQUESTS = 64
TURN_INPUT = 64 * KIB
TURN_ANSWERS = 32 * KIB
TURN_FLUSH = 64 * KIB
TURN_ACCEPTS = 64
TURN_HANDSHAKES = 0.003
DROPPED_COST = 1 / 16  # of a byte that is dropped unread, to one that is looked at
OVERHEAD_COST = 4  # of a byte that is TLS's own, to one that is passed on: 16 us for 27 of them
LINE_COST = 26  # what a line grows by on its way: the longest name, ": " and the line end, roughly

# Reading too slowly.
LAGGING = 64 * KIB
LAGGING_SHARE = 4
STALLED = 1
HIGH_WATER = 1 * MIB
TOTAL_HIGH_WATER = 64 * MIB
OUTBOX_AGE = 10

# Silence and the end.
PING_AFTER = 30
PONG_WITHIN = 20
FAREWELL = 2
SHUTDOWN = 5

REASONS = {
    "GREETING_GRACE": "seconds of silence after which a peer is greeted in text: a framed client speaks at once",
    "TEXT_REGISTRATION": "seconds for a text user to choose a name: half-open connections must not add up",
    "FRAMED_REGISTRATION": "seconds for a framed client's hello, which no person types",
    "HANDSHAKE": "seconds for a TLS handshake, which no person types",
    "CONNECTIONS_PER_ADDRESS": "connections from one address (an IPv6 /64): one machine can't take every seat",
    "NEW_PER_ADDRESS": "new connections from one address in ten minutes: coming and going is noise for the others",
    "CONNECTIONS_PER_SITE": "connections from one IPv6 site (a /48, which holds 65,536 /64s): nor can one customer",
    "NEW_PER_SITE": "new connections from one IPv6 site in ten minutes",
    "ACCOUNTS": "names that can be registered: so that registering without end fills no disk and takes not every name",
    "MESSAGE_BURST": "messages that a user may send at once: a pasted verse passes",
    "MESSAGE_RATE": "messages a second after that: more than a person types; the rest waits and is not lost",
    "COMMAND_BURST": "commands that a user may send at once",
    "COMMAND_RATE": "commands a second after that: some have long answers",
    "BYTE_BURST": "bytes that a user may send at once: four of the longest lines",
    "BYTE_RATE": "bytes a second after that",
    "ANSWER_BURST": "bytes of long answers (lists, histories) that a user may ask for at once",
    "ANSWER_RATE": "bytes of long answers a second after that: few bytes ask for many",
    "HOLD_NOTICE": "seconds until somebody who is too fast is told so again",
    "TURN_CHUNK": "bytes read from a user in one turn: nobody waits long for somebody else",
    "TURN_REQUESTS": "requests of a user that are served before the next user's turn",
    "TURN_INPUT": "bytes that one turn takes in for the room: each reader's outbox grows by that at once",
    "TURN_ANSWERS": "bytes of long answers in one turn, to all users together: who asks for a ping waits for no more",
    "TURN_FLUSH": "bytes written to a user in one turn",
    "TURN_ACCEPTS": "newcomers in one turn, to be accepted and to be read: users in the room wait for no crowd",
    "TURN_HANDSHAKES": "seconds of one turn for TLS handshakes: nothing else that a stranger asks for costs as much",
    "LAGGING": "bytes in an outbox from which on its reader counts as lagging",
    "LAGGING_SHARE": "talkers wait while more than one reader in so many lags: a burst slows the talkers",
    "STALLED": "seconds without taking anything after which a lagging reader is not waited for",
    "HIGH_WATER": "bytes in an outbox at which its reader is dropped: until then it delays nobody",
    "TOTAL_HIGH_WATER": "bytes in all outboxes together at which the largest is dropped: memory is bounded",
    "OUTBOX_AGE": "seconds that a reader may be behind before it is dropped",
    "PING_AFTER": "seconds of silence after which a framed client is pinged",
    "PONG_WITHIN": "seconds in which it has to answer: then it is gone, and its name is free",
    "FAREWELL": "seconds for a goodbye to arrive before the connection is closed",
    "SHUTDOWN": "seconds for everybody's goodbye when the server stops",
}
