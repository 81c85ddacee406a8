"""The hub's handlers for registered names: questions for passwords, their answers, and what came of them.

A name is free to use unless it is registered; a registered one asks for its password. Checking or storing one takes
long, so a handler returns a Consultation and the session waits: nothing more of it is read until `answered` is told
what came of it, and others notice nothing.

Passwords are in requests and consultations only: never in a phrase, never in a LogLine.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING, Any

from chat import limits
from chat.effects import AccountTask, CheckPassword, Effect, RemoveAccount, StorePassword, TaskResult, Unicast
from chat.login_attempts import LoginAttempts
from chat.networks import LOOPBACK, network_of
from chat.session import Question, Session
from protocol import requests
from protocol.errors import ErrorCode
from protocol.events import Asked, Noticed, PasswordTaken, refusal
from protocol.requests import Malformed, Request
from protocol.text import clean_password, key_of

if TYPE_CHECKING:
    from chat.hub import Hub

LEAST, MOST = 8, 128  # characters; NIST SP 800-63B asks for at least 8 and to allow at least 64
_CHANGES = "*"  # no name: what a network's new passwords are counted under, like its guesses
WRONG_LIMIT = 3  # a connection with so many wrong ones is closed


# --- taking a registered name ------------------------------------------------------------------------------------


def needs_password(hub: Hub, session: Session, name: str, password: str | None) -> bool:
    """Say whether `name` is to be had by its password only. A password given for a free name is checked, too: the
    same words after the same time tell a guesser nothing of which names there are."""
    key = key_of(name)
    return key != session.account and (key in hub.registered or password is not None)


def ask_login(session: Session, name: str, cseq: int | None = None) -> list[Effect]:
    """Ask for the password of `name`."""
    text = f"{name} is registered. Its password (Enter alone: never mind)?"
    return [*_ask(session, Question.LOGIN, name, text), *_settle(session, cseq)]


def insist(hub: Hub, session: Session, request: Request) -> list[Effect]:
    """Refuse what is no answer to the question that stands: it may be the password, and not fit to be heard."""
    if isinstance(request, Malformed):
        if request.error.fatal:
            return hub.malformed(session, request)
        if request.cseq is None:  # a text user's answer, that was not readable
            refused = refusal(request.error.fault, None, **request.error.details)
            return [Unicast(session, refused), *ask_again(session)]
    return [Unicast(session, refusal(ErrorCode.PASSWORD_ASKED, getattr(request, "cseq", None))), *ask_again(session)]


def ask_again(session: Session) -> list[Effect]:
    """Ask what stands once more."""
    return [Unicast(session, Asked("password", session.asked))]


def check(
    hub: Hub, session: Session, name: str, password: str, cseq: int | None = None, was_asked: bool = False
) -> list[Effect]:
    """Have `password` checked, unless too many were wrong."""
    guess = guess_of(name, session)
    wait = hub.guesses.wait(guess, hub.now)
    if wait:
        return _refuse(hub, session, ErrorCode.TOO_MANY_TRIES, cseq, was_asked, name=name, seconds=ceil(wait))
    hub.guesses.count(guess, hub.now)
    return _consult(session, CheckPassword(session, name, clean_password(password), was_asked, cseq))


def guess_of(name: str, session: Session) -> tuple[str, str]:
    """Return what a guess at the password of `name` is counted under: the account and the network it comes from."""
    return key_of(name), network_of(session.host)


def _refuse(
    hub: Hub, session: Session, fault: ErrorCode, cseq: int | None, was_asked: bool, **details: object
) -> list[Effect]:
    """Refuse a password; where it was asked for, ask again, or the next try would be taken for something to say."""
    if not was_asked:
        return hub.refuse(session, fault, cseq, **details)
    session.question = Question.LOGIN
    return [Unicast(session, refusal(fault, cseq, **details)), *ask_again(session)]


def _ask(session: Session, question: Question, typed: str, text: str) -> list[Effect]:
    session.question = question
    session.typed = typed
    session.asked = text
    return ask_again(session)


def _consult(session: Session, consultation: AccountTask) -> list[Effect]:
    session.waiting = True
    return [consultation]


# --- commands ----------------------------------------------------------------------------------------------------


def register(hub: Hub, session: Session, request: requests.Register) -> list[Effect]:
    """Claim the name that the user has."""
    if session.key in hub.registered:
        return hub.refuse(session, ErrorCode.ALREADY_REGISTERED, request.cseq, name=session.name)
    if len(hub.registered) >= limits.ACCOUNTS:
        return hub.refuse(session, ErrorCode.TOO_MANY_ACCOUNTS, request.cseq, limit=limits.ACCOUNTS)
    return _new_password(hub, session, request.password, request.cseq)


def change_password(hub: Hub, session: Session, request: requests.ChangePassword) -> list[Effect]:
    """Give the user's own account another password."""
    if session.account != session.key:
        return hub.refuse(session, ErrorCode.NOT_REGISTERED, request.cseq, name=session.name)
    return _new_password(hub, session, request.password, request.cseq)


