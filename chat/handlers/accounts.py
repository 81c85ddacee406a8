"""The handlers for registered names: questions for passwords, their answers, and what came of them.

A name is free to use unless it is registered; a registered one asks for its password. Checking or storing one takes
long, so a handler returns an AccountTask and the session waits: nothing more of it is read until `answered` has the
result, and others notice nothing.

Passwords are in requests and tasks only: never in a phrase, never in a LogLine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil
from typing import Any

from chat import limits
from chat.account_records import proof_of
from chat.effects import (
    AccountTask,
    CheckPassword,
    Effect,
    HashPassword,
    Outcome,
    Reaction,
    RemoveAccount,
    StorePassword,
    StoreRole,
    TaskResult,
    Unicast,
    told,
)
from chat.handlers import moderation, presence, talk
from chat.login_attempts import LoginAttempts
from chat.names import why_not
from chat.networks import LOOPBACK, network_of
from chat.proposals import Accounts, Applied, DropAccount, ImportAccount, Own, SetAccount
from chat.session import Dialog, Question, Session
from chat.state import CHATTING, GOODBYE, GREETED, Consequences, State, Table
from protocol import requests
from protocol.errors import ErrorCode
from protocol.events import Asked, Noticed, PasswordTaken, refusal
from protocol.requests import Request
from protocol.text import clean_password, key_of

LEAST, MOST = 8, 128  # characters; NIST SP 800-63B asks for at least 8 and to allow at least 64
_CHANGES = "*"  # no name: what a network's new passwords are counted under, like its guesses
WRONG_LIMIT = 3  # a connection with so many wrong ones is closed
_UNSEEN = "The password is not shown while you type it."


# --- taking a registered name ------------------------------------------------------------------------------------


def needs_password(state: State, session: Session, name: str, password: str | None) -> bool:
    """Return whether a password has to be checked before `session` gets `name`: if that is another's account, or if a
    password was given. The answer for a name without account then looks alike and takes as long, so that nobody can
    find out by guessing which names have one.
    """
    key = key_of(name)
    return key != session.account and (key in state.room.registered or password is not None)


def ask_login(session: Session, name: str, cseq: int | None = None) -> Outcome:
    """Ask for the password of `name`."""
    prompt = f"{name} is registered. Its password (Enter alone: never mind)?"
    return _ask(session, Dialog(Question.LOGIN, prompt, name), cseq)


def ask_again(session: Session) -> list[Effect]:
    """Ask once more what stands to be answered."""
    return [] if session.question is None else [Unicast(session, Asked("password", session.question.prompt))]


def insist(state: State, session: Session, request: Request) -> Reaction:
    """Refuse a request that is no answer to the question that stands: it may be the password, to be kept secret."""
    error, details = ErrorCode.PASSWORD_ASKED, {}
    if isinstance(request, requests.Malformed):
        if request.error.fatal:
            return talk.malformed(state, session, request)
        if request.cseq is None:  # a text user's answer, that was not readable
            error, details = request.error.fault, request.error.details
    return Outcome(refusal(error, None, **details), after=ask_again(session))


def check(state: State, task: CheckPassword) -> Outcome:
    """Have a password checked, unless too many were wrong."""
    session, name = task.session, task.name
    guess = guess_of(name, session)
    wait = state.attempts.logins.wait(guess, state.now)
    if wait:
        refused = refusal(ErrorCode.TOO_MANY_TRIES, name=name, seconds=ceil(wait))
        return Outcome(refused, after=_after_refusal(state, session, name, task.was_asked))
    state.attempts.logins.count(guess, state.now)
    record = state.room.records.find(key_of(name)) if state.settings.is_shared else None
    return _await(session, replace(task, record=record))


def guess_of(name: str, session: Session) -> tuple[str, str]:
    """Return what a guess at the password of `name` is counted under: the account and the network it comes from."""
    return key_of(name), network_of(session.host)


def _after_refusal(state: State, session: Session, name: str, was_asked: bool) -> list[Effect]:
    """Ask again where a password was asked for, or the next try would be taken for something to say."""
    if was_asked:
        return ask_login(session, name).before
    return [] if session.named else state.ask_name(session)


def _ask(session: Session, question: Dialog, cseq: int | None = None) -> Outcome:
    """Put a `question`. It goes before the answer to the line that led to it: a client that waits for its answer, to
    know what the next line means, has got the question by then."""
    session.question = question
    return Outcome(None if cseq is None else Noticed(_UNSEEN), before=ask_again(session))


def _await(session: Session, task: AccountTask) -> Outcome:
    session.waiting = True
    return Outcome(before=[task])


# --- commands ----------------------------------------------------------------------------------------------------


def register(state: State, session: Session, request: requests.Register) -> Reaction:
    """Claim the name that the user has."""
    registered = state.room.registered
    silenced = None if session.member is None else state.room.silenced(session.member, state.at)
    if silenced is not None:  # or an account would be a way around a lockdown
        return state.decline(session, silenced)
    if session.key in registered:
        return state.refuse(session, ErrorCode.ALREADY_REGISTERED, name=session.name)
    if len(registered) >= limits.ACCOUNTS:
        return state.refuse(session, ErrorCode.TOO_MANY_ACCOUNTS, limit=limits.ACCOUNTS)
    return _new_password(state, session, request.password, request.cseq)


def change_password(state: State, session: Session, request: requests.ChangePassword) -> Outcome:
    """Give the user's own account another password."""
    if session.account != session.key:
        return state.refuse(session, ErrorCode.NOT_REGISTERED, name=session.name)
    return _new_password(state, session, request.password, request.cseq)


