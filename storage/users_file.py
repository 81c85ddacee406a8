"""Accounts: the names that are registered, in `users.txt`, one line each.

    ann:scrypt:16384:8:5:w2kq...==:9tD1...=
    bob:scrypt:16384:8:5:Tn0x...==:aP4c...=:operator

`operator` at its end is the role of an account. A line that can't be read is reported and kept byte by byte where it
stands (storage/edited_file.py), and its name stays taken: nobody can log in by it or register the name until somebody
repairs the line. Where it is in doubt which name that is (`names_in`), each that it may be stays taken. Blank lines and
those that begin with # are kept too.

Everything here may block (hashing, the disk): after `load` it is for the worker thread alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable
from pathlib import Path
from typing import NamedTuple

from protocol.text import is_name, key_of
from storage.edited_file import EditedFile, shortened
from storage.passwords import NOBODY, PasswordHash

FILE_NAME = "users.txt"
_OPERATOR = "operator"  # the role, at the end of a line
_RUN = re.compile(r"[A-Za-z0-9_-]+")
_BEFORE_HASH = re.compile(r"([A-Za-z0-9_-]+):scrypt:")


class _Line(NamedTuple):
    """A line as it stands, with its line end. `keys`: whose account it is, or may be if it can't be read."""

    text: str
    keys: tuple[str, ...] = ()
    hash: PasswordHash | None = None
    is_operator: bool = False


class Account(NamedTuple):
    """An account: the key of its name, its hash as a line has it, and its role."""

    key: str
    record: str
    is_operator: bool


class Accounts:
    """The accounts in one folder. `path` is made, with its folder, when the first user registers (D10)."""

    def __init__(self, folder: Path, appointed: frozenset[str] = frozenset()) -> None:
        """`appointed`: the keys of names that are operators' once they are registered."""
        self.path = folder / FILE_NAME
        self._file = EditedFile(self.path)
        self._appointed = appointed
        self._lines: list[_Line] = []
        self._hashes: dict[str, PasswordHash] = {}
        self._keys: frozenset[str] = frozenset()
        self._operators: frozenset[str] = frozenset()

    def load(self) -> list[str]:
        """Read the file, if there is one, anew; return a sentence for each line that was no use. Raises OSError."""
        known = {line.text: line for line in self._lines if line.hash}
        lines: list[_Line] = []
        complaints: list[str] = []
        live: set[str] = set()
        for number, content in enumerate(self._file.read(), 1):
            line, why = _read(content, known, live)
            live.update(line.keys if line.hash else ())
            lines.append(line)
            if why:
                complaints.append(f"{self.path}, line {number} was left out: {why}")
        self._take(lines)
        return shortened(complaints)

    def refresh(self) -> list[str]:
        """Read the file anew if it is not the one that was read or written last; return what `load` does."""
        return self.load() if self._file.has_changed() else []

    def keys(self) -> frozenset[str]:
        """Return the names that are taken, as they are compared."""
        return self._keys

    def operators(self) -> frozenset[str]:
        """Return the names whose accounts are operators', as they are compared."""
        return self._operators

    def check(self, name: str, password: str) -> bool:
        """Return whether `password` is that of `name`; False after the same time for a name without account."""
        return self._hashes.get(key_of(name), NOBODY).matches(password)

    def add(self, name: str, password: str) -> bool:
        """Register `name`, unless it is taken; return whether that was done. Raises OSError; then all is as before."""
        hashed = PasswordHash.of(password)
        self.refresh()
        if key_of(name) in self._keys:
            return False
        self._replace(key_of(name), _line_of(name, hashed, key_of(name) in self._appointed))
        return True

    def store(self, name: str, password: str) -> None:
        """Register `name`, or give it another password. Raises OSError; then all is as before."""
        hashed = PasswordHash.of(password)
        self.refresh()
        self._replace(key_of(name), _line_of(name, hashed, key_of(name) in self._operators))

    def set_role(self, name: str, is_operator: bool) -> bool:
        """Make the account of `name` an operator's, or no operator's; return whether there is one. Raises OSError."""
        self.refresh()
        key = key_of(name)
        hashed = self._hashes.get(key)
        if hashed is None:
            return False
        if is_operator != (key in self._operators):
            written = next(line.text for line in self._lines if line.hash and line.keys == (key,))
            self._replace(key, _line_of(written.partition(":")[0], hashed, is_operator))
        return True

    def grant_roles(self) -> list[str]:
        """Give those that are appointed their role; return the keys of those without an account. Raises OSError."""
        return [key for key in sorted(self._appointed) if not self.set_role(key, True)]

    def remove(self, name: str) -> None:
        """Remove the account of `name`. Raises OSError; then all is as before."""
        self.refresh()
        self._replace(key_of(name))

    def _replace(self, key: str, *new: _Line) -> None:
        """Put `new` in the place of the lines of `key`, or at the end. A line that may be another's, too, stays."""
        place = next((number for number, line in enumerate(self._lines) if line.keys == (key,)), len(self._lines))
        before, after = self._lines[:place], [line for line in self._lines[place:] if line.keys != (key,)]
        lines = [*before, *new, *after]
        self._file.write(line.text for line in lines)
        self._take(lines)

    def _take(self, lines: list[_Line]) -> None:
        self._lines = lines
        self._hashes = {line.keys[0]: line.hash for line in lines if line.hash}
        self._keys = frozenset(key for line in lines for key in line.keys)
        self._operators = frozenset(line.keys[0] for line in lines if line.is_operator)


