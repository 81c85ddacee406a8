"""The ONE table of commands: their names, parameters, preconditions and requests.

Everything that needs to know a command reads it here: the dialects parse by it, /help prints it, its words are
reserved as names, the client completes by it, and a test compares docs/commands.md with it. So a new
command is a row here, a request and a handler (CONTRIBUTING.md).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

from protocol import requests
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import CommandHelp
from protocol.requests import LineRequest, LocalRequest
from protocol.text import excerpt


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: one word, or with `is_text` the rest of the line, which only the last parameter can take."""

    name: str
    is_text: bool = False
    optional: bool = False

    def __str__(self) -> str:
        return f"[{self.name}]" if self.optional else self.name


USER, NAME, COMMAND = Parameter("USER"), Parameter("NAME"), Parameter("COMMAND", optional=True)
MESSAGE = Parameter("MESSAGE", is_text=True)
PASSWORD = Parameter("PASSWORD", is_text=True, optional=True)
REASON = Parameter("TEXT", is_text=True, optional=True)
IGNORED = Parameter("NAME", optional=True)
SETTING = Parameter("SETTING", is_text=True, optional=True)
WHY = Parameter("REASON", is_text=True, optional=True)
DURATION = Parameter("DURATION", optional=True)
WHOM = Parameter("WHOM")
ON_OR_OFF = Parameter("on|off")
CONTAINED = Parameter("TEXT", is_text=True, optional=True)
ANNOUNCEMENT = Parameter("TEXT", is_text=True)
FILE = Parameter("FILE", is_text=True, optional=True)
COUNT, WORDS = Parameter("COUNT", optional=True), Parameter("WORDS", is_text=True)

_LOCAL = get_args(LocalRequest)


@dataclass(frozen=True, slots=True)
class Command:
    """One row. `verb` is its word in verb sessions; without `slash` it exists only there. One `for_operators` is shown
    to them alone; what is `for_terminals`, the client for terminals does, and nobody else knows of it."""

    name: str
    parameters: tuple[Parameter, ...]
    build: Callable[..., LineRequest | LocalRequest]
    help: str
    aliases: tuple[str, ...] = ()
    verb: str | None = None
    slash: bool = True
    needs_name: bool = True
    ignores_rest: bool = False  # anything may follow the word
    for_operators: bool = False
    for_terminals: bool = False
    example: str = ""  # of what follows the word

    @property
    def is_the_clients(self) -> bool:
        """Whether a client does this by itself: the one for terminals and, but for what is its alone, the page."""
        return self.build in _LOCAL

    @property
    def usage(self) -> str:
        """The command as it is typed in a slash session: `/whisper USER MESSAGE`."""
        return self.usage_as(self.name)

    def usage_as(self, word: str) -> str:
        """Return the usage under the name or alias `word`, with or without a slash: `/private USER MESSAGE`."""
        return " ".join((f"/{word.removeprefix('/').lower()}", *map(str, self.parameters)))

    @property
    def verb_usage(self) -> str:
        """The command as it is typed in a verb session: `MESG USER MESSAGE`."""
        return " ".join((self.verb or "", *map(str, self.parameters)))

    def described(self, *, with_example: bool = False) -> CommandHelp:
        """Return the row of /help."""
        example = f"/{self.name} {self.example}" if with_example and self.example else None
        return CommandHelp(self.name, self.aliases, self.usage, self.help, example)


