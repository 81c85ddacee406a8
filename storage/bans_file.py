"""Bans, mutes and the lockdown on the disk: `bans.txt`, one line each, made for editing by hand.

    # what stands behind # is a comment
    ban 203.0.113.0/24
    ban bob,client:3f2a... 2026-11-22T10:00:00Z by ann: rude
    mute carl 2026-11-21T18:00:00Z by ann
    lockdown * forever by ann

A line says what is forbidden, to whom (chat.sanctions: names, networks and clients, with commas between), until when
(UTC; `forever` or nothing: for good), by whom and why. Comments and bad lines stay where they are, and lines that have
ended go when the next one is written (storage/edited_file.py).

No mistake sets anybody free. What can be understood of a bad line holds: without a time that can be read, for good;
under a first word that is not known, as a ban. If a subject can't be read, nobody knows for whom that line held, and as
long as there is such a line nothing is lifted because its line is missing.

An edit counts as done before each act of an operator that is not in the file yet when the edit is read, and after
each that is. So the line of an act takes the place of edited lines about the same subjects, and takes over whom these
held for, as in the room (chat.sanctions).

Everything here may block.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from math import ceil
from pathlib import Path
from typing import NamedTuple

from chat.sanctions import EVERYBODY, Act, Sanction, is_network, subject_of
from protocol.sanitize import clean
from protocol.text import LATEST
from storage.edited_file import EditedFile, shortened

FILE_NAME = "bans.txt"
_FOREVER = "forever"
_TEXT = 160  # characters of a reason or a name


class _Line(NamedTuple):
    """A line as it stands, with its line end, and what holds because of it."""

    text: str
    sanction: Sanction | None = None
    is_whole: bool = True  # its subjects could be read


class Change(NamedTuple):
    """What holds since the file was read again, what holds no more, and a sentence for each bad line."""

    added: list[Sanction]
    removed: list[Sanction]
    problems: list[str]

    def parts(self, size: int) -> Iterator[Change]:
        """Yield what was added and removed in parts of `size` sanctions or more, the last one of any size.

        All that is about one subject is in one part, so that nobody is free between an old line and its new one.
        """
        added: list[Sanction] = []
        removed: list[Sanction] = []
        gone = set(self.removed)
        for group in _groups([*self.removed, *self.added]):
            if len(added) + len(removed) >= size:
                yield Change(added, removed, [])
                added, removed = [], []
            added += [one for one in group if one not in gone]
            removed += [one for one in group if one in gone]
        yield Change(added, removed, [])


class BansFile:
    """The sanctions in one folder. `path` is made, with its folder, when the first one is imposed."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._file = EditedFile(self.path)
        self._lines: list[_Line] = []

    def load(self) -> Change:
        """Read the file, if there is one, anew; return what has changed since it was read last. Raises OSError."""
        read = [_parsed(content) for content in self._file.read()]
        lines = [line for line, _ in read]
        problems = [f"{self.path}, line {number}: {why}" for number, (_, why) in enumerate(read, 1) if why]
        before, after = _sanctions_in(self._lines), _sanctions_in(lines)
        removed = [sanction for sanction in before if sanction not in after]
        if removed and not all(line.is_whole for line in lines):
            problems.append(f"{self.path}: until that is repaired, what has no line any more holds: {len(removed)}.")
            lines += [_Line(f"{text_of(sanction)}\n", sanction) for sanction in removed]  # written with the next one
            removed = []
        lifted = {(sanction.act, subject) for sanction in removed for subject in sanction.subjects}
        added = [
            one for one in after if one not in before or any((one.act, subject) in lifted for subject in one.subjects)
        ]
        self._lines = lines
        return Change(added, removed, shortened(problems))

    def refresh(self) -> Change:
        """Read the file anew if it is another one than was read or written last; return and raise as `load` does."""
        return self.load() if self._file.has_changed() else Change([], [], [])

    def add(self, sanction: Sanction, at: float) -> None:
        """Write `sanction`, imposed at `at`, in the place of those about the same, and without those that have ended.

        Raises OSError; then all is as before. `refresh` comes first, or what somebody has edited is overwritten.
        """
        subjects = self._shared(sanction.act, sanction.subjects, at)
        whole = Sanction(sanction.act, subjects, sanction.until, sanction.by, sanction.reason)
        kept = [line for line in self._lines if not _is_replaced(line, whole, at)]
        self._write([*kept, _Line(f"{text_of(whole)}\n", whole)])

    def remove(self, act: Act, subject: str, at: float) -> None:
        """Remove the lines about what `act` forbids to `subject`, lifted at `at`; raises as `add` does."""
        subjects = self._shared(act, (subject,), at)
        kept = [line for line in self._lines if not _is_about(line, act, subjects)]
        if len(kept) < len(self._lines):
            self._write(kept)

    def _shared(self, act: Act, subjects: Iterable[str], at: float) -> tuple[str, ...]:
        """Return `subjects`, and those that share a sanction with them at `at`, by one line or over several."""
        shared = dict.fromkeys(subjects)
        holding = [line.sanction for line in self._lines if line.sanction and line.sanction.holds(at)]
        lines = [one.subjects for one in holding if one.act is act]
        size = 0
        while size < len(shared):
            size = len(shared)
            for line in lines:
                if not shared.keys().isdisjoint(line):
                    shared.update(dict.fromkeys(line))
        return tuple(shared)

    def _write(self, lines: list[_Line]) -> None:
        self._file.write(line.text for line in lines)
        self._lines = lines


