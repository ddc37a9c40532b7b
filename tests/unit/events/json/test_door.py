"""The door of the JSON package: three functions, and nobody imports anything behind them."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import events.json
from events.byte_spans import ByteSpans, bytes_of
from events.json import Column, Projection, digest, extract, split
from events.values import MISSING, Values

ROOT = Path(__file__).parents[4]
INSIDE = ROOT / "platform" / "events" / "json"
OUTSIDE = [
    path for top in ("platform", "bench") for path in sorted((ROOT / top).rglob("*.py")) if INSIDE not in path.parents
]
ANY_JSON = st.one_of(
    st.binary(max_size=40),
    st.lists(st.sampled_from([b"{", b"}", b'"a":', b"1", b"[", b"]", b",", b'"']), max_size=20).map(b"".join),
)


def imported(source: str) -> Iterator[str]:
    """The full name of each imported module or member."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_nobody_imports_past_the_door() -> None:
    """What is behind the three functions can then be replaced, by a wheel in Rust for instance."""
    allowed = {f"events.json.{name}" for name in events.json.__all__}
    past = {
        str(path.relative_to(ROOT)): found
        for path in OUTSIDE
        if (found := {name for name in imported(path.read_text()) if name.startswith("events.json.")} - allowed)
    }
    assert past == {}


def test_the_door_has_three_functions() -> None:
    """The other names are classes that these take or return."""
    exported = [getattr(events.json, name) for name in events.json.__all__]
    functions = {value.__name__ for value in exported if isinstance(value, types.FunctionType)}
    assert functions == {"extract", "split", "digest"}
    assert all(isinstance(value, type) for value in exported if not isinstance(value, types.FunctionType))


def spans(texts: list[bytes]) -> ByteSpans:
    ends = np.cumsum([len(text) for text in texts]).astype(np.uint32)
    starts = (ends - [len(text) for text in texts]).astype(np.uint32)
    return ByteSpans(bytes_of(b"".join(texts)), starts, ends, np.ones(len(texts), np.bool_))


@given(st.lists(ANY_JSON, min_size=1, max_size=5))
def test_whatever_the_bytes_are_each_row_has_an_answer(texts: list[bytes]) -> None:
    """A column, or the reason why there is none, and a digest; nothing raises."""
    projection = Projection([Column("a", ("a",), pl.Int64())], volatile=())
    found = extract(spans(texts), projection)
    assert found.errors is not None
    assert len(found.columns["a"]) == len(found.contents) == len(texts)
    assert all(found.errors.message(row) for row in found.errors.rows.tolist())
    assert digest(spans(texts), projection).tolist() == found.contents.tolist()
    assert not found.contents[found.errors.rows].any()


@given(ANY_JSON, st.integers(1, 50), st.booleans(), st.booleans(), st.booleans())
def test_a_split_covers_its_window(window: bytes, limit: int, inside: bool, last: bool, recover: bool) -> None:
    """Records do not overlap, and only separators are between them and the rest."""
    found = split(window, limit, inside=inside, last=last, recover=recover)
    at = 0
    for start, end in zip(found.starts, found.ends, strict=True):
        assert at <= start < end <= found.rest
        assert not window[at:start].strip(b" \t\r\n\v\f,[]")
        at = end
    assert not window[at : found.rest].strip(b" \t\r\n\v\f,[]")


@pytest.mark.parametrize("sent", [b'{"a": 1}', rb'"{\"a\": 1}"'])
def test_an_object_may_be_written_in_a_text(sent: bytes) -> None:
    """As Kafka's drains write it; a row without a value has no object, which is no error."""
    outer = extract(spans([b'{"value": ' + sent + b"}", b"{}"]), Projection(located=("value",)))
    found = extract(outer.values["value"], Projection([Column("a", ("a",), pl.Int64())]))
    assert found.columns["a"].to_list() == [1, None]
    assert found.errors is not None
    assert found.errors.rows.tolist() == []


def test_values_that_were_located_before_are_typed_alike() -> None:
    """Fields of other formats, such as lines of tab-separated fields, need no JSON around them."""
    data, kinds = bytes_of(b"12"), np.array([2, MISSING], np.uint8)
    values = Values(data, kinds, np.zeros(2, np.uint32), np.full(2, 2, np.uint32))
    found = extract({"a": values}, Projection([Column("a", ("a",), pl.Int64())]))
    assert found.columns["a"].to_list() == [12, None]


def test_a_digest_wants_a_projection_that_makes_one() -> None:
    """Zeros for all would look like one content."""
    with pytest.raises(ValueError, match="volatile"):
        digest(spans([b"{}"]), Projection())
