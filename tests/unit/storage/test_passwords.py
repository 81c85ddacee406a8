"""storage/passwords.py: what is kept of a password."""

from __future__ import annotations

import dataclasses

import pytest

from storage import passwords
from storage.passwords import NOBODY, PasswordHash


def test_the_hash_of_a_password_matches_it_and_nothing_else() -> None:
    kept = PasswordHash.of("correct horse")
    assert kept.matches("correct horse")
    assert not kept.matches("correct hors")
    assert not kept.matches("")


def test_two_hashes_of_one_password_differ_by_their_salt() -> None:
    assert PasswordHash.of("correct horse").digest != PasswordHash.of("correct horse").digest


def test_a_hash_survives_being_written_and_read() -> None:
    kept = PasswordHash.of("gr\u00fc\u00df dich, \U0001f600")
    assert PasswordHash.parse(str(kept)) == kept
    assert PasswordHash.parse(str(kept)).matches("gr\u00fc\u00df dich, \U0001f600")


def test_parameters_are_kept_with_the_hash_so_that_they_can_change(monkeypatch: pytest.MonkeyPatch) -> None:
    old = PasswordHash.of("correct horse")
    monkeypatch.setattr(passwords, "N", 4)
    assert PasswordHash.of("correct horse").n == 4
    assert PasswordHash.parse(str(old)).matches("correct horse")


def test_the_parameters_are_those_of_the_design() -> None:
    assert (NOBODY.n, NOBODY.r, NOBODY.p, len(NOBODY.salt)) == (2**14, 8, 5, 16)


def test_nobody_has_no_password() -> None:
    assert not dataclasses.replace(NOBODY, n=2).matches("")


GOOD = "scrypt:16384:8:5:AAAAAAAAAAAAAAAAAAAAAA==:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def test_the_form_of_a_line_is_fixed() -> None:
    assert str(PasswordHash.parse(GOOD)) == GOOD


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "holds no scrypt hash"),
        ("secret", "holds no scrypt hash"),
        (GOOD.replace("scrypt", "bcrypt"), "holds no scrypt hash"),
        (GOOD + ":", "holds no scrypt hash"),
        (GOOD.replace("16384", "many"), "damaged"),
        (GOOD[:-1], "damaged"),
        (GOOD.replace("AAAA", "A", 1), "damaged"),
        (GOOD.replace("AAAAAAAAAAAAAAAAAAAAAA==", "AA=="), "damaged"),
        (GOOD.replace("AAAA", "A!AA", 1), "damaged"),
        (GOOD.replace("16384", "16383"), "impossible"),
        (GOOD.replace("16384", "1"), "impossible"),
        (GOOD.replace("16384", str(2**30)), "impossible"),
        (GOOD.replace(":8:", ":0:"), "impossible"),
        (GOOD.replace(":5:", ":0:"), "impossible"),
        (GOOD.replace(":5:", ":1000000:"), "impossible"),
        (GOOD.replace("16384:8:5", "65536:1:1"), "impossible"),
        (GOOD.replace("16384:8:5", "65536:8:1"), "impossible"),
    ],
)
def test_what_is_no_hash_is_said_to_be_none(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        PasswordHash.parse(text)


@pytest.mark.parametrize("r", [1, 7, 64])
def test_what_is_taken_can_be_hashed(r: int) -> None:
    taken = []
    for exponent in range(1, 21):
        try:
            taken.append(PasswordHash.parse(GOOD.replace("16384:8:5", f"{2**exponent}:{r}:1")))
        except ValueError:
            break
    assert taken[-1].matches("secret12") is False  # the largest that is taken
