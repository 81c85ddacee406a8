"""protocol.reserved: the names that nobody may have, in any spelling."""

from __future__ import annotations

from collections.abc import Iterator

from protocol.commands import BY_VERB, BY_WORD
from protocol.reserved import _SAID_TO_PROMPTS, is_reserved
from tests.support.rows import for_each

LOOK_ALIKES = [set("oO0"), set("lLiI1|")]
RESERVED = ["admin", "server", "root", "moderator", "system", "you", *BY_WORD, *BY_VERB]
RESERVED += _SAID_TO_PROMPTS.split()


def look_alikes(word: str) -> Iterator[str]:
    """Yield `word` with one letter, and with every letter, replaced by each that looks like it."""
    for alike in LOOK_ALIKES:
        for other in alike:
            for i, c in enumerate(word):
                if c in alike:
                    yield word[:i] + other + word[i + 1 :]
            yield "".join(other if c in alike else c for c in word)


def spellings(word: str) -> Iterator[str]:
    """Yield `word` in every case, each as it is and with look-alikes."""
    for spelling in (word, word.lower(), word.upper(), word.title(), word.swapcase()):
        yield spelling
        yield from look_alikes(spelling)


def test_a_reserved_name_is_reserved_in_every_case_and_look_alike_spelling() -> None:  # A5, E18
    assert [name for word in RESERVED for name in spellings(word) if not is_reserved(name)] == []


@for_each(["adm1n", "ADM|N", "R00t", "M0derat0r", "he1p", "QU1T", "L1ST", "JOlN", "aII"])
def test_spellings_that_people_would_try(name: str) -> None:  # A5
    assert is_reserved(name)


@for_each(
    [
        *("administrator", "operator", "op", "mod", "sys", "staff", "support", "owner", "everyone", "nobody", "here"),
        *(
            "adrnin",
            "r_oot",
            "s-e-r-v-e-r",
            "4dmin",
            "4-d_M1n",
            "aclmin",
            "0p",
            "5y5tem",
            "moderat0r",
            "vvho",
            "5erver",
        ),
        *("ROOT-", "r00t_", "A-D-R-N-I-N", "h3lp", "8ack", "0wner", "5ta-ff", "N0BODY"),
    ]
)
def test_words_that_pass_for_the_servers_are_reserved_too(name: str) -> None:  # A5, M9
    assert is_reserved(name)


@for_each(["server2", "Admin_1", "chat-admin", "the-s3rver", "server-bot-7", "0perator5", "sysop-2", "adrnin-x"])
def test_who_would_be_believed_is_reserved_as_a_part_of_a_name_too(name: str) -> None:  # M9
    assert is_reserved(name)


@for_each(["name", "Passw0rd", "notice", "WARNING", "welcome", "announcement"])
def test_words_that_would_begin_a_line_like_the_server_s_are_reserved(name: str) -> None:  # M9
    assert is_reserved(name)


@for_each(["serverless", "operetta", "badminton", "observer", "dadmin", "bob-mod", "names", "opserver-x"])
def test_words_that_only_contain_one_are_free(name: str) -> None:  # M9
    assert not is_reserved(name)


@for_each(["411", "537", "7", "user5", "op4", "dear", "arnie", "vicky", "rob", "root2", "adam", "modest", "guest"])
def test_numbers_and_words_of_their_own_are_free(name: str) -> None:  # M9
    assert not is_reserved(name)


@for_each(["ann", "bob", "carl", "eve", "user", "servers", "wr", "x", "joins"])
def test_other_names_are_free(name: str) -> None:
    assert not is_reserved(name)
