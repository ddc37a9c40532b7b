"""Any name can be written as text and read back, so that the ledger can hold it and a listing can show it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.landing.names import original_name, printable_name

NAMES = st.one_of(
    st.binary(max_size=12),
    st.text(alphabet=st.sampled_from(list("\\x5cf0a\n\x1b\u202eé")), max_size=12).map(str.encode),
    st.lists(st.sampled_from([b"\\", b"x", b"5c", b"ff", b"\xff", b"\xc3", b"\xa9", b"\xed\xa0\x80"])).map(b"".join),
)


@given(NAMES)
def test_a_name_is_read_back_as_it_was(name: bytes) -> None:
    """A file is opened by its printable name. Two names with the same spelling would be one object."""
    assert original_name(printable_name(name)) == name


@given(NAMES)
def test_a_written_name_breaks_nothing(name: bytes) -> None:
    """Parquet and JSON need UTF-8. Terminals and tables must not get control characters."""
    text = printable_name(name)
    assert text.encode().decode() == text
    assert not {unicodedata.category(character) for character in text} & {"Cc", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (b"caf\xe9.json", r"caf\xe9.json"),
        ("café été.json".encode(), "café été.json"),
        (b"two\nlines\x1b[2J", r"two\x0alines\x1b[2J"),
        ("gpj.\u202etxt".encode(), r"gpj.\xe2\x80\xaetxt"),
        (rb"C:\data\x", rb"C:\data\x".decode()),
        (rb"literal\xe9", r"literal\x5cxe9"),
        (b"cut \xed\xa0\x80", r"cut \xed\xa0\x80"),
        (b"100 %41 $HOME 'a' \xf0\x9f\x9b\x92", "100 %41 $HOME 'a' \U0001f6d2"),
    ],
)
def test_only_what_cannot_be_shown_is_escaped(name: bytes, written: str) -> None:
    """Ordinary names, in any script, stay as they are."""
    assert printable_name(name) == written