def unregister(state: State, session: Session, request: requests.Unregister) -> Reaction:
    """Give the name back."""
    if session.account != session.key:
        return state.refuse(session, ErrorCode.NOT_REGISTERED, name=session.name)
    if state.settings.is_shared:
        return state.propose(session, DropAccount(session.key), request.cseq)
    return _await(session, RemoveAccount(session, session.name, request.cseq))


def _new_password(state: State, session: Session, password: str | None, cseq: int | None) -> Outcome:
    return _ask_new(session, cseq) if password is None else _store(state, session, clean_password(password), cseq)


def _ask_new(session: Session, cseq: int | None = None) -> Outcome:
    prompt = f"Choose a password of {LEAST} to {MOST} characters (Enter alone: never mind):"
    return _ask(session, Dialog(Question.NEW, prompt), cseq)


def _store(state: State, session: Session, password: str, cseq: int | None) -> Outcome:
    if not LEAST <= len(password) <= MOST:
        return state.refuse(session, ErrorCode.BAD_PASSWORD, least=LEAST, most=MOST)
    tallies = _tallies(state, session)
    wait = max(attempts.wait(key, state.now) for attempts, key in tallies)
    if wait:  # each takes as long as a login, and others want to come in
        return state.refuse(session, ErrorCode.TOO_MANY_NEW_PASSWORDS, seconds=ceil(wait))
    for attempts, key in tallies:
        attempts.count(key, state.now)
    make = HashPassword if state.settings.is_shared else StorePassword
    return _await(session, make(session, session.name, password, cseq))


def _tallies(state: State, session: Session) -> list[tuple[LoginAttempts, tuple[str, str]]]:
    """Return where a new password is counted, and as what: for the network. Behind a proxy on this machine all are in
    one, so there each connection has its own count, and all that register names have one together."""
    network = network_of(session.host)
    logins, registrations = state.attempts.logins, state.attempts.registrations
    if network != LOOPBACK:
        return [(logins, (_CHANGES, network))]
    own = (logins, (_CHANGES, session.address))
    return [own] if session.account == session.key else [own, (registrations, (_CHANGES, LOOPBACK))]


# --- answers to our questions ------------------------------------------------------------------------------------


def password(state: State, session: Session, request: requests.Password) -> Reaction:
    """Take the answer to the question that stands."""
    question, session.question = session.question, None
    if question is None:
        return state.refuse(session, ErrorCode.BAD_MESSAGE, why="no password was asked for")
    shown: list[Effect] = [] if session.dialect.counts else [Unicast(session, PasswordTaken())]
    typed = clean_password(request.password)
    outcome = _QUESTIONS[question.kind](state, session, question, typed) if typed else _never_mind(state, session)
    return shown + told(session, outcome, None)


def _never_mind(state: State, session: Session) -> Outcome:
    if session.named:
        return Outcome(Noticed("Nothing was changed."))
    return Outcome(before=state.ask_name(session))


def _login(state: State, session: Session, question: Dialog, typed: str) -> Outcome:
    return check(state, CheckPassword(session, question.draft, typed, was_asked=True))


def _new(state: State, session: Session, question: Dialog, typed: str) -> Outcome:
    if not LEAST <= len(typed) <= MOST:
        refused = state.refuse(session, ErrorCode.BAD_PASSWORD, least=LEAST, most=MOST)
        return Outcome(refused.answer, after=_ask_new(session).before)
    return Outcome(before=_ask(session, Dialog(Question.NEW_AGAIN, "The same once more:", typed)).before)


