"""The ONE table of commands: what they are called, what they take, who may use them, what they mean.

Everything that knows a command reads it here: the dialects parse by it, the hub takes preconditions from it, /help
prints it, names are reserved by it, the client completes by it, and a test compares the README with it. A new
command is one row here, one method of the hub, one row in a test.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from protocol import requests
from protocol.errors import ErrorCode, ProtocolError
from protocol.events import CommandHelp
from protocol.requests import LineRequest, LocalRequest
from protocol.text import excerpt, spelling


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. All but a command's last are one word; `is_text` takes the rest of the line."""

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
COUNT, WORDS = Parameter("COUNT", optional=True), Parameter("WORDS", is_text=True)


@dataclass(frozen=True, slots=True)
class Command:
    """One row. `verb` is its word in verb sessions; a row whose `slash` is false exists there only."""

    name: str
    parameters: tuple[Parameter, ...]
    build: Callable[..., LineRequest | LocalRequest]
    help: str
    aliases: tuple[str, ...] = ()
    verb: str | None = None
    slash: bool = True
    needs_name: bool = True
    ignores_rest: bool = False  # done all the same, whatever follows the word

    @property
    def usage(self) -> str:
        """How it is typed in a slash session: `/whisper USER MESSAGE`."""
        return self.usage_as(self.name)

    def usage_as(self, word: str) -> str:
        """Return how it is typed by its name or alias `word`, with or without its slash: `/private USER MESSAGE`."""
        return " ".join((f"/{word.removeprefix('/').lower()}", *map(str, self.parameters)))

    @property
    def verb_usage(self) -> str:
        """How it is typed in a verb session: `MESG USER MESSAGE`."""
        return " ".join((self.verb or "", *map(str, self.parameters)))

    def described(self) -> CommandHelp:
        """Return the row as people are told it."""
        return CommandHelp(self.name, self.aliases, self.usage, self.help)


