"""JSON's structure: three readers of it, each for its purpose, agree where a value ends."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events.grammar import DEPTH, Depth, Scanned, are_objects, scan

TEXT = st.text(alphabet=st.sampled_from('ab{}[]",:\\\n\té☃\x00 '), max_size=8)
ATOMS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT)
VALUES = st.recursive(
    ATOMS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)), max_leaves=9
)
CONTAINERS = st.one_of(st.lists(VALUES, max_size=3), st.dictionaries(TEXT, VALUES, max_size=3))
STYLES = st.sampled_from([{}, {"separators": (",", ":")}, {"indent": 2}, {"indent": 0}, {"ensure_ascii": False}])
PARTS = ["{", "}", "[", "]", '"', ",", ":", "\\", "\n", " ", "a", "1", '"a"', '{"a":1}', '"a":', "é", "{}"]


@given(CONTAINERS, STYLES, st.binary(max_size=5))
def test_a_value_ends_at_its_end_and_nowhere_before(value: Any, style: dict[str, Any], behind: bytes) -> None:
    """All that is short of it is known to be a beginning: only a real fault may cut a record off."""
    text = json.dumps(value, **style).encode()
    assert scan(b"x" + text + behind, 1, 1 + len(text + behind)) == Scanned(1 + len(text), whole=True)
    for length in range(1, len(text)):
        found = scan(text + behind, 0, length)
        assert (found.whole, found.begun) == (False, True)


@pytest.mark.parametrize(
    "text",
    [b'{"a":"b{"c":1}', b'{"a" 1}', b'{"a":1,}', b'{"a":1 "b":2}', b'{"a":{"b":1}{', b'{"a":"b\nc"}', b"[1 2]", b"[,]"]
    + [b"{]", b'{"a":]', b"{1:2}", b'["a":1]', b'{"a":1{', b'{"a","b"}', b'{"a\n', b"[1,]", b'{"a"}', b'{"a":[}'],
)
def test_a_fault_is_seen_where_it_is(text: bytes) -> None:
    """Whatever comes behind it, even the right brackets, does not make a value of it."""
    for behind in (b"", b"}", b']}"}', b'":1}'):
        found = scan(text + behind, 0, len(text + behind))
        assert (found.whole, found.begun) == (False, False)


@given(st.lists(st.sampled_from(PARTS), max_size=20).map("".join))
@example('{"a":[{"b":[{"c":1}]},{}]}')
@example('{"a":1"b":2}')
def test_what_seems_whole_at_first_sight_is(text: str) -> None:
    """The fast look at a piece may miss that it is whole, but never be wrong about it."""
    (seems,) = are_objects(pl.Series(["{" + text]))
    raw = ("{" + text).encode()
    assert not seems or scan(raw, 0, len(raw)) == Scanned(len(raw), whole=True)


@pytest.mark.parametrize("depth", range(1, DEPTH + 2))
def test_the_first_sight_goes_so_deep(depth: int) -> None:
    """Records of usual depth need no second look."""
    text = '{"a":' * depth + '"\\"}{"' + "}" * depth
    assert are_objects(pl.Series([text, text + " ", None])).to_list() == [depth <= DEPTH, False, False]


@given(CONTAINERS, STYLES, st.lists(st.integers(1, 7), min_size=1, max_size=9), st.binary(max_size=5))
@example({"a\\": '\\"'}, {}, [1], b"")
def test_a_value_too_long_to_hold_ends_where_it_would(
    value: Any, style: dict[str, Any], sizes: list[int], behind: bytes
) -> None:
    """Its brackets tell, in chunks of any size."""
    text = json.dumps(value, **style).encode()
    content, depth, at = text + behind, Depth(), 0
    for size in sizes * len(content):
        end = depth.end(content[at : at + size])
        if end is not None:
            assert at + end == len(text)
            return
        at += size
    pytest.fail("it does not end")


def test_a_line_break_in_a_string_ends_what_is_too_long_to_hold() -> None:
    """JSON has none there: the string was cut off, and its end would be found in another record."""
    assert Depth().end(b'{"a":"b\n{"c":"d"}') == 7
    depth = Depth()
    assert depth.end(b'{\n"a":"b\\') is None
    assert depth.end(b"\nc") == 0
