"""storechat/server/store.py: keys, values, versions and bounds."""

from __future__ import annotations

import pytest

from storechat.server.store import KEY_LIMIT, KEYS_LIMIT, PAST_LIMIT, VALUE_LIMIT, KeyValueStore, StoreError


def test_what_was_written_is_read_back() -> None:  # B1
    store = KeyValueStore("epoch")
    assert store.get("a") is None
    assert store.put("a", b"one")
    assert not store.put("a", b"\x00two")
    held = store.get("a")
    assert held is not None
    assert held.value == b"\x00two"
    assert store.get("b") is None


def test_a_version_changes_whenever_something_is_written() -> None:
    store = KeyValueStore("epoch")
    versions = [store.version("a")]
    for value in (b"one", b"one", b"two"):
        store.put("a", value)
        versions.append(store.version("a"))
    assert len(set(versions)) == 4
    assert store.version("b") == versions[0]
    assert KeyValueStore("another").version("a") not in versions


@pytest.mark.parametrize("key", ["", ".", "..", ".hidden", "a/b", "a b", "\u00e9", "a\n", "-x", "x" * (KEY_LIMIT + 1)])
def test_a_key_that_could_be_something_else_is_refused(key: str) -> None:
    store = KeyValueStore("epoch")
    for use in (store.get, store.version, store.past, lambda key: store.put(key, b"")):
        with pytest.raises(StoreError, match="is not a key") as refused:
            use(key)
        assert refused.value.status == 400


def test_values_and_their_number_are_bounded() -> None:
    store = KeyValueStore("epoch")
    for number in range(KEYS_LIMIT):
        store.put(f"key{number}", b"x" * VALUE_LIMIT if number == 0 else b"")
    assert not store.put("key1", b"x")
    for key, value, status in (("key1", b"x" * (VALUE_LIMIT + 1), 413), ("another", b"", 507)):
        with pytest.raises(StoreError) as refused:
            store.put(key, value)
        assert refused.value.status == status


def test_the_past_is_kept_where_it_is_wanted_and_bounded() -> None:
    forgetful, store = KeyValueStore("epoch"), KeyValueStore("epoch", remembers=True)
    for number in range(9):
        store.put("a", b"%d" % number)
        forgetful.put("a", b"%d" % number)
    assert [held.value for held in store.past("a")] == [b"%d" % number for number in range(8 - PAST_LIMIT, 8)]
    assert forgetful.past("a") == []


def test_what_is_to_be_kept_elsewhere_is_told_before_it_changes() -> None:
    kept: list[tuple[str, bytes]] = []

    def keep(key: str, value: bytes) -> None:
        kept.append((key, value))
        if value == b"full":
            raise OSError(28, "No space left on device")

    store = KeyValueStore("epoch", {"a": b"before"}, keep=keep)
    store.put("a", b"one")
    with pytest.raises(OSError, match="No space"):
        store.put("a", b"full")
    assert kept == [("a", b"one"), ("a", b"full")]
    held = store.get("a")
    assert held is not None
    assert held.value == b"one"