def unregister(hub: Hub, session: Session, request: requests.Unregister) -> list[Effect]:
    """Give the name back."""
    if session.account != session.key:
        return hub.refuse(session, ErrorCode.NOT_REGISTERED, request.cseq, name=session.name)
    return _consult(session, RemoveAccount(session, session.name, request.cseq))


def _new_password(hub: Hub, session: Session, password: str | None, cseq: int | None) -> list[Effect]:
    if password is not None:
        return _store(hub, session, clean_password(password), cseq)
    return [*_ask_new(session), *_settle(session, cseq)]


def _ask_new(session: Session) -> list[Effect]:
    text = f"Choose a password of {LEAST} to {MOST} characters (Enter alone: never mind):"
    return _ask(session, Question.NEW, "", text)


def _settle(session: Session, cseq: int | None) -> list[Effect]:
    """Answer a framed client's line: what comes of the question has no line of its own.

    The question goes first. Who waits for this answer to know what the next line means has heard it by then.
    """
    return [] if cseq is None else [Unicast(session, Noticed("The password is not shown while you type it.", cseq))]


def _store(hub: Hub, session: Session, password: str, cseq: int | None) -> list[Effect]:
    if not LEAST <= len(password) <= MOST:
        return hub.refuse(session, ErrorCode.BAD_PASSWORD, cseq, least=LEAST, most=MOST)
    tallies = _tallies(hub, session)
    wait = max(guesses.wait(key, hub.now) for guesses, key in tallies)
    if wait:  # each takes as long as a login, and others want to come in
        return hub.refuse(session, ErrorCode.TOO_MANY_NEW_PASSWORDS, cseq, seconds=ceil(wait))
    for guesses, key in tallies:
        guesses.count(key, hub.now)
    return _consult(session, StorePassword(session, session.name, password, cseq))


def _tallies(hub: Hub, session: Session) -> list[tuple[LoginAttempts, tuple[str, str]]]:
    """Return where a new password is counted, and as what: for the network. Behind a proxy on this machine all are in
    one, so there each connection has its own count, and all that register names have one together."""
    network = network_of(session.host)
    if network != LOOPBACK:
        return [(hub.guesses, (_CHANGES, network))]
    own = (hub.guesses, (_CHANGES, session.address))
    return [own] if session.account == session.key else [own, (hub.registrations, (_CHANGES, LOOPBACK))]


# --- answers to our questions ------------------------------------------------------------------------------------


def password(hub: Hub, session: Session, request: requests.Password) -> list[Effect]:
    """Take the answer to the question that stands."""
    question, session.question = session.question, None
    if question is None:
        return hub.refuse(session, ErrorCode.BAD_MESSAGE, None, why="no password was asked for")
    shown: list[Effect] = [] if session.framed else [Unicast(session, PasswordTaken())]
    typed = clean_password(request.password)
    if not typed:
        return shown + _never_mind(hub, session)
    return shown + _QUESTIONS[question](hub, session, typed)


