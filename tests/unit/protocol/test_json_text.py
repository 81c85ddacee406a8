"""protocol/json_text.py: what a prepared encoder writes, beside the one of the standard library."""

from __future__ import annotations

import json
import json.encoder

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.json_text import encoder

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def plain(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@given(value=values)
def test_a_value_is_written_as_the_standard_library_writes_it(value: object) -> None:
    assert encoder()(value) == plain(value)


def test_what_json_has_no_form_of_is_asked_for() -> None:
    assert encoder(default=str)({"letters": b"ab"}) == '{"letters":"b\'ab\'"}'
    with pytest.raises(TypeError):
        encoder()(object())


def test_a_python_without_the_c_encoder_writes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    assert encoder()(["é", 1, None]) == plain(["é", 1, None])
