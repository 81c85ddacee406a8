"""TelnetFilter: takes telnet's commands (RFC 854) out of a stream and answers them.

IAC is FF, and UTF-8 never contains an FF, so commands and text are always told apart. Every option is refused once:
DO x by WONT x, WILL x by DONT x; refusing an option again could start a loop (RFC 854: no acknowledgement of a mode
that is already in effect). DO TIMING-MARK (RFC 860) is not an option but a question and is answered each time: after
Ctrl-C both common telnets throw away all output until the answer arrives. A peer that answers ours (IS_TELNET) is a
telnet. The end-of-file command becomes the Ctrl-D that the user typed. Everything else is dropped.
"""

from __future__ import annotations

IAC, SE, EOF, SB = 0xFF, 0xF0, 0xEC, 0xFA
WILL, WONT, DO, DONT = 0xFB, 0xFC, 0xFD, 0xFE
ECHO, TIMING_MARK = 1, 6

# RFC 857: the server announces that it will echo, and does not, so that a password stays hidden; then that it won't.
HIDE_TYPING = bytes((IAC, WILL, ECHO))
SHOW_TYPING = bytes((IAC, WONT, ECHO))

IS_TELNET = bytes((IAC, DO, TIMING_MARK))  # every telnet answers at once, by WILL or WONT; nothing else does

CTRL_D = b"\x04"
SUBNEGOTIATION_LIMIT = 256

_REFUSAL = {DO: WONT, WILL: DONT}


class TelnetFilter:
    """A filter: chunks in any cut -> the text in them. The answers to commands collect in `replies`."""

    def __init__(self) -> None:
        self.replies = bytearray()
        self.hiding = False  # HIDE_TYPING was sent, so that DO ECHO agrees with us and asks for nothing
        self._refused: set[tuple[int, int]] = set()
        self._command = b""  # the bytes of an unfinished command, without those of a sub-negotiation
        self._sub_size = 0

    @property
    def idle(self) -> bool:
        """Whether no command is half read: then a chunk without FF is all text."""
        return not self._command

    def feed(self, chunk: bytes) -> bytes:
        """Return `chunk` without its telnet commands."""
        text = bytearray()
        position = 0
        while position < len(chunk):
            if self._command:
                text += self._step(chunk[position])
                position += 1
            else:
                mark = chunk.find(IAC, position)
                mark = len(chunk) if mark < 0 else mark
                text += chunk[position:mark]
                self._command = chunk[mark : mark + 1]
                position = mark + 1
        return bytes(text)

    def _step(self, byte: int) -> bytes:
        """Take the next byte of a command. Return the text that it stands for, in most cases none."""
        command = self._command
        if len(command) == 1:
            return self._begin(byte)
        if command[1] == SB:
            self._skip_subnegotiation(byte)
        else:
            self._command = b""
            self._refuse(command[1], byte)
        return b""

    def _begin(self, byte: int) -> bytes:
        takes_more = byte == SB or WILL <= byte <= DONT
        self._command = bytes((IAC, byte)) if takes_more else b""
        self._sub_size = 0
        return CTRL_D if byte == EOF else b""

    def _skip_subnegotiation(self, byte: int) -> None:
        """Drop bytes up to IAC SE. After 256 bytes without it, what follows is text again."""
        self._sub_size += 1
        after_iac = len(self._command) == 3
        if (after_iac and byte == SE) or self._sub_size > SUBNEGOTIATION_LIMIT:
            self._command = b""
        else:
            self._command = bytes((IAC, SB, IAC)) if byte == IAC and not after_iac else bytes((IAC, SB))

    def _refuse(self, verb: int, option: int) -> None:
        answer = _REFUSAL.get(verb)
        if answer is None:
            return
        if self.hiding and (verb, option) == (DO, ECHO):
            return
        if (verb, option) == (WILL, TIMING_MARK):  # the answer to IS_TELNET
            return
        timing_mark = verb == DO and option == TIMING_MARK
        if timing_mark or (verb, option) not in self._refused:
            self._refused.add((verb, option))
            self.replies += bytes((IAC, answer, option))
