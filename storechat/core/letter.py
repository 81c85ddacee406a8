"""The letter that each side of a chat through a store writes as the value of its own key. Pure.

    9c56cc51b374c3ba                                        16 hex digits of the SHA-256 of all that follows
    {"from":"ann","to":"bob","session":"5f0c...","number":12,"seen":["81aa...",11],
     "heard":4,"first":3,"texts":["hello","are you there?"],"leaving":false}

A letter replaces the one before it and says everything again, so that none of them is needed and any may be lost. The
checksum finds accidental damage; anyone can compute it, so each field is checked as well.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from protocol.errors import ErrorCode, ProtocolError
from protocol.lines import LINE_LIMIT
from storechat.core.send_window import TEXTS_LIMIT

LETTER_LIMIT = 64 * 1024  # bytes; a full window takes half of it, with each character escaped
_SESSION_LENGTH = 16
_DIGEST_LENGTH = 16
_COUNT_LIMIT = 2**53  # what every JSON parser holds exactly


@dataclass(frozen=True, slots=True)
class Letter:
    """One value of one side's key. What is `seen`, `heard` and so on is explained in storechat.core.mailbox."""

    sender: str
    receiver: str
    session: str
    number: int
    seen: tuple[str, int]  # a session of the receiver's ("" for none), and the number of its letter
    heard: int
    first: int
    texts: tuple[str, ...]
    leaving: bool = False

    def encode(self) -> bytes:
        """Return it as the bytes of a value."""
        fields = {
            "from": self.sender,
            "to": self.receiver,
            "session": self.session,
            "number": self.number,
            "seen": self.seen,
            "heard": self.heard,
            "first": self.first,
            "texts": self.texts,
            "leaving": self.leaving,
        }
        body = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        return checksum(body) + b"\n" + body


def checksum(body: bytes) -> bytes:
    """Return what stands before the body of a letter."""
    return hashlib.sha256(body).hexdigest()[:_DIGEST_LENGTH].encode()


def decode(data: bytes, sender: str, receiver: str) -> Letter:
    """Return the letter in `data`. Raises ProtocolError unless it is whole, and from `sender` to `receiver`."""
    digest, _, body = data.partition(b"\n")
    if len(data) <= LETTER_LIMIT and digest == checksum(body):
        try:
            letter = _letter(json.loads(body))
        except (ValueError, TypeError, KeyError, RecursionError):  # each way in which it can be something else
            letter = None
        if letter is not None and (letter.sender, letter.receiver) == (sender, receiver) and _makes_sense(letter):
            return letter
    raise ProtocolError(ErrorCode.VALUE_DAMAGED, name=sender)


def _letter(fields: Any) -> Letter:
    session, number = fields["seen"]
    return Letter(
        fields["from"],
        fields["to"],
        fields["session"],
        fields["number"],
        (session, number),
        fields["heard"],
        fields["first"],
        tuple(fields["texts"]),
        fields["leaving"] is True,
    )


def _makes_sense(letter: Letter) -> bool:
    """Return whether each field is of its type and within its bounds."""
    counts = (letter.number, letter.seen[1], letter.heard, letter.first)
    return (
        all(type(count) is int and 0 <= count < _COUNT_LIMIT for count in counts)
        and letter.number >= 1
        and letter.first >= 1
        and _is_session(letter.session)
        and (letter.seen[0] == "" or _is_session(letter.seen[0]))
        and len(letter.texts) <= TEXTS_LIMIT
        and all(isinstance(text, str) and len(text) <= LINE_LIMIT for text in letter.texts)
    )


def _is_session(value: object) -> bool:
    return isinstance(value, str) and len(value) == _SESSION_LENGTH and value.isascii() and value.isalnum()
