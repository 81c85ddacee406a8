"""The ONE table of errors, and the exception that carries a row of it.

A row has a number (1xx bytes and frames, 2xx names, 3xx commands, 4xx users, 5xx the server, 6xx the key-value store,
74x TLS, other 7xx moderation, 8xx a room of many servers; 113 to 122 came late), a short code for programs, and a
phrase for people: what is wrong and what to do. `{...}` in a phrase is filled in where the error is raised. Text users
read the phrase; framed clients get all three. Verb users read the words of their own system (section E of the
requirements) where it has some.

`ProtocolError` means that the peer made a mistake. Our own misuse of a codec is a ValueError, and any other exception
is a bug.
"""

from __future__ import annotations

from enum import Enum


class ErrorCode(Enum):
    """One row: `ErrorCode.NAME_TAKEN.number`, `.code`, `.phrase`, `.verbs` ("": the phrase serves verb users, too)."""

    BAD_LENGTH = 101, "bad-length", "A frame of {length} bytes is not possible: 1 to {limit} are. Closing."
    BAD_ENCODING = (
        102,
        "bad-encoding",
        "That line was not UTF-8 when it arrived and was dropped. telnet spoils some characters (nc does not), or "
        "your terminal is not set to UTF-8.",
    )
    TOO_LONG = 103, "too-long", "That line was longer than {limit} bytes and was dropped. Send it in parts."
    BAD_MESSAGE = 104, "bad-message", "That frame was not understood: {why}."
    UNKNOWN_TYPE = 105, "unknown-type", "Frames of type {type} are not known here."
    HELLO_FIRST = 106, "hello-first", "The first frame has to be a hello, and the only one. Closing."
    BAD_VERSION = (
        107,
        "bad-version",
        "Your client does not go with this server ({theirs}, not {ours}). Take the newer one of both. Closing.",
    )
    PROXY_HEADER_MISSING = (
        121,
        "proxy-header-missing",
        "Connections from this address have to begin with a PROXY header (send-proxy), by --proxy-protocol. Closing.",
    )
    PROXY_HEADER_BAD = 122, "proxy-header-bad", "The PROXY header was not understood: {why}. Closing."
    NOT_CHAT = 108, "not-chat", "This is a chat server: use a browser, telnet or its own client, not {what}."

    NAME_BAD = (
        201,
        "name-bad",
        "{name} can't be a name: 1 to 20 letters (a-z), digits, _ or -, beginning with a letter or a digit.",
    )
    NAME_RESERVED = (
        202,
        "name-reserved",
        "{name} is reserved, or looks like a reserved name. Choose another name.",
    )
    NAME_LOOKS_ALIKE = 113, "name-looks-alike", "{name} looks like {other}. Choose another name."
    NAME_KEPT = (
        114,
        "name-kept",
        "{name} is kept for an operator, who registers it on the server's own machine. Choose another name.",
    )
    NAME_TAKEN = 203, "name-taken", "{name} is in use. Choose another name."
    NOT_NAMED = (
        204,
        "not-named",
        "That needs a name, and you have none yet.",
        "Unregistered User",
    )
    ALREADY_NAMED = (
        205,
        "already-named",
        "You are {name} already, and stay {name}. /nick NAME renames.",
        "Already registered: JOIN is discarded",
    )

    PASSWORD_NEEDED = (
        206,
        "password-needed",
        "{name} is registered and needs its password.",
        "That name has an account: JOIN NAME PASSWORD",
    )
    WRONG_PASSWORD = 207, "wrong-password", "That is not {name}'s password{instead}."
    TOO_MANY_TRIES = (
        208,
        "too-many-tries",
        "Too many wrong passwords for {name} from where you are. Wait {seconds} s.",
    )
    BAD_PASSWORD = 209, "bad-password", "A password has {least} to {most} characters. Nothing was changed."
    PASSWORDS_DIFFER = 210, "passwords-differ", "That was not the same password twice. Nothing was changed."
    ALREADY_REGISTERED = 211, "already-registered", "{name} is registered already. /passwd changes the password."
    NOT_REGISTERED = 212, "not-registered", "{name} is not registered by you. /register registers it."

    PASSWORD_ASKED = (
        213,
        "password-asked",
        "A password was asked for, and that line was nearly said to everyone. Answer the question, or press Enter.",
    )

    SECRET_DROPPED = (
        220,
        "secret-dropped",
        "That was typed as a password that is no longer asked for, and was dropped. Press Enter to go on.",
    )
    REPLY_OUTDATED = (
        230,
        "reply-outdated",
        "The server has begun anew, so that name may be somebody else's now. Not sent again: {line}",
    )
    PASSWORD_ELSEWHERE = (
        231,
        "password-elsewhere",
        "The server answers from {address} now, not from {before}. Type the password if you trust that address.",
    )
    PASSWORD_OTHER_KEY = (
        232,
        "password-other-key",
        "The server's certificate has another key now than when the password was given. Type the password if you "
        "trust that server.",
    )

    NAME_GONE = 233, "name-gone", "You have no name now: /nick NAME takes one. Not sent: {line}"

    UNKNOWN_COMMAND = 301, "unknown-command", "{word} is not recognised. {hint}", "Unknown Message"
    USAGE = 302, "usage", "{why}. Usage: {usage}"
    CLIENT_ONLY = (
        303,
        "client-only",
        "{word} works only {where}.{instead}",
    )
    NOTHING_TO_SAY = 304, "nothing-to-say", "That line had nothing visible in it, so it was not sent."
    REPEATED_TOO_LATE = (
        305,
        "repeated-too-late",
        "The server no longer knows if that line was said before, so it was not said now. Ask, or say it again.",
    )

    NOT_CONNECTED = (
        401,
        "not-connected",
        "{name} is not connected. /users shows who is.",
        "Unknown Recipient",
    )
    LEFT_SINCE = (
        120,
        "left-since",
        "{name} has left; anyone who has that name now is somebody else. /users shows who is connected.",
        "Unknown Recipient",
    )
    NO_WHISPER_YET = 402, "no-whisper-yet", "Nobody has whispered to you yet, so there is nobody to reply to."

    TOO_MANY_USERS = (
        501,
        "too-many-users",
        "Too Many Users: all {limit} places are taken. Try again later, or /quit.",
        "Too Many Users",
    )
    SERVER_FULL = 502, "server-full", "The server is full. Try again later."
    TOO_SLOW_TO_JOIN = (
        503,
        "too-slow-to-join",
        "No name was chosen within {seconds} s. Closing: connect again.",
    )
    TOO_FAR_BEHIND = (
        504,
        "too-far-behind",
        "Your connection can't keep up with the chat ({why}). Closing.",
    )
    BUSY = 505, "busy", "Too many passwords are being checked right now. Try again in a few seconds."
    ACCOUNTS_FAILED = (
        506,
        "accounts-failed",
        "The accounts could not be written on the server. Nothing was changed.",
    )
    SILENT = 507, "silent", "Nothing was heard from you for {seconds} s. Closing: connect again."
    TOO_MANY_CONNECTIONS = (
        508,
        "too-many-connections",
        "Too many connections from your address. Close some, or wait ten minutes.",
    )

    REPLACED = 509, "replaced", "Your client has connected again. Closing this connection."
    LOG_FAILED = 510, "log-failed", "The log can't be searched right now. /history still works."
    NUMBER_USED = (
        511,
        "number-used",
        "Another line of yours has the number of this one, so it was not said. Say it again.",
    )
    TOO_MANY_NEW_PASSWORDS = (
        514,
        "too-many-new-passwords",
        "Too many new passwords from where you are. Nothing was changed. Wait {seconds} s.",
    )
    TOO_MANY_ACCOUNTS = (
        515,
        "too-many-accounts",
        "No more names can be registered here: there are {limit}. Ask its administrator.",
    )
    KEY_MISSING = 601, "key-missing", "{name} has not come yet. What you type waits until then."
    WRITE_REFUSED = 602, "write-refused", "The store refused the request to write ({why})."
    READ_REFUSED = 603, "read-refused", "The store refused the request to read ({why})."
    STORE_FAILED = 604, "store-failed", "The store failed ({why})."
    STORE_SILENT = 605, "store-silent", "The store did not answer within {seconds} s."
    STORE_GONE = 606, "store-gone", "The store can't be reached ({why})."
    ANSWER_LOST = 607, "answer-lost", "The store's answer was lost on its way."
    VALUE_OLD = 608, "value-old", "The store gave an older value of {name}'s, too late. It was ignored."
    VALUE_REPEATED = 609, "value-repeated", "The store gave the same value of {name}'s twice. It was taken once."
    VALUE_DAMAGED = 610, "value-damaged", "What the store gave for {name} is damaged. It was ignored."
    MAILBOX_FULL = 611, "mailbox-full", "{limit} lines wait for {name} already. That one was not taken: say it later."

    TLS_REQUIRED = (
        740,
        "tls-required",
        "This chat is encrypted. Use https, the client's --tls or ncat --ssl.",
    )
    NOT_A_PROTOCOL = (
        517,
        "not-a-protocol",
        "That was no text. Use a browser, telnet or this chat's own client. Closing.",
    )

    OPERATORS_ONLY = 701, "operators-only", "{word} is for operators.{instead}"
    OPERATOR_EXEMPT = 702, "operator-exempt", "{name} is an operator, whom no other operator can {what}. See /deop."
    KICKED = 703, "kicked", "{name} has removed you from the chat{reason}."
    MUTED = 704, "muted", "You are muted {left}{reason}. Only operators can read what you whisper to them."
    NOT_MUTED = 705, "not-muted", "{name} is not muted."
    BANNED = 712, "banned", "You are banned {left}{reason}."
    CANNOT_BAN = 713, "cannot-ban", "{what} can't be banned: {why}."
    LOCKED_DOWN = (
        714,
        "locked-down",
        "Only registered names may come in or speak {left}{reason}.",
    )
    TOO_MANY_BANS = 715, "too-many-bans", "There are {limit} bans and mutes, and no room for more. /unban some."
    NOT_WRITTEN = (
        118,
        "not-written",
        "{done} But bans.txt could not be written ({why}): that holds until the server stops.",
    )
    NAME_BANNED = 116, "name-banned", "{name} is banned {left}{reason}. Choose another name."
    NAME_CLAIMED = (
        115,
        "name-claimed",
        "{name} is registered, and its owner has come with the password. You need another name.",
    )
    NOT_BANNED = 709, "not-banned", "{name} is not banned. /bans lists who is."
    NOT_LOCKED = 710, "not-locked", "There is no lockdown."
    NO_ACCOUNT = 706, "no-account", "{name} is not registered: only a registered name can be an operator's."
    NO_OPERATOR = 707, "no-operator", "{name} is not an operator."
    LAST_OPERATOR = (
        708,
        "last-operator",
        "{name} is the only operator. Make somebody else one first, with /op NAME.",
    )

    ROLES_CHANGED = (
        711,
        "roles-changed",
        "The roles have changed meanwhile, so that was not done. /op and /deop show what is possible now.",
    )

    NAME_LOST = (
        800,
        "name-lost",
        "Somebody else took the name {name} while the servers of this chat did not hear each other.",
    )

    def __init__(self, number: int, code: str, phrase: str, verbs: str = "") -> None:
        self.number = number
        self.code = code
        self.phrase = phrase
        self.verbs = verbs


Refusal = tuple[ErrorCode, dict[str, object]]  # and what its phrase is filled with


class ProtocolError(Exception):
    """The peer sent what the protocol does not allow.

    `fault` is the row, and `details` are filled into its phrase. After a `fatal` error the stream can't be read any
    further: send the refusal and close. Otherwise only the one frame or line is lost. `reserved_word` is the command
    that was typed wrongly, if it is one for operators: anybody else learns only that.
    """

    def __init__(self, fault: ErrorCode, *, fatal: bool = False, reserved_word: str = "", **details: object) -> None:
        super().__init__(fault.phrase.format(**details))
        self.fault = fault
        self.details = details
        self.fatal = fatal
        self.reserved_word = reserved_word
