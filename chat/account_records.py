"""Account records: the accounts of a room that several servers share, which no server's users.txt has.

A record is the hash of a password, as a line of users.txt has it (storage.passwords); for the room it is a text. A
password is checked by the server that it was given to, against the record that its copy of the room has. What follows
from that comes later, so it says by its *proof* which record that was: in between, another password may have been set.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator


class AccountRecords:
    """The records, by the keys of the accounts."""

    def __init__(self) -> None:
        self._records: dict[str, str] = {}
        self._sum = 0  # of the hashes of all

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Yield each key and its record, those that were set first at the front."""
        return iter(self._records.items())

    def __contains__(self, key: str) -> bool:
        return key in self._records

    def find(self, key: str) -> str:
        """Return the record of this account; "" for none."""
        return self._records.get(key, "")

    def set(self, key: str, record: str) -> None:
        """Keep the record of an account, in the place of an earlier one."""
        self._sum += _hash(key, record) - _hash(key, self.find(key))
        self._records[key] = record

    def drop(self, key: str) -> None:
        """Remove an account."""
        self._sum -= _hash(key, self._records.pop(key))

    def is_proved(self, key: str, proof: str) -> bool:
        """Return whether `proof` is that of the record that this account has; also if the server vouches for it, ""."""
        return not proof or proof == proof_of(self.find(key))

    def checksum(self) -> tuple[int, int]:
        """Return a hash of all records."""
        return len(self._records), self._sum


def proof_of(record: str) -> str:
    """Return what shows that a password was checked against this record."""
    return hashlib.sha256(record.encode()).hexdigest()[:16]


def _hash(key: str, record: str) -> int:
    return zlib.crc32(f"{key} {record}".encode()) if record else 0
