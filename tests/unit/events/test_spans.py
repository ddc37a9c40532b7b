"""Places of a byte against Python's own search."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from events.spans import places_of


@given(st.lists(st.sampled_from([b"\n", b"\x0b", b"\x8a", b"abcdefgh", b"\n\n\n\n\n\n\n\n\n", b"\xff"])).map(b"".join))
def test_every_place_is_found(text: bytes) -> None:
    """Also next to bytes that differ from it in one bit, and at the end of less than a word."""
    assert places_of(0x0A, text).to_list() == [place for place, byte in enumerate(text) if byte == 0x0A]