def accounts_in(path: Path) -> tuple[list[Account], list[str]]:
    """Return the accounts in a file like users.txt, and a sentence for each line that is no use. Raises OSError."""
    accounts: dict[str, Account] = {}
    complaints: list[str] = []
    for number, content in enumerate(EditedFile(path).read(), 1):
        try:
            line = _parsed(content)
            if line.hash is None:
                continue
            if line.keys[0] in accounts:
                raise ValueError(f"{line.keys[0]} stands in an earlier line")
            accounts[line.keys[0]] = Account(line.keys[0], str(line.hash), line.is_operator)
        except ValueError as error:
            complaints.append(f"{path}, line {number} was left out: {error}.{_free(names_in(content), accounts)}")
    return list(accounts.values()), shortened(complaints)


def _free(names: Iterable[str], accounts: Container[str]) -> str:
    """Return what follows from it that an account of one of these names was left out, "" if nothing does."""
    lost = [name for name in names if name not in accounts]
    return f" Until it is repaired and brought in, anybody can register {' or '.join(lost)}." if lost else ""


def _line_of(name: str, hashed: PasswordHash, is_operator: bool = False) -> _Line:
    role = f":{_OPERATOR}" if is_operator else ""
    return _Line(f"{name}:{hashed}{role}\n", (key_of(name),), hashed, is_operator)


def _read(content: str, known: dict[str, _Line], live: set[str]) -> tuple[_Line, str]:
    """Return what a line says and "", or why it is of no use, where `live` names stand in earlier lines."""
    try:
        line = known.get(content) or _parsed(content)
    except ValueError as error:
        keys = names_in(content)
        taken = f"Until it is repaired nobody can have {' or '.join(keys)}." if keys else "No name can be read in it."
        return _Line(content, keys), f"{error}. {taken}"
    if line.hash and line.keys[0] in live:
        return _Line(content, line.keys), f"{line.keys[0]} stands in an earlier line"
    return line, ""


def _parsed(content: str) -> _Line:
    """Return what a line says. Raises ValueError for one that is no use."""
    name, _, text = content.partition(":")
    if is_name(name):
        text, is_operator = text.strip(), text.strip().endswith(f":{_OPERATOR}")
        hashed = PasswordHash.parse(text.removesuffix(f":{_OPERATOR}"))
        return _Line(content, (key_of(name),), hashed, is_operator)
    if not content.strip() or _cleaned(content).startswith("#"):
        return _Line(content)
    raise ValueError("it does not begin with a name")


def names_in(content: str) -> tuple[str, ...]:
    """Return the names, as they are compared, that a damaged line may be about.

    Its name stands before the first colon: the first run of a name's characters there, or all of them where something
    has come between them, also when that colon is lost. And every name that a hash follows, where a line end is lost.
    """
    cleaned = _cleaned(content)
    runs = _RUN.findall(cleaned.partition(":")[0])
    whole = "".join(runs)
    found = [*runs[:1], whole, whole.removesuffix("scrypt"), *_BEFORE_HASH.findall(cleaned)]
    return tuple(dict.fromkeys(key_of(name) for name in found if is_name(name)))


def _cleaned(content: str) -> str:
    """Return a line without what can't be seen: byte order marks, NULs, tabs, what is no UTF-8."""
    normal = unicodedata.normalize("NFKC", content)
    return "".join(c for c in normal if c.isprintable()).lstrip()
