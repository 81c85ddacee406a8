"""storage/journal_lines.py: lines are read as they were sealed, up to the first that is not right; and found."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from storage.journal_lines import Line, checksum_before, first_from, read, seal

BODIES = st.lists(st.tuples(st.integers(0, 5), st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n"))))


def sealed(bodies: list[tuple[int, str]]) -> tuple[bytes, list[Line]]:
    """Return the lines with rising numbers, each by so much, and what is to be read of them."""
    data, number, checksum, lines = b"", 0, 0, []
    for more, body in bodies:
        number += more
        line, checksum = seal(number, body, checksum)
        data += line
        lines.append(Line(number, body.encode(), len(data), checksum))
    return data, lines


@given(BODIES)
def test_what_was_sealed_is_read(bodies: list[tuple[int, str]]) -> None:
    data, lines = sealed(bodies)
    assert list(read(data)) == lines
    for line in lines:
        assert list(read(data, line.end, line.checksum)) == [other for other in lines if other.end > line.end]
        assert checksum_before(data, line.end) == line.checksum


@given(BODIES, st.data())
def test_a_changed_byte_ends_the_reading_before_its_line(bodies: list[tuple[int, str]], draw: st.DataObject) -> None:
    data, lines = sealed(bodies or [(1, "x")])
    at = draw.draw(st.integers(0, len(data) - 1))
    changed = data[:at] + bytes([data[at] ^ draw.draw(st.integers(1, 255))]) + data[at + 1 :]
    assert list(read(changed)) == [line for line in lines if line.end <= at]


@given(BODIES, st.data())
def test_a_line_that_is_missing_moved_or_doubled_ends_the_reading(
    bodies: list[tuple[int, str]], draw: st.DataObject
) -> None:
    data, lines = sealed([(1, "a"), (1, "b"), (1, "c"), *bodies])
    whole = data.splitlines(keepends=True) if b"\r" not in data else [part + b"\n" for part in data.split(b"\n")[:-1]]
    at = draw.draw(st.integers(0, 1))
    for changed in (whole[:at] + whole[at + 1 :], [*whole[:at], whole[at + 1], whole[at], *whole[at + 2 :]]):
        assert list(read(b"".join(changed))) == lines[:at]
    assert list(read(b"".join([*whole[: at + 1], *whole[at:]]))) == lines[: at + 1]


@given(BODIES, st.integers(0, 30))
def test_the_first_line_from_a_number_on_is_found(bodies: list[tuple[int, str]], number: int) -> None:
    data, lines = sealed(bodies)
    before = [line for line in lines if line.number < number]
    assert first_from(data, number) == ((before[-1].end, before[-1].checksum) if before else (0, 0))