COMMANDS = (
    Command(
        "all",
        (MESSAGE,),
        requests.Say,
        "Say MESSAGE to everyone; so does a line without /.",
        verb="BCST",
        example="hello everyone",
    ),
    Command(
        "whisper",
        (USER, MESSAGE),
        requests.Whisper,
        "Say MESSAGE to USER only.",
        aliases=("private", "msg", "w"),
        verb="MESG",
        example="ann see you at noon",
    ),
    Command(
        "reply",
        (MESSAGE,),
        requests.Reply,
        "Answer the newest whisper with MESSAGE.",
        aliases=("r",),
        example="see you there",
    ),
    Command("me", (MESSAGE,), requests.Act, "Show what you do: /me waves reads NAME *waves*.", example="waves"),
    Command(
        "away",
        (REASON,),
        requests.GoAway,
        "Say that you are away: users who whisper to you are told so, once each, and TEXT.",
        example="back at two",
    ),
    Command("back", (), requests.ComeBack, "Be no longer away."),
    Command(
        "users",
        (),
        requests.ListUsers,
        "List who is connected, and how many.",
        aliases=("allusers", "who"),
        verb="LIST",
    ),
    Command(
        "nick", (NAME,), requests.Nick, "Take another name.", aliases=("setname",), needs_name=False, example="anna"
    ),
    Command("join", (NAME, PASSWORD), requests.Join, "Come in as NAME.", verb="JOIN", slash=False, needs_name=False),
    Command(
        "register",
        (PASSWORD,),
        requests.Register,
        "Make your name yours: taking it needs the password. Without PASSWORD, you are asked for it unseen.",
    ),
    Command(
        "passwd",
        (PASSWORD,),
        requests.ChangePassword,
        "Change the password of your name; without PASSWORD, you are asked for it unseen.",
    ),
    Command("unregister", (), requests.Unregister, "Let anybody have your name again."),
    Command("ping", (), requests.Ping, "See how long the server takes to answer."),
    Command(
        "help",
        (COMMAND,),
        requests.Help,
        "Explain every command, or the one named.",
        aliases=("cmd",),
        example="whisper",
    ),
    Command("history", (COUNT,), requests.ListHistory, "Show the newest messages, or COUNT of them.", example="50"),
    Command(
        "search", (WORDS,), requests.Search, "Show the newest messages with all these WORDS.", example="release notes"
    ),
    Command("seen", (NAME,), requests.Seek, "Tell when NAME was last here.", example="ann"),
    Command(
        "kick",
        (NAME, WHY),
        requests.Kick,
        "Close the connection of NAME, who is told REASON.",
        for_operators=True,
        example="eve that was enough",
    ),
    Command(
        "ban",
        (WHOM, DURATION, WHY),
        requests.Ban,
        "Keep WHOM out: a name, or a network such as 203.0.113.7 or 203.0.113.0/24. For good, if you give no DURATION.",
        for_operators=True,
        example="203.0.113.0/24 2h too many names",
    ),
    Command(
        "unban",
        (WHOM,),
        requests.Unban,
        "Let WHOM, as /bans shows it, come in again.",
        for_operators=True,
        example="eve",
    ),
    Command(
        "bans",
        (CONTAINED,),
        requests.ListBans,
        "List the bans and mutes, or those with TEXT.",
        for_operators=True,
        example="eve",
    ),
    Command(
        "lockdown",
        (ON_OR_OFF,),
        requests.Lockdown,
        "Let only registered names come in and speak; off ends that.",
        for_operators=True,
        example="on",
    ),
    Command(
        "mute",
        (NAME, DURATION, WHY),
        requests.Mute,
        "Let operators alone read what NAME says: for DURATION, 10m (if you give none), 2h, 7d or forever.",
        for_operators=True,
        example="eve 10m calm down",
    ),
    Command(
        "unmute",
        (NAME,),
        requests.Unmute,
        "Let everybody read again what NAME says.",
        for_operators=True,
        example="eve",
    ),
    Command(
        "announce",
        (ANNOUNCEMENT,),
        requests.Announce,
        "Say TEXT to everyone so that it stands out.",
        for_operators=True,
        example="the server restarts at noon",
    ),
    Command(
        "op", (NAME,), requests.Promote, "Make NAME, who is registered, an operator.", for_operators=True, example="ann"
    ),
    Command("deop", (NAME,), requests.Demote, "Let NAME be an operator no longer.", for_operators=True, example="ann"),
    Command(
        "ignore",
        (IGNORED,),
        requests.Ignore,
        "Show nothing that NAME says; without NAME, list the users you ignore.",
        example="eve",
    ),
    Command("unignore", (NAME,), requests.Unignore, "Show what NAME says again.", example="eve"),
    Command(
        "set",
        (SETTING,),
        requests.Set,
        "Change a setting, as in /set bell off; without a value show it, without SETTING all.",
        example="bell off",
    ),
    Command("clear", (), requests.Clear, "Clear the screen."),
    Command(
        "log",
        (FILE,),
        requests.Log,
        "Write what is shown to FILE, too; whispers are in it. /log off ends that, /log tells where it is written.",
        for_terminals=True,
        example="~/chat.log",
    ),
    Command(
        "reconnect",
        (),
        requests.Reconnect,
        "Connect anew, to the next of several servers; nothing is lost.",
        for_terminals=True,
    ),
    Command(
        "disconnect",
        (),
        requests.Disconnect,
        "Say goodbye and leave.",
        aliases=("quit",),
        verb="QUIT",
        needs_name=False,
        ignores_rest=True,
    ),
)

