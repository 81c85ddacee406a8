"""The dialects: what the payloads mean that a codec finds. payload -> request, event -> payload.

`dialect` says what every dialect has; `slash`, `verbs`, `http` and `json` are one each, the last by two codecs. A new
one is a file here, a name in this list, and a way to choose it: a first byte (chat.delivery.detection), a first word
(`detect`) or an option.
"""

from __future__ import annotations

from protocol.commands import BY_VERB
from protocol.dialects.dialect import UNREADABLE, Dialect
from protocol.dialects.http import HTTP
from protocol.dialects.json import JSON, WEBSOCKET
from protocol.dialects.slash import SLASH
from protocol.dialects.verbs import OPEN_VERBS, VERBS

__all__ = ["HTTP", "JSON", "OPEN_VERBS", "SLASH", "UNREADABLE", "VERBS", "WEBSOCKET", "Dialect", "detect"]


def detect(payload: bytes, spoken: Dialect) -> Dialect:
    """Return the dialect that the line of a user without a name shows: OPEN_VERBS if its first word is a verb in any
    case, SLASH if it begins with a slash, and otherwise `spoken`, the one that the session has had so far."""
    word = payload.split(None, 1)[0] if payload.strip() else b""
    if word.startswith(b"/"):
        return SLASH
    return OPEN_VERBS if word.upper().decode("ascii", "replace") in BY_VERB else spoken
