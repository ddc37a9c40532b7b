"""CSV rows as JSON, compared with Python's csv and json modules."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events.byte_spans import ByteSpans, Scratch
from events.delimited import OPEN, TRAILING, rows_as_json

FIELD = st.text(alphabet=st.sampled_from('ab,;"\\\n\r\t\x00\x1f é☃'), max_size=6)
NAMES = ["a", 'b"', "", "ü\n"]


def objects(rows: list[bytes], names: list[str], delimiter: str = ",") -> tuple[list[bytes], list[int]]:
    """Each row as a JSON object, and its number of fields or its error code."""
    texts = ByteSpans.of(pa.chunked_array([pa.array([b"untouched", *rows], pa.large_binary())]), Scratch())
    found, counts = rows_as_json(texts, np.arange(1, len(rows) + 1), names, delimiter)
    assert found.at(0) == b"untouched"
    return [found.at(row) for row in range(1, len(rows) + 1)], counts.tolist()


def written(row: list[str], delimiter: str, quoted: bool) -> str:
    text = io.StringIO()
    quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    csv.writer(text, lineterminator="\r\n", delimiter=delimiter, quoting=quoting).writerow(row)
    return text.getvalue().removesuffix("\r\n")


@given(st.lists(st.lists(FIELD, min_size=4, max_size=4), max_size=5), st.sampled_from(",;\t|"), st.booleans())
@example([['\x00\x1f\n\r\t\\"', "", "x", "☃"]], ",", True)
def test_a_row_becomes_the_object_that_it_stands_for(table: list[list[str]], delimiter: str, quoted: bool) -> None:
    """The object has the row's fields, whatever they hold; a field without a name is left out."""
    found, counts = objects([written(row, delimiter, quoted).encode() for row in table], NAMES, delimiter)
    assert counts == [4] * len(table)
    assert [json.loads(text) for text in found] == [{"a": row[0], 'b"': row[1], "ü\n": row[3]} for row in table]


@given(st.lists(st.sampled_from(["a", ",", '"', " ", "\n"]), max_size=12).map("".join))
def test_any_text_is_read_as_python_reads_it(text: str) -> None:
    """The number of fields is Python's, and a row is wrong where Python's strict reader says so."""
    _, (count,) = objects([text.encode()], ["a"])
    if "\n" in text.replace('"', ""):
        return  # a record has line breaks in quotes only
    try:
        expected = len(next(csv.reader(io.StringIO(text, newline=""), strict=True), [""]))
    except csv.Error:
        expected = -1
    assert max(count, -1) == expected


@pytest.mark.parametrize(
    ("row", "count"),
    [(b"1,2,3", 3), (b"1", 1), (b"", 1), (b",", 2), (b'1,"2', OPEN), (b'1,"2"x', TRAILING), (b'1,"', OPEN), (b'""', 1)],
)
def test_what_is_wrong_with_a_row_is_counted(row: bytes, count: int) -> None:
    """A row with too many or too few fields is rejected with the number found."""
    assert objects([row], ["a", "b"])[1] == [count]


def test_a_field_may_be_as_long_as_its_record() -> None:
    """Python's csv module has a limit of 131,072 characters; we have none."""
    (found,), _ = objects([b"x" * 200_000 + b',"' + b'""' * 200_000 + b'"'], ["a", "b"])
    assert json.loads(found) == {"a": "x" * 200_000, "b": '"' * 200_000}
