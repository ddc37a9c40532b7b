"""Digests compared with parsed documents, which are written in many ways that mean the same."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.array_types import Bytes, Positions
from events.byte_spans import ByteSpans, Scratch, bytes_of
from events.json.scanner import VALID, Scanner
from events.siphash import Digests, text_digests
from events.tab_separated import digest_fields
from events.values import MISSING

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
NAMES = st.one_of(st.sampled_from(["a", "b", "sent", "é"]), TEXT)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXT)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=8,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=5)
SMALL = st.dictionaries(
    st.sampled_from("ab"),
    st.sampled_from([1, 2, "1", None, True, [1, 2], [2, 1], [], {}, {"a": 1}, {"b": 1}]),
    max_size=2,
)


def spans(texts: list[str]) -> tuple[Bytes, Positions, Positions]:
    pieces = [text.encode() for text in texts]
    ends = np.cumsum([len(piece) for piece in pieces]).astype(np.uint32)
    return bytes_of(b"".join(pieces)), (ends - [len(piece) for piece in pieces]).astype(np.uint32), ends


def digests(texts: list[str], **how: Any) -> Digests:
    scanner = Scanner([], **({"without": ()} | how))
    assert set(scanner.scan(*spans(texts)).states.tolist()) == {VALID}
    return scanner.contents


def same(*documents: Any, **how: Any) -> bool:
    texts = [document if isinstance(document, str) else json.dumps(document) for document in documents]
    return len({tuple(row) for row in digests(texts, **how).tolist()}) == 1


def written(value: Any, dice: random.Random) -> str:
    """A value as JSON in one of many styles."""
    blank = dice.choice(["", " ", "\n\t "])
    if isinstance(value, dict):
        members = [f"{written(name, dice)}{blank}:{written(inner, dice)}" for name, inner in value.items()]
        dice.shuffle(members)
        return "{" + blank + f",{blank}".join(members) + "}"
    if isinstance(value, list):
        return f"[{blank}" + f"{blank},".join(written(inner, dice) for inner in value) + "]"
    if isinstance(value, str) and dice.random() < 0.3:
        return '"' + "".join(f"\\u{unit:04x}" for unit in utf16(value)) + '"'
    return blank + json.dumps(value, ensure_ascii=dice.random() < 0.5) + blank


def utf16(text: str) -> list[int]:
    raw = text.encode("utf-16-be")
    return [int.from_bytes(raw[i : i + 2]) for i in range(0, len(raw), 2)]


def strict(value: Any) -> Any:
    """A value that is equal only as in JSON: 1 is neither true nor 1.0."""
    if isinstance(value, dict):
        return frozenset((name, strict(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return tuple(strict(inner) for inner in value)
    return json.dumps(value)


@given(OBJECTS, st.randoms(use_true_random=False))
def test_one_document_written_in_many_ways_has_one_digest(document: Any, dice: random.Random) -> None:
    """A retry by another serializer is a duplicate, not a conflict."""
    assert same(*(written(document, dice) for _ in range(4)))
    assert same(*(written(document, dice) for _ in range(2)), shapes_only=True)


@given(st.one_of(st.tuples(OBJECTS, OBJECTS), st.tuples(SMALL, SMALL)))
def test_documents_that_say_something_else_have_another_digest(both: tuple[Any, Any]) -> None:
    """If a conflict were taken for a duplicate, nobody would hear that the producer contradicts itself."""
    assert same(*both) == (strict(both[0]) == strict(both[1]))


@pytest.mark.parametrize("other", ["1.0", "1e0", '"1"', "true", "[1]", '{"a":1}', "null", "10", '"1\\u0000"'])
def test_a_number_says_what_was_sent(other: str) -> None:
    """Numbers are not rounded, and types are not mixed up."""
    assert not same('{"a":1}', f'{{"a":{other}}}')


def removed(document: Any, path: str) -> Any:
    name, _, rest = path.partition(".")
    if not isinstance(document, dict):
        return document
    kept = dict(document)
    if not rest:
        kept.pop(name, None)
    elif name in kept:
        kept[name] = removed(kept[name], rest)
        if kept[name] == {}:
            del kept[name]
    return kept


@given(SMALL, SMALL, st.sampled_from(["a", "a.a", "a.b", "b"]))
def test_what_is_left_out_makes_no_difference(one: Any, other: Any, path: str) -> None:
    """Only what is left out makes no difference; its neighbours count."""
    expected = strict(removed(one, path)) == strict(removed(other, path))
    assert same(one, other, without=[path]) == expected


@given(st.lists(SMALL, min_size=1), st.sampled_from(["a", "a.a", "b"]), st.sampled_from(["a", "a.b", "b"]))
def test_what_is_found_and_what_is_digested_are_nothing_to_each_other(
    documents: list[Any], wanted: str, without: str
) -> None:
    """One pass does both: a wanted path may be volatile, or lie above or below a volatile one."""
    texts = [json.dumps(document).replace("}", ', "a": 1}').replace("{,", "{") for document in documents]
    both, alone = Scanner([wanted], [without]), Scanner([wanted])
    found, expected = both.scan(*spans(texts)), alone.scan(*spans(texts))
    node, other = both.nodes[wanted], alone.nodes[wanted]
    there = expected.kinds[other] != MISSING
    for mine, its in zip(found[:3], expected[:3], strict=True):
        assert mine[node][there].tolist() == its[other][there].tolist()
    assert (found.kinds[node] != MISSING).tolist() == there.tolist()
    assert both.contents.tolist() == digests(texts, without=[without]).tolist()


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ('{"a":1,"b":"x"}', '{"b":"a long text \\u00e9","a":-20}', True),
        ('{"a":1}', '{"a":1.5}', False),
        ('{"a":1}', '{"a":1e3}', False),
        ('{"a":true}', '{"a":false}', True),
        ('{"a":null}', '{"a":false}', False),
        ('{"a":[{"x":1}]}', '{"a":[{"x":2}]}', True),
        ('{"a":[{"x":1}]}', '{"a":[{"y":1}]}', False),
        ('{"a":{}}', '{"a":[]}', False),
    ],
)
def test_shapes_know_kinds_alone(one: str, other: str, alike: bool) -> None:
    """Unknown fields are looked for in one object of each shape, and must be the same in the others."""
    assert same(one, other, shapes_only=True) == alike


@given(st.lists(st.one_of(st.text(max_size=40), st.text(alphabet="ab", max_size=17)), max_size=30))
def test_texts_are_digested_whole(texts: list[str]) -> None:
    """Equal texts, and only those, have equal digests."""
    column = pa.chunked_array([pa.array(texts, pa.large_string())])
    found = [row.tobytes() for row in text_digests(ByteSpans.of(column, Scratch()))]
    assert len(set(zip(texts, found, strict=True))) == len(set(texts)) == len(set(found))


def lines(texts: list[str], kept: list[bool], alone: int = -1) -> int:
    data, starts, ends = spans(texts)
    found = digest_fields(ByteSpans(data, starts, ends, np.ones(len(texts), np.bool_)), np.array(kept), alone)
    return len({tuple(row) for row in found.tolist()})


def test_lines_are_digested_by_their_fields() -> None:
    """Volatile fields are left out, and a fingerprint stands for the whole line."""
    assert lines(["a\tb\tc", "a\tx\tc"], [True, False, True]) == 1
    assert lines(["a\tb\tc", "x\tb\tc"], [True, False, True]) == 2
    assert lines(["ab\t\tc", "a\tb\tc", "\tab\tc"], [True, True, True]) == 3
    assert lines(["a\tb\tf", "x\ty\tf"], [True, True, False], alone=2) == 1
    assert lines(["a\tb\tf", "a\tb\tg"], [True, True, False], alone=2) == 2
    assert lines(["a\tb\t", "x\tb\t"], [True, True, False], alone=2) == 2