COMMANDS = (
    Command(
        "all",
        (MESSAGE,),
        requests.Say,
        "Say MESSAGE to everyone; a line without / does the same.",
        verb="BCST",
    ),
    Command(
        "whisper",
        (USER, MESSAGE),
        requests.Whisper,
        "Say MESSAGE to USER only.",
        aliases=("private", "msg", "w"),
        verb="MESG",
    ),
    Command(
        "reply",
        (MESSAGE,),
        requests.Reply,
        "Whisper MESSAGE to whoever last whispered to you (custom client only).",
        aliases=("r",),
    ),
    Command("me", (MESSAGE,), requests.Act, "Tell everyone what you do: /me waves reads NAME *waves*."),
    Command(
        "away",
        (REASON,),
        requests.GoAway,
        "Let whoever whispers to you be told, once, that you are away, and TEXT.",
    ),
    Command("back", (), requests.ComeBack, "End that."),
    Command(
        "users",
        (),
        requests.ListUsers,
        "List who is connected, and how many.",
        aliases=("allusers", "who"),
        verb="LIST",
    ),
    Command("nick", (NAME,), requests.Nick, "Take another name.", aliases=("setname",), needs_name=False),
    Command("join", (NAME, PASSWORD), requests.Join, "Come in as NAME.", verb="JOIN", slash=False, needs_name=False),
    Command(
        "register",
        (PASSWORD,),
        requests.Register,
        "Make your name yours: who takes it needs the password. Without PASSWORD, you are asked for it unseen.",
    ),
    Command("passwd", (PASSWORD,), requests.ChangePassword, "Change the password of your name, likewise."),
    Command("unregister", (), requests.Unregister, "Let anybody have your name again."),
    Command("ping", (), requests.Ping, "Ask the server for a pong; the custom client shows the time it took."),
    Command("help", (COMMAND,), requests.Help, "Explain every command, or the one named.", aliases=("cmd",)),
    Command("history", (COUNT,), requests.ListHistory, "Show the newest messages, or as many of them as COUNT."),
    Command("search", (WORDS,), requests.Search, "Show the newest messages with all these WORDS in them."),
    Command("seen", (NAME,), requests.Seek, "Tell when NAME was last here."),
    Command(
        "ignore",
        (IGNORED,),
        requests.Ignore,
        "Show nothing that NAME says; without NAME, list whom you ignore (custom client only).",
    ),
    Command("unignore", (NAME,), requests.Unignore, "Show what NAME says again (custom client only)."),
    Command(
        "set",
        (SETTING,),
        requests.Set,
        "Change a setting, as in /set bell off; without a value show it, without SETTING all (custom client only).",
    ),
    Command("clear", (), requests.Clear, "Clear the screen (custom client only)."),
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
BY_WORD = {word: c for c in SLASH_COMMANDS for word in (c.name, *c.aliases)}
BY_VERB = {c.verb: c for c in COMMANDS if c.verb}
BY_REQUEST: dict[object, Command] = {c.build: c for c in COMMANDS}

# What is typed elsewhere for commands of ours that are not spelled like it.
_ELSEWHERE = {
    word: name
    for name, words in {
        "all": "say shout broadcast bcst message",
        "away": "afk brb",
        "clear": "cls",
        "help": "h ? commands man",
        "history": "log last scrollback",
        "ignore": "block mute",
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

# What people say to a prompt whose question they have not read. As names, they would be taken unawares.
_SAID_TO_PROMPTS = "hello hi hey exit bye goodbye leave logout logoff stop end close login yes no y n ok okay"

# Names that could be taken for the server's, or for a command, by somebody who reads or types in a hurry.
_RESERVED = frozenset(
    spelling(word)
    for word in (
        *("admin", "admins", "administrator", "sysadmin", "root", "superuser"),
        *("operator", "operators", "op", "ops", "sysop", "moderator", "moderators", "mod", "mods"),
        *("owner", "staff", "support", "official", "security"),
        *("server", "system", "sys", "service", "console"),
        *("everyone", "everybody", "nobody", "anonymous", "here", "you"),
        *BY_WORD,
        *(v for v in BY_VERB if v),
        *_SAID_TO_PROMPTS.split(),
    )
)


def is_reserved(name: str) -> bool:
    """Say whether nobody may have `name`: a reserved word, in any case or look-alike spelling; but a number is free."""
    word = spelling(name)
    return not name.isdigit() and (word in _RESERVED or word.replace("cl", "d") in _RESERVED)


def find(word: str) -> Command:
    """Return the command called `word` (with or without its slash). Raises ProtocolError, naming the nearest."""
    word = word.removeprefix("/").lower()
    if word in BY_WORD:
        return BY_WORD[word]
    near = [_ELSEWHERE[word]] if word in _ELSEWHERE else difflib.get_close_matches(word[:20], BY_WORD, n=1)
    hint = f"Did you mean /{near[0]}?" if near else "/help lists the commands."
    raise ProtocolError(ErrorCode.UNKNOWN_COMMAND, word=excerpt(f"/{word}"), hint=hint)


def arguments(command: Command, rest: str, usage: str) -> list[str]:
    """Split `rest`, what follows the command's word, into its parameters. Raises ProtocolError with `usage`."""
    parameters = command.parameters
    if command.ignores_rest:
        return []
    if not parameters and rest:
        raise ProtocolError(ErrorCode.USAGE, why="It takes no parameters", usage=usage)
    values = rest.split(None, len(parameters) - 1) if rest else []
    for parameter in parameters[len(values) :]:
        if not parameter.optional:
            raise ProtocolError(ErrorCode.USAGE, why=f"{parameter.name} is missing", usage=usage)
    for parameter, value in zip(parameters, values, strict=False):
        if not parameter.is_text and len(value.split()) > 1:
            raise ProtocolError(ErrorCode.USAGE, why=f"{parameter.name} is one word", usage=usage)
    return values