def text_of(sanction: Sanction) -> str:
    """Return the line of `sanction`."""
    until = _FOREVER if sanction.until is None else _time(sanction.until)
    by = f" by {sanction.by}" if sanction.by else ""
    return f"{sanction.act.value} {','.join(sanction.subjects)} {until}{by}{sanction.because}"


def _time(at: float) -> str:
    return datetime.fromtimestamp(min(ceil(at), LATEST), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sanctions_in(lines: Iterable[_Line]) -> dict[Sanction, None]:
    """Return what holds because of `lines`, in their order."""
    return dict.fromkeys(line.sanction for line in lines if line.sanction)


def _parsed(content: str) -> tuple[_Line, str]:
    """Return a line, and what is wrong with it; "" if nothing is."""
    text = clean(content)
    if not text or text.startswith("#"):
        return _Line(content), ""
    word, _, rest = text.partition(" ")
    whom, _, rest = rest.strip().partition(" ")
    problems: list[str] = []
    act = _act_in(word, problems)
    subjects, is_whole = _subjects_in(whom, problems)
    subjects = _fitting(act, subjects, problems)
    until, rest = _until_in(rest.strip(), problems)
    if not subjects:
        return _Line(content, None, is_whole), f"{'; '.join(problems)}. It holds for nobody."
    sanction = Sanction(act, subjects, until, *_author_in(rest))
    return _Line(content, sanction, is_whole), "; ".join(problems)


def _act_in(word: str, problems: list[str]) -> Act:
    try:
        return Act(word.lower())
    except ValueError:
        problems.append("it does not begin with ban, mute or lockdown, and counts as a ban")
        return Act.BAN


def _subjects_in(whom: str, problems: list[str]) -> tuple[tuple[str, ...], bool]:
    """Return the subjects in `whom`, and whether all could be read."""
    subjects: list[str] = []
    is_whole = True
    for part in whom.split(","):
        try:
            subjects.append(subject_of(part))
        except ValueError as error:
            problems.append(str(error))
            is_whole = False
    return tuple(dict.fromkeys(subjects)), is_whole


def _fitting(act: Act, subjects: tuple[str, ...], problems: list[str]) -> tuple[str, ...]:
    """Return those of `subjects` that `act` can hold for; a lockdown holds for all strangers, whatever was written."""
    if act is Act.LOCKDOWN:
        if subjects != (EVERYBODY,):
            problems.append(f"a lockdown is for {EVERYBODY}, and counts as that")
        return (EVERYBODY,)
    unfit = [one for one in subjects if one == EVERYBODY or (act is Act.MUTE and is_network(one))]
    problems += [f"no {act.value} can be for {one}" for one in unfit]
    return tuple(one for one in subjects if one not in unfit)


def _until_in(rest: str, problems: list[str]) -> tuple[float | None, str]:
    """Return the time in `rest`, None for good, and what follows it."""
    word, _, behind = rest.partition(" ")
    if not word or word == "by":
        return None, rest
    if word.lower().rstrip(":") == _FOREVER:
        return None, behind if word.lower() == _FOREVER else f": {behind}"
    try:
        moment = datetime.fromisoformat(word.rstrip(":").upper().removesuffix("Z"))
    except ValueError:
        problems.append("it has no time such as 2026-01-31T18:00Z behind its subject, and holds for good")
        return None, f": {rest}"
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return moment.timestamp(), f": {behind}" if word.endswith(":") else behind


def _author_in(rest: str) -> tuple[str, str]:
    """Return by whom, and why: from `by ann: rude`, or `: rude`."""
    before, colon, reason = rest.partition(":")
    by = before.strip().removeprefix("by").strip()
    return (by[:_TEXT], reason.strip()[:_TEXT]) if colon or before.startswith("by ") else ("", rest.strip()[:_TEXT])


def _groups(sanctions: list[Sanction]) -> Iterator[list[Sanction]]:
    """Yield those that share subjects together, in their order."""
    about: defaultdict[tuple[Act, str], list[int]] = defaultdict(list)
    for place, sanction in enumerate(sanctions):
        for subject in sanction.subjects:
            about[sanction.act, subject].append(place)
    seen: set[int] = set()
    for first in range(len(sanctions)):
        group = set[int]()
        fresh = {first} - seen
        while fresh:
            group |= fresh
            keys = {(sanctions[place].act, subject) for place in fresh for subject in sanctions[place].subjects}
            fresh = {place for key in keys for place in about.pop(key, ())} - group
        seen |= group
        if group:
            yield [sanctions[place] for place in sorted(group)]


def _is_about(line: _Line, act: Act, subjects: Iterable[str]) -> bool:
    return line.sanction is not None and line.sanction.act is act and bool({*line.sanction.subjects} & {*subjects})


def _is_replaced(line: _Line, sanction: Sanction, at: float) -> bool:
    """Return whether `line` goes where `sanction` is written; one that can't be read whole stays."""
    if line.sanction is None or not line.is_whole:
        return False
    return not line.sanction.holds(at) or _is_about(line, sanction.act, sanction.subjects)
