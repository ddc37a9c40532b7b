"""Detection of an object's framing, and the messages for refused objects."""

from __future__ import annotations

import codecs
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.mobile import MOBILE
from contracts.stream import Csv, EnrichedTsv, Framing, JsonConcatenated, JsonLines
from events import decode, detection
from events.compression import Unreadable

TABLE = Csv(("user", "city", "at"))
MIXED = (TABLE, JsonConcatenated())


def rows(content: bytes, *decoding: Framing, limit: int = decode.MAX_RECORD) -> list[tuple[Any, ...]]:
    batches = decode.records(io.BytesIO(content), "f.csv", decoding, limit)
    return [(row["_line"], row["raw"], row["header"]) for batch in batches for row in batch.to_pylist()]


def refusal(content: bytes, *decoding: Framing) -> str:
    with pytest.raises(Unreadable) as caught:
        rows(content, *decoding)
    return str(caught.value)


EXPECTED = "expected a CSV header with the columns user, city, at, separated by ','; missing: "
REFUSALS = [
    ("user,at,ort\n", EXPECTED + "city; found: user, at, ort, separated by ','"),
    (
        "user;city;at\n1;2;3",
        EXPECTED + "user, city, at; found: user, city, at, separated by ';'; the contract's Csv can",
    ),
    (
        "user\tcity\tat\n",
        EXPECTED + "user, city, at; found: user, city, at, separated by '\\t'; the contract's Csv can",
    ),
    ("USER,City,at\r\n", EXPECTED + "user, city; found: USER, City, at, separated by ','; the case of letters counts"),
    ("User|City|At\n", EXPECTED + "user, city, at; found: User, City, At, separated by '|'; the contract's Csv can"),
    ("ada,berlin,12\neve,rome,13\n", EXPECTED + "user, city, at; found: no header, but a line of 3 fields"),
    ("user,city,at,user\n1,2,3,4\n", "the CSV header names a column more than once: user"),
    ("user,city,at,x,y,y,x\n", "the CSV header names a column more than once: x, y"),
    ("user" + "x" * (64 << 10), "expected a CSV header; found no end of the first line within 64 KiB"),
]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("content", "words"), REFUSALS)
def test_a_header_that_does_not_fit_is_told_once(content: str, words: str, ending: str) -> None:
    """Otherwise each row would be malformed JSON, which does not say what is wrong with the file."""
    landed = content.replace("\r\n", "\n").replace("\n", ending).encode()
    for mark in (b"", codecs.BOM_UTF8, ending.encode() * 2):
        assert refusal(mark + landed, *MIXED).startswith(words)


def test_a_row_of_a_person_is_not_shown() -> None:
    """A file without its header begins with data, which must not be shown in the ledger."""
    assert "ada" not in refusal(b"ada,berlin,12\n", *MIXED)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_text_of_wide_characters_is_named(encoding: str) -> None:
    """Its rows are not UTF-8, and its header is not recognizable."""
    landed = "user,city,at\n1,2,3\n".encode(encoding)
    assert refusal(landed, *MIXED) == f"{encoding[:6].upper()} text; expected UTF-8"
    other = Csv(("user",), encoding="cp1252")
    assert refusal(landed, other, JsonLines()) == f"{encoding[:6].upper()} text; expected UTF-8 or CP1252"


def test_a_header_in_latin_1_is_named() -> None:
    """The message gives a byte and its position, because an editor does not show them."""
    expected = "the CSV header is not UTF-8 (byte 0xfc at 13); another encoding can be named in the contract's Csv"
    assert refusal("user,city,at,ü\n".encode("latin-1"), *MIXED) == expected


@pytest.mark.parametrize("content", [b"", b"\n\r\n \r", codecs.BOM_UTF8])
def test_nothing_is_no_header_that_does_not_fit(content: bytes) -> None:
    """Producers close files without having written anything."""
    assert rows(content, *MIXED) == []


@pytest.mark.parametrize(
    "header", ["user,city,at", ' user , "city",at ', "at,x,city,user", "user,city,at,", "user,city,at,,"]
)
@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\r", "\n\n"])
def test_a_header_alone_has_no_records(header: str, ending: str) -> None:
    """Names may have blanks and quotes around them, or be empty; the line break may be missing."""
    assert rows((header + ending).encode(), *MIXED) == []


OTHERS = [
    (b'\xef\xbb\xbf {"user":1}', [b'{"user":1}']),
    (b'[{"user":1},{"user":2}]', [b'{"user":1}', b'{"user":2}']),
    (b"\x00\x01,\x02\n\x80", [b"\x00\x01,\x02", b"\x80"]),
]


@pytest.mark.parametrize(("content", "raws"), OTHERS)
def test_what_is_no_table_is_no_bad_table(content: bytes, raws: list[bytes]) -> None:
    """Other framings of the contract are tried, and garbage is judged record by record."""
    assert [raw for _, raw, _ in rows(content, *MIXED)] == raws


def test_lines_of_tabs_are_no_bad_table() -> None:
    """A framing that fits is chosen among several."""
    assert rows(b"a\tb\n", TABLE, EnrichedTsv()) == [(1, b"a\tb", None)]


