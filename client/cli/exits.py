"""How the client ends: its exit codes, and the sentences that say what is wrong and what to do."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterator, Mapping
from enum import Enum

from client.core.presence import Dismissal, Goodbye
from client.core.servers import Place
from client.core.session import ClientSession
from protocol.errors import ErrorCode, ProtocolError
from protocol.sanitize import clean
from protocol.text import excerpt
from system.commands import command

CONNECT_TIMEOUT = 10  # seconds for the connection to be made

_SAID = 1000  # bytes of what is no frame: more than any sentence of the server
# What a chat server may say in text, before any frame, to a connection that it turns away.
_TURNS_AWAY = (
    ErrorCode.SERVER_FULL,
    ErrorCode.TOO_MANY_CONNECTIONS,
    ErrorCode.BANNED,
    ErrorCode.PROXY_HEADER_MISSING,
    ErrorCode.PROXY_HEADER_BAD,
)


class Exit(Enum):
    """One exit code: `Exit.LOST.code`, and its `meaning` in --help."""

    GOODBYE = 0, "goodbye"
    ERROR = 1, "error"
    USAGE = 2, "wrong command line"
    CANNOT_CONNECT = 3, "cannot connect"
    REFUSED = 4, "not let in (the name was refused, the server is full, ...), or removed by an operator"
    LOST = 5, "the connection was lost, or a line was not answered"
    DECLINED = 6, "without a terminal: a line was refused"
    INTERRUPTED = 130, "Ctrl-C"

    def __init__(self, code: int, meaning: str) -> None:
        self.code = code
        self.meaning = meaning


class Ending(Exception):  # noqa: N818  (a goodbye is no error)
    """The client is to end, with this exit code and one sentence; "" where there is nothing to say.

    `why` is what it says of one server, as a part of a sentence about several.
    """

    def __init__(self, how: Exit, sentence: str = "", why: str = "") -> None:
        super().__init__(sentence)
        self.how = how
        self.sentence = sentence
        self.why = why or sentence.rstrip(".")


def why_not_connected(error: OSError | ValueError, host: str, port: int) -> Ending:
    """Return the ending for a connection that can't be made. A ValueError is a host that can't be looked up."""
    where = f"{excerpt(host)}, port {port}"
    if isinstance(error, socket.gaierror | ValueError):
        why = "the host is not known"
        sentence = f"The host {excerpt(host)} is not known. Check how it is spelled."
    elif isinstance(error, ConnectionRefusedError):
        why = "no server listens there"
        sentence = f"No server listens on {where}. Check both, or start one there: {command('server')} {port}"
    elif isinstance(error, TimeoutError):
        why = f"no answer within {CONNECT_TIMEOUT} s"
        sentence = f"No answer from {where} within {CONNECT_TIMEOUT} s. Check both, and the firewall between."
    elif error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        why = "there is no way there"
        sentence = f"There is no way to {where}. Check the network."
    else:
        why = excerpt(error.strerror or str(error))
        sentence = f"Cannot connect to {where}: {why}. Check both."
    return Ending(Exit.CANNOT_CONNECT, sentence, why)


def none_of(endings: Mapping[Place, Ending]) -> Ending:
    """Return the one ending for all servers that were named, none of which can be joined."""
    each = list(endings.values())
    if len(each) == 1:
        return each[0]
    how = next((ending.how for ending in each if ending.how is not Exit.CANNOT_CONNECT), Exit.CANNOT_CONNECT)
    listed = "; ".join(f"{excerpt(place.host)}, port {place.port} ({endings[place].why})" for place in endings)
    return Ending(how, f"None of the {len(each)} servers lets you in: {listed}.")


def due(session: ClientSession, *, persists: bool, interactive: bool) -> Ending | None:
    """Return the ending if the chat is over: the server said goodbye, or asks where nobody can answer."""
    dismissal = session.presence.dismissal
    if dismissal is Dismissal.FOR_GOOD or (dismissal is Dismissal.FOR_NOW and not persists):
        return dismissed(session)
    is_in = session.presence.online and session.name  # which somebody with its password may take away (M8)
    if session.questions.what and not is_in and not interactive:
        return not_let_in(session)
    return None


def dismissed(session: ClientSession) -> Ending:
    """Return the ending after the server's goodbye: a refusal if we never came in, a loss if a line had no answer."""
    if session.questions.refusal:
        return refused(session.questions.refusal)
    if session.presence.is_removed:
        return Ending(Exit.REFUSED, "An operator has removed you from the chat. The client does not come back.")
    if session.waiting:
        return Ending(Exit.LOST, f"The server left before it answered {_quoted(session)}. Send it again later.")
    return Ending(Exit.GOODBYE)


