"""The still pictures: what ann sees in five moments of a session."""

from __future__ import annotations

from collections.abc import Iterator

from tools.screenshots.session import Room


def play(room: Room) -> Iterator[tuple[str, str]]:
    """Play the session; yield the name of each picture and what it shows when it is on ann's screen."""
    yield from talk(room)
    yield from whisper(room)
    yield from lose_server(room)


def talk(room: Room) -> Iterator[tuple[str, str]]:
    """Let a room talk above a half-typed line."""
    ann, bob, carl = room.ann, room.bob, room.carl
    ann.sees("ann>")
    bob.say("morning! the new build is up")
    carl.say("did the tests pass?")
    bob.say("all of them, in nine seconds")
    ann.sees("nine seconds")
    ann.types("nice. who wants to try it with a thousand users?\r")
    ann.sees("ann: nice")
    for name in ("dora", "fred", "gwen"):
        room.comes(name)
        ann.sees(name)
    room.comes("eve").say("me! I come by plain telnet, is that fine?")
    ann.sees("plain telnet")
    carl.say("/me puts the kettle on")
    ann.sees("kettle")
    ann.types("sure, this line is half typed and nothing pri")
    bob.say("look, it stays where it is while I talk")
    ann.sees("while I talk")
    ann.sees("ann> sure, this line is half typed and nothing pri")
    yield "room", "A lively room: names in colours, comings in one line, a half-typed line, the status bar"


def whisper(room: Room) -> Iterator[tuple[str, str]]:
    """Let ann whisper, and be mentioned while she types a command."""
    ann, bob, carl = room.ann, room.bob, room.carl
    ann.clears()
    carl.say("/whisper ann lunch at one?")
    ann.sees("lunch at one")
    ann.types("/r\tgladly, at the usual place\r")
    ann.sees("usual place")
    ann.types("whisper carl and not a word to bob\r")
    ann.sees("Not sent yet")
    ann.sees("ann> whisper carl")
    yield "whisper", "A whisper and its answer, and a whisper without its slash, which is held in the line"

    ann.clears()
    bob.say("has anybody seen Ann's notes?")
    bob.say("ann: are you there?")
    ann.sees("are you there")
    ann.types("/whi")
    ann.sees("USER MESSAGE")
    yield "mention", "Mentions, highlighted and counted; the faint hint of what a command takes"


def lose_server(room: Room) -> Iterator[tuple[str, str]]:
    """Kill the server, and start it again."""
    ann = room.ann
    ann.clears()
    room.bob.say("I will restart the server now")
    ann.sees("restart")
    room.server.process.kill()
    ann.sees("offline, next try")
    ann.types("typed while there was no connection\r")
    ann.sees("ann: typed while")
    yield "offline", "A lost connection: a line waits, faint, and the status bar counts down"

    room.serves()
    room.comes("bob").say("here we are again")
    ann.sees("ou are back")
    ann.sees("here we are again")
    ann.sees(r"\d\d:\d\d ann: typed while")  # with a time: it is no longer on its way
    ann.sees("online")
    yield "reconnect", "The connection is back, and the line has been said"
