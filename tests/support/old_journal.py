"""The journal of earlier versions, in SQLite, as they left it: to be taken over (storage/journal_takeover.py)."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from chat.log import Entry
from chat.replies import Reply
from storage.journal_rows import row_of

_SCHEMA = """
    CREATE TABLE epoch (epoch TEXT NOT NULL, boot TEXT NOT NULL);
    CREATE TABLE log (last INTEGER PRIMARY KEY, at REAL NOT NULL, entries TEXT NOT NULL);
    CREATE TABLE answers (last INTEGER PRIMARY KEY, answers TEXT NOT NULL);
    CREATE TABLE runs (first INTEGER PRIMARY KEY, last INTEGER, epoch TEXT NOT NULL);
"""
Run = tuple[int, int | None, str]  # its first and last number, and its epoch; without a last one it was killed


def make_old(
    folder: Path,
    turns: Sequence[Sequence[Entry]],
    runs: Sequence[Run],
    answers: Sequence[Reply] = (),
    boot: str = "",
    version: int = 2,
) -> Path:
    """Make a database in `folder`, with its write-ahead log, as a killed server leaves it; return its path."""
    path = folder / "journal.db"
    with contextlib.closing(sqlite3.connect(folder / "made.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {version}; COMMIT")
        db.execute("INSERT INTO epoch VALUES (?, ?)", (runs[-1][2], boot))
        for turn in turns:
            row = (turn[-1].event.seq, turn[0].at, json.dumps([row_of(entry) for entry in turn]))
            db.execute("INSERT INTO log VALUES (?, ?, ?)", row)
        if answers:
            fields = [(who, cseq, mark, payload.decode()) for who, cseq, mark, payload in answers]
            db.execute("INSERT INTO answers VALUES (?, ?)", (len(answers), json.dumps(fields)))
        db.executemany("INSERT INTO runs VALUES (?, ?, ?)", runs)
        if version == 1:
            db.execute("DROP TABLE runs")
        for suffix in ("", "-wal"):
            path.with_name(path.name + suffix).write_bytes(Path(f"{folder / 'made.db'}{suffix}").read_bytes())
    (folder / "made.db").unlink()
    return path