def not_let_in(session: ClientSession) -> Ending:
    """Return the ending for a server that asks for something, where there is nobody to ask."""
    return refused(session.questions.refusal or "a password is needed: --password-file or CHAT_PASSWORD")


def abandoned() -> Ending:
    """Return the ending of a script whose connection was lost when its next lines were, or might be, passwords."""
    sentence = (
        "The connection was lost while a password was asked for. The rest of the input was not sent: it may be one."
    )
    return Ending(Exit.LOST, sentence)


def left(session: ClientSession) -> Ending:
    """Return the ending after our own goodbye, which may not have arrived."""
    if session.waiting:
        return Ending(Exit.LOST, f"There is no connection: {_quoted(session)} may not have arrived.")
    return Ending(Exit.GOODBYE)


@contextlib.contextmanager
def for_script(session: ClientSession, *, interactive: bool) -> Iterator[None]:
    """Turn a goodbye after a refused line into Exit.DECLINED, since a script reads exit codes only."""
    try:
        yield
    except Ending as ending:
        if interactive or ending.how is not Exit.GOODBYE or not session.lines.refused:
            raise
        raise Ending(Exit.DECLINED) from None


def refused(why: str) -> Ending:
    """Return the ending of a client that was not let in."""
    return Ending(Exit.REFUSED, f"Not let in: {why}", why.partition(". ")[0].rstrip("."))


def cut_off(session: ClientSession, preamble: bytes) -> Ending:
    """Return the ending for a connection that is gone without a goodbye; `preamble` is text that was not for frames."""
    heard_frames = session.name or session.questions.what or session.questions.refusal
    if _lines(preamble) and not heard_frames:
        return _spoke_text(preamble)
    if not heard_frames:
        why = "it closed the connection without a word"
        sentence = "The server closed the connection without a word. If it speaks TLS, add --tls; else try again."
        return Ending(Exit.LOST, sentence, why)
    if session.presence.goodbye is Goodbye.SENT and not session.waiting:
        return Ending(Exit.GOODBYE)
    lost = f" {_quoted(session)} may not have arrived." if session.waiting else ""
    return Ending(Exit.LOST, f"The connection to the server was lost.{lost} Start the client again to rejoin.")


def _lines(said: bytes) -> list[str]:
    return said[:_SAID].decode(errors="replace").strip().splitlines()


def turned_away(said: bytes) -> Ending | None:
    """Return the ending for a chat server that turns us away in text, before it speaks frames; None for other text."""
    lines = _lines(said)
    sentence = clean(lines[0]) if lines else ""
    # What is filled in, such as the reason of a ban, is the server's: only the words before it are known.
    known = any(sentence.startswith(fault.phrase.partition("{")[0]) for fault in _TURNS_AWAY)
    return refused(sentence) if known else None


def quoted(said: bytes) -> str:
    """Return what a peer has said in text, shortened, as a part of a sentence; "" for nothing."""
    lines = _lines(said)
    return f'it said "{excerpt(lines[0])}"' if lines else ""


def _spoke_text(said: bytes) -> Ending:
    return turned_away(said) or not_chat(quoted(said))


def bug(error: Exception) -> Ending:
    """Return the ending after an unexpected error."""
    return Ending(Exit.ERROR, f"The client met a bug of its own ({excerpt(repr(error))}). Start it again to rejoin.")


def no_page(error: OSError) -> Ending:
    """Return the ending for a page that can't be written."""
    return Ending(Exit.ERROR, f"The page can't be written: {error.strerror or error}. Choose another FILE for --html.")


def not_chat(why: str) -> Ending:
    """Return the ending for a peer that is no chat server."""
    sentence = f"That does not look like this chat's server: {why}. Check the host and the port."
    return Ending(Exit.ERROR, sentence, f"that is no chat server: {why}")


def broken_stream(error: ProtocolError) -> Ending:
    """Return the ending after an error that leaves no frame boundaries."""
    return not_chat(clean(str(error)).rstrip("."))


def unanswered(session: ClientSession, seconds: float) -> Ending:
    """Return the ending for a server that keeps silent."""
    if not session.name:
        return not_chat(f"it did not answer within {seconds:.0f} s")
    what = _quoted(session) if session.waiting else "your password"
    return Ending(Exit.LOST, f"The server did not answer {what} within {seconds:.0f} s. Try again later.")


def _quoted(session: ClientSession) -> str:
    """Return the oldest line without an answer as a sentence quotes it, and how many there are besides."""
    first, *more = session.waiting
    return f'"{excerpt(first)}"' + (f" and {len(more)} more" if more else "")