def test_json_is_a_bad_table_where_the_contract_has_tables_only() -> None:
    """The contract has no other framing for it."""
    assert refusal(b'{"user":1}\n', TABLE).startswith(EXPECTED)


def test_each_of_several_tables_may_fit_and_all_are_told() -> None:
    """Two producers of one stream may use different tables."""
    other = Csv(("id", "ort"), delimiter=";")
    assert rows(b"ort;id\n1;2", TABLE, other) == [(2, b"1;2", "ort;id")]
    told = refusal(b"user,ort\n", TABLE, other)
    assert EXPECTED + "city, at; found: user, ort, separated by ','; or expected a CSV header with" in told


CELLS = st.lists(st.text(alphabet='aé☃,;\n "', max_size=4), min_size=2, max_size=2)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "utf-8-sig", "utf-7"])
@given(table=st.lists(CELLS, max_size=5), ending=st.sampled_from(["\n", "\r", "\r\n"]))
def test_a_table_may_be_in_another_encoding(encoding: str, table: list[list[str]], ending: str) -> None:
    """The text is what was encoded, and line numbers are those of the UTF-8 text."""
    quoted = [";".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in table]
    text = "".join(row + ending for row in ["☃;a", *quoted])
    framing = Csv(("a",), delimiter=";", encoding=encoding)
    found = rows(text.encode(encoding), framing, JsonLines())
    assert [raw.decode() for _, raw, _ in found] == quoted
    assert [line for line, _, _ in found] == [line for line, _, _ in rows(text.encode(), Csv(("a",), delimiter=";"))]
    assert {header for _, _, header in found} <= {"☃;a"}


def test_what_cannot_be_decoded_spoils_its_record_only() -> None:
    """The record becomes malformed; a replacement character would look like text."""
    landed = "a,b\n1,ж\n".encode("cp1251") + b"2,\x98\n3,x\n"
    found = rows(landed, Csv(("a", "b"), encoding="cp1251"))
    assert [raw for _, raw, _ in found] == ["1,ж".encode(), b"2,\xff", b"3,x"]
    cut = "a,b\n1,2\n3,4".encode("utf-16")[:-1]
    assert [raw for _, raw, _ in rows(cut, Csv(("a",), encoding="utf-16"))] == [b"1,2", b"3,\xff"]


def test_names_may_differ_in_case_only_where_the_contract_says_so() -> None:
    """Two names that differ only by case are then one name."""
    loose = Csv(("user", "city"), ignore_case=True)
    assert rows(b"USER,City\n1,2", loose) == [(2, b"1,2", "USER,City")]
    assert refusal(b"USER,City,city\n", loose) == "the CSV header names a column more than once: City, city"
    assert rows(b"user,city,City\n1,2,3", Csv(("user", "city"))) == [(2, b"1,2,3", "user,city,City")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"delimiter": ";;"}, "one character of ASCII"),
        ({"delimiter": "é"}, "one character of ASCII"),
        ({"delimiter": '"'}, "one character of ASCII"),
        ({"encoding": "utf-9"}, "unknown encoding: utf-9"),
        ({"encoding": "hex"}, "not a text encoding"),
        ({"columns": ("a", "a")}, "names a column twice"),
        ({"columns": ("a", "A"), "ignore_case": True}, "names a column twice"),
    ],
)
def test_a_table_that_cannot_be_is_not_declared(arguments: dict[str, Any], words: str) -> None:
    """The contract's author gets the error, not whoever runs the platform at night."""
    with pytest.raises(ValueError, match=words):
        Csv(**{"columns": ("a",), **arguments})


@pytest.mark.parametrize("blank", [b"\n", b"\r", b"\r\n", b" \t\n"])
@pytest.mark.parametrize("size", [1, 1000, detection.HEAD_BYTES, 5 * detection.HEAD_BYTES])
def test_blank_lines_before_the_header_count_and_cost_nothing_else(blank: bytes, size: int) -> None:
    """Any number of blank lines is skipped before the framing is detected."""
    lines = size // len(blank) + 1
    assert rows(blank * lines + b"user,city,at\n1,2,3\n", *MIXED) == [(lines + 2, b"1,2,3", "user,city,at")]
    assert rows(blank * lines + b'{"a":1}', JsonLines()) == [(lines + 1, b'{"a":1}', None)]


def test_the_mobile_stream_is_refused_by_name() -> None:
    """These are likely mistakes of the stream's producers."""
    (table, *_) = MOBILE.decoding
    assert isinstance(table, Csv)
    assert "separated by ';'" in refusal(";".join(table.columns).encode() + b"\n", *MOBILE.decoding)
    assert "missing: CREATED_AT" in refusal(",".join(table.columns[:-1]).encode() + b"\n", *MOBILE.decoding)


def test_objects_in_one_line_are_no_header() -> None:
    """Objects whose keys are a table's column names must not be taken for its header."""
    record = b'{"USER_ID":"u1","INITIAL_EVENT":"A","EVENT_OUT":"B","ORDER_TYPE":"x","STATUS":"y","CREATED_AT":"z"}'
    assert rows(record * 2, *MOBILE.decoding) == [(1, record, None), (2, record, None)]