SLASH_COMMANDS = tuple(c for c in COMMANDS if c.slash)
PUBLIC_COMMANDS = tuple(c for c in SLASH_COMMANDS if not c.for_operators)
BY_WORD = {word: c for c in SLASH_COMMANDS for word in (c.name, *c.aliases)}
BY_VERB = {c.verb: c for c in COMMANDS if c.verb}
FOR_OPERATORS = frozenset(c.build for c in COMMANDS if c.for_operators)
_PUBLIC_WORDS = [word for word, c in BY_WORD.items() if not c.for_operators and not c.for_terminals]
FOLDED = frozenset(c.name for c in COMMANDS if c.for_operators)
OPERATORS = "operators"  # what /help calls their commands
OF_OPERATORS = CommandHelp("help operators", (), f"/help {OPERATORS}", "Explain how to kick, mute, ban and so on.")
BY_REQUEST: dict[object, Command] = {c.build: c for c in COMMANDS}

# Words of other chats for our commands, where the spelling alone does not lead there.
_ELSEWHERE = {
    word: name
    for name, words in {
        "all": "say shout broadcast bcst message",
        "away": "afk brb",
        "clear": "cls",
        "help": "h ? commands man",
        "history": "last scrollback",
        "ignore": "block silence hide",
        "me": "action emote",
        "nick": "join name rename login connect",
        "quit": "leave exit bye goodbye part close end stop logout logoff q",
        "register": "password claim",
        "search": "find grep",
        "seen": "whois",
        "users": "list names ls online people",
        "whisper": "pm dm tell query mesg to",
    }.items()
    for word in words.split()
}


def find(word: str) -> Command:
    """Return the command called `word`, with or without its slash. Raises ProtocolError with the nearest command."""
    word = word.removeprefix("/").lower()
    if word in BY_WORD:
        return BY_WORD[word]
    near = [_ELSEWHERE[word]] if word in _ELSEWHERE else difflib.get_close_matches(word[:20], _PUBLIC_WORDS, n=1)
    hint = f"Did you mean /{near[0]}?" if near else "/help lists the commands."
    raise ProtocolError(ErrorCode.UNKNOWN_COMMAND, word=excerpt(f"/{word}"), hint=hint)


def explained_by(topic: str | None) -> tuple[Command, ...]:
    """Return what /help explains: the commands of this server, those of operators, or one. Raises ProtocolError."""
    if topic is None:
        return tuple(c for c in SLASH_COMMANDS if not c.for_terminals)
    if topic.lower() == OPERATORS:
        return tuple(c for c in SLASH_COMMANDS if c.for_operators)
    return (find(topic),)


def folded(commands: tuple[CommandHelp, ...]) -> tuple[CommandHelp, ...]:
    """Return `commands` with one row for those of operators, if there are others, too, so that they fit a screen."""
    names = {c.name for c in commands}
    if names.isdisjoint(FOLDED) or names.isdisjoint(_PUBLIC_WORDS):
        return commands
    return (*(c for c in commands if c.name not in FOLDED), OF_OPERATORS)


def arguments(command: Command, rest: str, usage: str) -> list[str]:
    """Return the values of the parameters in `rest`, the text after the command's word. Raises ProtocolError with
    `usage`."""
    try:
        return _arguments(command, rest)
    except ValueError as error:
        reserved = f"/{command.name}" if command.for_operators else ""
        raise ProtocolError(ErrorCode.USAGE, reserved_word=reserved, why=str(error), usage=usage) from None


def _arguments(command: Command, rest: str) -> list[str]:
    """Return the values of the parameters in `rest`. Raises ValueError, which says what is wrong."""
    parameters = command.parameters
    if command.ignores_rest:
        return []
    if not parameters and rest:
        raise ValueError("It takes no parameters")
    values = rest.split(None, len(parameters) - 1) if rest else []
    for parameter in parameters[len(values) :]:
        if not parameter.optional:
            raise ValueError(f"{parameter.name} is missing")
    for parameter, value in zip(parameters, values, strict=False):
        if not parameter.is_text and len(value.split()) > 1:
            raise ValueError(f"{parameter.name} is one word")
    return values
