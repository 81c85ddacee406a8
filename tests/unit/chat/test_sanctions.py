"""chat/sanctions.py: for whom a sanction holds, until when, and that it is found in a few look-ups."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.networks import addresses_within
from chat.sanctions import Act, Sanction, Sanctions, client_subject, network_in, subject_of, subject_of_network

AT = 1_700_000_000.0
CLIENT = "client:" + "0123456789abcdef" * 2


def imposed(*sanctions: Sanction, at: float = AT) -> Sanctions:
    made = Sanctions()
    for sanction in sanctions:
        made.impose(sanction, at)
    return made


def ban(*subjects: str, until: float | None = None) -> Sanction:
    return Sanction(Act.BAN, tuple(map(subject_of, subjects)), until)


# --- subjects ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "subject"),
    [
        ("Bob", "bob"),
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7/24", "203.0.113.0/24"),
        ("2001:db8::7", "2001:db8::/64"),  # M3
        ("2001:db8::7/128", "2001:db8::7/128"),
        ("2001:DB8::/48", "2001:db8::/48"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("fe80::7", "fe80::7/128"),  # all hosts of all links share the /64
        ("fe80::7%eth0", "fe80::7/128"),  # an address is looked up without its link
        ("fe80::7%eth0/128", "fe80::7/128"),
        ("64:ff9b::cb00:7107", "203.0.113.7"),  # else its /64 would be all of IPv4
        ("2002:cb00:7107::1", "203.0.113.7"),
        (CLIENT.upper().replace("CLIENT", "client"), CLIENT),
        ("*", "*"),
    ],
)
def test_a_subject_has_one_form(typed: str, subject: str) -> None:  # M3
    assert subject_of(typed) == subject == subject_of(subject)


@pytest.mark.parametrize(
    "text", ["", "-bob", "a b", "203.0.113", "1.2.3.4/33", "::g", "client:", "client:xyz", "a" * 21]
)
def test_what_is_no_subject_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+ is (neither|no) "):
        subject_of(text)


def test_a_text_user_has_no_client() -> None:
    assert client_subject("seat7") == ""
    assert client_subject("0123456789abcdef" * 2) == CLIENT


# --- times -------------------------------------------------------------------------------------------------------


def test_a_sanction_ends_at_its_time() -> None:
    sanctions = imposed(ban("bob", until=AT + 60))
    assert sanctions.find(Act.BAN, ["bob"], AT + 59.9) is not None
    assert sanctions.find(Act.BAN, ["bob"], AT + 60) is None


def test_what_is_left_is_for_people() -> None:  # M3
    assert ban("bob", until=AT + 7490).left(AT) == "for another 2 h 5 min"
    assert ban("bob").left(AT) == "for good"


def test_an_ended_one_is_removed_when_the_next_is_imposed() -> None:
    sanctions = imposed(ban("bob", "203.0.113.7", until=AT + 60), Sanction(Act.MUTE, ("carl",), AT + 60))
    assert (len(sanctions), sanctions.silences) == (2, True)
    sanctions.impose(ban("dora"), AT + 60)
    assert [sanction.subjects for sanction in sanctions] == [("dora",)]
    assert (len(sanctions), sanctions.silences) == (1, False)
    assert sanctions.ban_of_host("203.0.113.7", AT) is None


# --- one for each subject ----------------------------------------------------------------------------------------


def test_a_new_one_takes_over_whom_the_old_one_held_for() -> None:
    sanctions = imposed(ban("bob", CLIENT), ban("bob", until=AT + 60))
    assert len(sanctions) == 1
    found = sanctions.find(Act.BAN, [CLIENT], AT)
    assert found is not None
    assert (found.subjects, found.until) == (("bob", CLIENT), AT + 60)


def test_a_ban_and_a_mute_of_one_name_are_two() -> None:
    sanctions = imposed(ban("bob"), Sanction(Act.MUTE, ("bob",)))
    assert len(sanctions) == 2
    assert sanctions.lift(Act.MUTE, "bob") is not None
    assert sanctions.lift(Act.MUTE, "bob") is None
    assert [sanction.act for sanction in sanctions] == [Act.BAN]


def test_lifting_by_one_subject_lifts_for_all_of_them() -> None:
    sanctions = imposed(ban("bob", CLIENT, "203.0.113.0/24", until=AT + 60))
    assert sanctions.lift(Act.BAN, CLIENT) is not None
    assert sanctions.find(Act.BAN, ["bob"], AT) is None
    assert sanctions.ban_of_host("203.0.113.9", AT) is None
    assert len(sanctions) == 0
    sanctions.impose(ban("bob"), AT + 90)  # the end of the lifted one does not count any more
    assert len(sanctions) == 1


# --- whom a ban meets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "host", "is_met"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("203.0.113.0/24", "::ffff:203.0.113.8", True),
        ("203.0.113.0/24", "2002:cb00:7108::1", True),  # 6to4
        ("203.0.113.0/24", "64:ff9b::203.0.113.8", True),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1", "fe80::1%eth0", True),
        ("0.0.0.0/0", "127.0.0.1", False),
        ("::/0", "::1", False),
        ("0.0.0.0/0", "2001:db8::1", False),
    ],
)
def test_a_network_meets_the_addresses_in_it_and_never_this_machine(
    network: str, host: str, is_met: bool
) -> None:  # M3
    assert (imposed(ban(network)).ban_of_host(host, AT) is not None) is is_met


ADDRESSES = st.ip_addresses(network="203.0.0.0/16") | st.ip_addresses(network="2001:db8::/32")


@given(st.lists(st.tuples(ADDRESSES, st.integers(8, 128)), max_size=30), ADDRESSES)
def test_the_quick_look_finds_what_a_slow_one_finds(networks: list[tuple[object, int]], address: object) -> None:  # M3
    bans = [ip_network(f"{ip}/{min(length, ip.max_prefixlen)}", strict=False) for ip, length in networks]  # type: ignore[attr-defined]
    sanctions = imposed(*(Sanction(Act.BAN, (subject_of_network(network),)) for network in bans))
    found = sanctions.ban_of_host(str(address), AT)
    slow = any(ip in ban for ip in addresses_within(str(address)) for ban in bans if ip.version == ban.version)
    assert (found is not None) is slow
    for sanction in list(sanctions):
        sanctions.lift(Act.BAN, sanction.subjects[0])
    assert sanctions.ban_of_host(str(address), AT) is None


def test_one_look_a_length_is_enough_for_ten_thousand(monkeypatch: pytest.MonkeyPatch) -> None:  # M3
    sanctions = imposed(*(Sanction(Act.BAN, (f"10.{i >> 8}.{i & 255}.1",)) for i in range(10_000)))
    looked: list[object] = []
    whole = sanctions._networks._subjects

    class Counted(dict):  # type: ignore[type-arg]
        def get(self, key: object, default: object = None) -> object:
            looked.append(key)
            return whole.get(key)  # type: ignore[call-overload]

    monkeypatch.setattr(sanctions._networks, "_subjects", Counted(whole))
    assert sanctions.ban_of_host("10.0.7.1", AT) is not None
    assert sanctions.ban_of_host("10.0.7.2", AT) is None
    assert len(looked) == 2


@pytest.mark.parametrize(("name", "is_met"), [("b0b", True), ("B-ob", True), ("bobby", False)])
def test_a_name_is_met_by_its_look(name: str, is_met: bool) -> None:  # M3, M9
    assert (imposed(ban("bob")).ban_of_look(name, AT) is not None) is is_met
    assert imposed(ban("bob", until=AT)).ban_of_look(name, AT) is None


def test_a_network_is_written_as_it_is_compared() -> None:
    assert subject_of_network(network_in("203.0.113.7")) == "203.0.113.7"


def test_one_network_is_one_subject_however_its_link_is_called() -> None:  # M3
    sanctions = imposed(ban("fe80::7%eth0"), ban("fe80::7"))
    assert len(sanctions) == 1
    sanctions.lift(Act.BAN, "fe80::7/128")
    assert sanctions.ban_of_host("fe80::7%eth0", AT) is None


def test_what_has_ended_or_is_replaced_takes_no_room() -> None:  # M3
    sanctions = imposed(ban("bob", until=AT + 10), ban("carl"))
    assert sanctions.count_without(ban("dora"), AT + 9) == 2
    assert sanctions.count_without(ban("carl", until=AT + 60), AT + 9) == 1
    assert sanctions.count_without(ban("dora"), AT + 10) == 1
