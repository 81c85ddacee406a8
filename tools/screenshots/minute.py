"""The moving picture: half a minute of a session, a frame for each key that ann presses and each thing that comes."""

from __future__ import annotations

from collections.abc import Iterator

from tools.screenshots.picture import Snapshot, snapshot
from tools.screenshots.session import Client, Room

LABEL = (
    "Half a minute of ann's client: others talk above the line that she is typing, a whisper goes to bob alone, the "
    "server is killed, a line waits, and is said when the server is back"
)
KEY = 0.06  # seconds of a frame: a key,
WORD = 1.1  # a line that is read,
PAUSE = 2.2  # and what is looked at

Frames = Iterator[tuple[float, Snapshot]]


def types(ann: Client, text: str) -> Frames:
    """Let ann type, key by key."""
    for key in text:
        ann.types(key)
        ann.settles()
        yield KEY, snapshot(ann.screen)


def shows(ann: Client, pattern: str, seconds: float = WORD) -> Frames:
    """Wait until ann sees something; show it for so long."""
    ann.sees(pattern)
    ann.settles()
    yield seconds, snapshot(ann.screen)


def play(room: Room) -> Frames:
    """Play the session; yield each frame, and how long it is shown."""
    yield from talk(room)
    yield from whisper(room)
    yield from lose_server(room)


def talk(room: Room) -> Frames:
    """Let others talk above a line that is being typed."""
    ann, bob, carl = room.ann, room.bob, room.carl
    yield from shows(ann, "ann>")
    bob.say("morning! the new build is up")
    yield from shows(ann, "build is up")
    yield from types(ann, "nice. who wants to ")
    carl.say("did the tests pass?")
    yield from shows(ann, "tests pass")
    bob.say("all of them, in nine seconds")
    yield from shows(ann, "nine seconds")
    yield from types(ann, "try it with me?\r")
    yield from shows(ann, r"ann: nice.*me\?")
    carl.say("ann: me, after lunch")
    yield from shows(ann, "after lunch")


def whisper(room: Room) -> Frames:
    """Let ann whisper, with Tab for the name."""
    ann, bob = room.ann, room.bob
    yield from types(ann, "/w b")
    yield from shows(ann, "ann> /w b")
    yield from types(ann, "\t")
    yield from shows(ann, "ann> /w bob")
    yield from types(ann, "not a word to carl\r")
    yield from shows(ann, "you whisper to bob|-> bob|to bob")
    bob.say("/whisper ann my lips are sealed")
    yield from shows(ann, "sealed", PAUSE)


def lose_server(room: Room) -> Frames:
    """Kill the server while ann goes on typing, and start it again."""
    ann = room.ann
    room.server.process.kill()
    yield from shows(ann, "offline, next try")
    yield from types(ann, "typed while it was dead\r")
    yield from shows(ann, "ann: typed while", PAUSE)
    room.serves()
    yield from shows(ann, "ou are back")
    yield from shows(ann, r"\d\d:\d\d ann: typed while")
    room.comes("bob").say("and nothing is lost")
    yield from shows(ann, "nothing is lost", 2 * PAUSE)
