"""The readers of JSON's structure agree where a value ends."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events.array_types import Bytes
from events.byte_spans import bytes_of
from events.json.json_framing import BROKEN, COMPLETE, INCOMPLETE, LongValue, complete_objects, value_end
from events.words import words_of

TEXT = st.text(alphabet=st.sampled_from('ab{}[]",:\\\n\té☃\x00 '), max_size=8)
ATOMS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT)
VALUES = st.recursive(
    ATOMS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)), max_leaves=9
)
CONTAINERS = st.one_of(st.lists(VALUES, max_size=3), st.dictionaries(TEXT, VALUES, max_size=3))
STYLES = st.sampled_from([{}, {"separators": (",", ":")}, {"indent": 2}, {"indent": 0}, {"ensure_ascii": False}])
BETWEEN = {False: {b" ", b"\n", b",", b"["}, True: {b" ", b"\n", b",", b"]"}}
PARTS = ["{", "}", "[", "]", '"', ",", ":", "\\", "\n", " ", "a", "1", '"a"', '{"a":1}', '"a":', "é", "{}"]


def arrays(text: bytes) -> tuple[Bytes, Bytes]:
    """A text as an array, and a stack that is large enough for it."""
    return bytes_of(text), np.empty(len(text) + 1, np.uint8)


def followed(text: bytes, at: int, stop: int) -> tuple[int, int]:
    """The end and the state of the value that begins at `at`."""
    data, stack = arrays(text)
    end, state = value_end(data, words_of(data), at, stop, stack)
    return end, state


@given(CONTAINERS, STYLES, st.binary(max_size=5))
def test_a_value_ends_at_its_end_and_nowhere_before(value: Any, style: dict[str, Any], behind: bytes) -> None:
    """Any shorter part is INCOMPLETE: only a real fault may end a record early."""
    text = json.dumps(value, **style).encode()
    assert followed(b"x" + text + behind, 1, 1 + len(text + behind)) == (1 + len(text), COMPLETE)
    for length in range(1, len(text)):
        assert followed(text + behind, 0, length)[1] == INCOMPLETE


@pytest.mark.parametrize(
    "text",
    [b'{"a":"b{"c":1}', b'{"a" 1}', b'{"a":1,}', b'{"a":1 "b":2}', b'{"a":{"b":1}{', b'{"a":"b\nc"}', b"[1 2]", b"[,]"]
    + [b"{]", b'{"a":]', b"{1:2}", b'["a":1]', b'{"a":1{', b'{"a","b"}', b'{"a\n', b"[1,]", b'{"a"}', b'{"a":[}'],
)
def test_a_fault_is_seen_where_it_is(text: bytes) -> None:
    """Nothing behind the fault, not even the right brackets, makes the value complete."""
    for behind in (b"", b"}", b']}"}', b'":1}'):
        assert followed(text + behind, 0, len(text + behind))[1] == BROKEN


@pytest.mark.parametrize(
    ("text", "bracket"), [(b'{"a":[1, 2] 3', 11), (b'{"a":1 2', 1), (b"[[[]}", 4), (b'["a", {"b', 7)]
)
def test_what_is_not_whole_is_known_up_to_its_last_bracket(text: bytes, bracket: int) -> None:
    """The search for the next record begins there."""
    assert followed(text, 0, len(text))[0] == bracket


@given(
    st.lists(st.one_of(CONTAINERS.map(json.dumps), st.sampled_from(PARTS)), max_size=9), st.sampled_from([3, 20, 1000])
)
@example(["{}", " \n", "{}", '{"a', "{}"], 20)
@example(["{}"] * 5, 20)
def test_objects_in_a_row_are_those_found_one_by_one(parts: list[str], limit: int) -> None:
    """Up to the room there is, none too long, and none behind anything else, inside arrays and outside."""
    text, room = "".join(parts).encode(), 4
    expected, at, inside = [], 0, False
    while len(expected) < room:
        while text[at : at + 1] in BETWEEN[inside]:
            inside ^= text[at : at + 1] in (b"[", b"]")
            at += 1
        end, state = followed(text, at, min(len(text), at + limit)) if text[at : at + 1] == b"{" else (at, BROKEN)
        if state != COMPLETE:
            break
        expected.append((at, end))
        at = end
    found = np.empty((2, room), np.int64)
    data, stack = arrays(text)
    count, rest, within = complete_objects(data, words_of(data), 0, limit, False, stack, found)
    assert list(zip(*found[:, :count].tolist(), strict=True)) == expected
    for place in range(at, rest):
        assert text[place : place + 1] in BETWEEN[inside]
        inside ^= text[place : place + 1] in (b"[", b"]")
    assert inside == within
    assert rest == len(text) or text[rest : rest + 1] not in BETWEEN[inside]


@given(CONTAINERS, STYLES, st.lists(st.integers(1, 7), min_size=1, max_size=9), st.binary(max_size=5))
@example({"a\\": '\\"'}, {}, [1], b"")
def test_a_value_too_long_to_hold_ends_where_it_would(
    value: Any, style: dict[str, Any], sizes: list[int], behind: bytes
) -> None:
    """Brackets tell the end, in chunks of any size."""
    text = json.dumps(value, **style).encode()
    content, depth, at = text + behind, LongValue(), 0
    for size in sizes * len(content):
        end = depth.end(content[at : at + size])
        if end is not None:
            assert at + end == len(text)
            return
        at += size
    pytest.fail("it does not end")


def test_a_line_break_in_a_string_ends_what_is_too_long_to_hold() -> None:
    """JSON has no line break in a string: the string was cut off, and its end would be in another record."""
    assert LongValue().end(b'{"a":"b\n{"c":"d"}') == 7
    depth = LongValue()
    assert depth.end(b'{\n"a":"b\\') is None
    assert depth.end(b"\nc") == 0
