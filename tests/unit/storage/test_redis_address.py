"""storage/redis_address.py: redis://HOST:6379/NAME (N1)."""

from __future__ import annotations

import pytest

from storage.redis_address import RedisAddress, redis_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("redis://db/lobby", RedisAddress("db", 6379, "lobby")),
        ("redis://192.0.2.1:7000/a.b_c-1", RedisAddress("192.0.2.1", 7000, "a.b_c-1")),
        ("rediss://ann:p%40ss@[2001:db8::1]/lobby", RedisAddress("2001:db8::1", 6379, "lobby", "ann", "p@ss", True)),
        ("redis://:secret@db/lobby", RedisAddress("db", 6379, "lobby", "", "secret")),
    ],
)
def test_an_address_is_read(text: str, address: RedisAddress) -> None:
    assert redis_address(text) == address


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("localhost:6379/lobby", "not an address"),
        ("http://:secret@db/lobby", "not an address"),
        ("redis:///lobby", "not an address"),
        ("redis://db:port/lobby", "not an address"),
        ("redis://db/lobby?db=1", "not an address"),
        ("redis://db/lobby#1", "not an address"),
        ("redis://:secret@db", "the room's name has to be"),
        ("redis://db/a{b}", "the room's name has to be"),
        (f"redis://db/{'n' * 65}", "the room's name has to be"),
    ],
)
def test_what_is_no_address_is_explained_without_its_secret(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        redis_address(text)
    assert "secret" not in str(refused.value)


def test_an_address_is_shown_without_its_secret() -> None:
    address = redis_address("rediss://ann:secret@[2001:db8::1]/lobby")
    assert str(address) == "rediss://[2001:db8::1]:6379/lobby"
    assert "secret" not in repr(address)