def _new_again(state: State, session: Session, question: Dialog, typed: str) -> Outcome:
    if typed != question.draft:
        return Outcome(refusal(ErrorCode.PASSWORDS_DIFFER), after=_ask_new(session).before)
    return _store(state, session, typed, None)


_QUESTIONS: dict[Question, Callable[[State, Session, Dialog, str], Outcome]] = {
    Question.LOGIN: _login,
    Question.NEW: _new,
    Question.NEW_AGAIN: _new_again,
}


# --- what came of a task -----------------------------------------------------------------------------------------


def answered(state: State, task: AccountTask, result: TaskResult, record: str) -> Reaction:
    """Return what follows from the `result` of `task`, whenever it comes; of hashing a password, with its `record`."""
    session = task.session
    session.waiting = False
    if isinstance(task, CheckPassword) and result is not TaskResult.NO:
        state.attempts.logins.forgive(guess_of(task.name, session))
    if session.closing:
        return moderation.role_stored_unseen(state, task, result) if isinstance(task, StoreRole) else Outcome()
    if result in (TaskResult.BUSY, TaskResult.FAILED):
        refused = refusal(ErrorCode.BUSY if result is TaskResult.BUSY else ErrorCode.ACCOUNTS_FAILED)
        was_asked = isinstance(task, CheckPassword) and task.was_asked
        return Outcome(refused, after=_after_refusal(state, session, task.name, was_asked))
    if isinstance(task, HashPassword):
        return _hashed(state, task, record)
    return RESULTS[type(task)](state, task, result)


def _checked(state: State, task: CheckPassword, result: TaskResult) -> Reaction:
    session = task.session
    if result is TaskResult.YES:
        reason = why_not(state, session, task.name)  # it may have been taken meanwhile
        if reason is None:
            proof = "" if task.record is None else proof_of(task.record)
            return presence.give_name(state, session, task.name, task.cseq, key_of(task.name), proof)
        return state.decline(session, reason)
    session.claim.wrong_passwords += 1
    instead = "" if task.was_asked else ", or it has none: try the name alone"  # who was not asked can't tell which
    wrong = refusal(ErrorCode.WRONG_PASSWORD, name=task.name, instead=instead)
    if session.claim.wrong_passwords >= WRONG_LIMIT:
        return Outcome(wrong, after=state.farewell(session, GOODBYE, "wrong passwords"))
    return Outcome(wrong, after=_after_refusal(state, session, task.name, task.was_asked))


def _hashed(state: State, task: HashPassword, record: str) -> Reaction:
    session = task.session
    if not session.named:  # the name's owner came meanwhile
        return []
    key = key_of(task.name)
    appointed = presence.is_appointed(state, session, key)
    return state.propose(session, SetAccount(key, record, limits.ACCOUNTS, appointed), task.cseq)


def _stored(state: State, task: StorePassword, result: TaskResult) -> Reaction:
    session = task.session
    if not session.named:  # the name's owner came meanwhile
        return []
    if result is TaskResult.FULL:
        return state.refuse(session, ErrorCode.TOO_MANY_ACCOUNTS, limit=limits.ACCOUNTS)
    if result is TaskResult.NO:
        return state.refuse(session, ErrorCode.ALREADY_REGISTERED, name=task.name)
    return state.propose(session, Own(key_of(task.name)), task.cseq)


def _removed(state: State, task: RemoveAccount, result: TaskResult) -> Reaction:
    return state.propose(task.session, Own(""), task.cseq)


def owned(state: State, author: Session | None, proposal: Own | SetAccount | DropAccount, applied: Applied) -> Reaction:
    """Somebody's name has got an account, another password, or no account any more."""
    return Outcome(Noticed(applied.notice), after=[] if author is None else state.role_told(author))


def listed(state: State, author: Session | None, proposal: Accounts | ImportAccount, applied: Applied) -> Reaction:
    """Other names have accounts now, which nobody has to be told."""
    return []


RESULTS: dict[type, Callable[[State, Any, TaskResult], Reaction]] = {
    CheckPassword: _checked,
    StorePassword: _stored,
    RemoveAccount: _removed,
    StoreRole: moderation.role_stored,
}

HANDLERS: Table = {
    requests.Register: (CHATTING, register),
    requests.ChangePassword: (CHATTING, change_password),
    requests.Unregister: (CHATTING, unregister),
    requests.Password: (GREETED, password),
}
CONSEQUENCES: Consequences = {
    Own: owned,
    SetAccount: owned,
    DropAccount: owned,
    Accounts: listed,
    ImportAccount: listed,
}