def _never_mind(hub: Hub, session: Session) -> list[Effect]:
    if session.named:
        return [Unicast(session, Noticed("Nothing was changed."))]
    return hub.ask_name(session)


def _login(hub: Hub, session: Session, typed: str) -> list[Effect]:
    return check(hub, session, session.typed, typed, was_asked=True)


def _new(hub: Hub, session: Session, typed: str) -> list[Effect]:
    if not LEAST <= len(typed) <= MOST:
        return [*hub.refuse(session, ErrorCode.BAD_PASSWORD, None, least=LEAST, most=MOST), *_ask_new(session)]
    return _ask(session, Question.NEW_AGAIN, typed, "The same once more:")


def _new_again(hub: Hub, session: Session, typed: str) -> list[Effect]:
    first, session.typed = session.typed, ""
    if typed != first:
        return [*hub.refuse(session, ErrorCode.PASSWORDS_DIFFER, None), *_ask_new(session)]
    return _store(hub, session, typed, None)


_QUESTIONS: dict[Question, Callable[[Hub, Session, str], list[Effect]]] = {
    Question.LOGIN: _login,
    Question.NEW: _new,
    Question.NEW_AGAIN: _new_again,
}


# --- what came of a consultation ---------------------------------------------------------------------------------


def answered(hub: Hub, asked: AccountTask, answer: TaskResult) -> list[Effect]:
    """Return what follows from `answer`, at whatever time it comes."""
    session = asked.session
    session.waiting = False
    if isinstance(asked, CheckPassword) and answer is not TaskResult.NO:
        hub.guesses.forgive(guess_of(asked.name, session))
    if session.closing:
        return []
    if answer in (TaskResult.BUSY, TaskResult.FAILED):
        fault = ErrorCode.BUSY if answer is TaskResult.BUSY else ErrorCode.ACCOUNTS_FAILED
        return _refuse(hub, session, fault, asked.cseq, isinstance(asked, CheckPassword) and asked.was_asked)
    return _OUTCOMES[type(asked)](hub, asked, answer)


def _checked(hub: Hub, asked: CheckPassword, answer: TaskResult) -> list[Effect]:
    session = asked.session
    if answer is TaskResult.YES:
        return hub.settle_name(session, asked.name, asked.cseq, account=key_of(asked.name))
    session.wrong_passwords += 1
    instead = "" if asked.was_asked else ", or it has none: try the name alone"  # who was not asked can't tell which
    wrong = refusal(ErrorCode.WRONG_PASSWORD, asked.cseq, name=asked.name, instead=instead)
    if session.wrong_passwords >= WRONG_LIMIT:
        return hub.dismiss(session, wrong, "wrong passwords")
    if asked.was_asked:
        return [Unicast(session, wrong), *ask_login(session, asked.name)]
    return [Unicast(session, wrong), *(hub.ask_name(session) if not session.named else [])]


def _stored(hub: Hub, asked: StorePassword, answer: TaskResult) -> list[Effect]:
    if answer is TaskResult.FULL:
        return hub.refuse(asked.session, ErrorCode.TOO_MANY_ACCOUNTS, asked.cseq, limit=limits.ACCOUNTS)
    if answer is TaskResult.NO:
        return hub.refuse(asked.session, ErrorCode.ALREADY_REGISTERED, asked.cseq, name=asked.name)
    is_new, asked.session.account = not asked.session.account, key_of(asked.name)
    text = f"{asked.name} is yours now: from here on the name needs your password."
    if not is_new:
        text = f"The password of {asked.name} is changed."
    return [Unicast(asked.session, Noticed(text, asked.cseq))]


def _removed(hub: Hub, asked: RemoveAccount, answer: TaskResult) -> list[Effect]:
    asked.session.account = ""
    return [Unicast(asked.session, Noticed(f"{asked.name} is not registered any more.", asked.cseq))]


_OUTCOMES: dict[type, Callable[[Hub, Any, TaskResult], list[Effect]]] = {
    CheckPassword: _checked,
    StorePassword: _stored,
    RemoveAccount: _removed,
}
