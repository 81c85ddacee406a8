"""The question whether to trust a server's certificate, before the chat begins."""

from __future__ import annotations

from client.cli.exits import Ending, Exit
from client.cli.tls_endings import Unverified, wrapped
from protocol.certificates import parsed_fingerprint

_HOW = (
    "Compare it with the one that the server has printed at its start; ask the person who runs it, by telephone, say. "
    "If they are the same, nobody stands between you and the server, and you will not be asked again."
)
_PROMPT = "Type yes, or paste the server's fingerprint; anything else leaves: "


class Declined(Ending):
    """The user has not accepted a certificate."""

    def __init__(self, sentence: str) -> None:
        super().__init__(Exit.CANNOT_CONNECT, sentence)


def accept(met: Unverified) -> None:
    """Ask whether the certificate of a server that is met for the first time is its own. Raises Declined if not."""
    print(wrapped(*met.introduction, _HOW))
    try:
        answer = input(_PROMPT).strip()
    except EOFError:
        print()  # what comes next begins a line of its own
        answer = ""
    if answer.lower() == "yes":
        return
    try:
        is_same = parsed_fingerprint(answer) == met.fingerprint
    except ValueError:
        raise Declined("The certificate was not accepted. Nothing was sent to the server.") from None
    if not is_same:
        raise Declined(
            "THAT IS ANOTHER FINGERPRINT: somebody may stand between you and the server. Nothing was sent to it.",
        )
