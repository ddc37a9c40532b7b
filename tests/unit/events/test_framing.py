"""Framing: nothing is lost, block sizes make no difference, and complete records stay complete."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events.framing import Cutter, Framed, Framer
from events.line_cutter import JSON_LINES, LineCutter, csv_rows
from events.value_cutter import ValueCutter

PLENTY = 1 << 20
SPACE = b" \t\r\n\v\f"
BREAK = re.compile(rb"\r\n|\r|\n")
CUTTERS: dict[str, tuple[Callable[[int], Cutter], bytes]] = {
    "lines": (lambda limit: LineCutter(limit, 1), SPACE),
    "objects": (lambda limit: LineCutter(limit, 1, JSON_LINES), SPACE),
    "rows": (lambda limit: LineCutter(limit, 1, csv_rows(",", 3)), SPACE),
    "values": (ValueCutter, SPACE + b",[]"),
}
Found = tuple[int, bytes | tuple[int, int, str]]

PARTS = [
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b",",
    b":",
    b"\\",
    b"\n",
    b"\r",
    b"\r\n",
    b" ",
    b"a",
    b"1",
    b"\x00",
    b"\xff",
    b'""',
]
PARTS += [b'{"a":1}', b'{"a":[{"b":2},{"b":"}{"}]}', b'{"a":"', b"},{", b"}{", b"\n{", b'"a":', b"{}", b"a,b,c\n"]
PARTS += [b"\r{", b",\r", b"\r\r", b'a,"b\nb",c\n', b'"', b'",']
SOUP = st.one_of(st.binary(max_size=60), st.lists(st.sampled_from(PARTS), max_size=40).map(b"".join))
BLANKS = st.tuples(st.sampled_from([b"", b" ", b"\t" * 9, b" " * 40]), st.sampled_from([b"\n", b"\r\n", b"\r"])).map(
    b"".join
)
SIZES = st.lists(st.integers(1, 30), min_size=1, max_size=10)

TEXT = st.text(alphabet=st.sampled_from('ab{}[]",:\\\n\té☃\x00 '), max_size=8)
ATOMS = st.one_of(st.none(), st.booleans(), st.integers(-99, 99), st.floats(allow_nan=False), TEXT)
DEEP = st.recursive(
    ATOMS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)), max_leaves=8
)
NAMES = st.sampled_from(["a", "b", "name", "id"])
EVENTS = st.lists(st.dictionaries(NAMES, DEEP, min_size=1, max_size=3), min_size=1, max_size=6)
STYLES = st.sampled_from([{}, {"separators": (",", ":")}, {"indent": 2}, {"indent": 0}, {"ensure_ascii": False}])
GAPS = st.sampled_from([b"", b"\n", b" ", b"\r\n\r\n", b"\t "])


def blocks(content: bytes, sizes: list[int]) -> Iterator[bytes]:
    """The content in blocks of these sizes, repeated."""
    at = 0
    for size in itertools.cycle(sizes):
        if at >= len(content):
            return
        yield content[at : at + size]
        at += size


def framed(cutter: Cutter, content: bytes, sizes: list[int] | None = None, limit: int = PLENTY) -> list[Found]:
    """Each record's number, and its bytes or what is kept of an oversize record."""
    found: list[Found] = []
    for part in Framer(cutter, limit, 0).frame(blocks(content, sizes or [PLENTY])):
        if isinstance(part, Framed):
            spans = zip(part.numbers, part.starts, part.ends, strict=True)
            found += [(number, part.window[start:end]) for number, start, end in spans]
        else:
            found.append((part.number, (part.offset, part.length, part.sha256)))
    return found


def raws(found: list[Found]) -> list[Any]:
    return [raw for _, raw in found]


def starts_of(content: bytes, found: list[Found], separators: bytes) -> list[int]:
    """The start of each record; asserts that only separators are before, between and after them."""
    at, starts = 0, []
    for _, raw in found:
        if isinstance(raw, tuple):
            start, length, digest = raw
            assert hashlib.sha256(content[start : start + length]).hexdigest() == digest
        else:
            start, length = at, len(raw)
            while content[start : start + 1] in separators and not content.startswith(raw, start):
                start += 1
            assert content.startswith(raw, start), f"{raw!r} is not what is next"
        assert not content[at:start].strip(separators), f"lost before {raw!r}"
        starts.append(start)
        at = start + length
    assert not content[at:].strip(separators), "lost at the end"
    return starts


@pytest.mark.parametrize("name", CUTTERS)
@given(content=SOUP, sizes=SIZES, limit=st.sampled_from([1, 3, 8, 20, 60, PLENTY]))
@example(content=b'a,"b\nx",c\n"a\r\n\r\n', sizes=[1], limit=8)
@example(content=b'{"a" {"b":1}},{"c":"tr},{"d":[{}]}]{},\n', sizes=[3], limit=PLENTY)
@example(content=b'{"a":"\\' + b"\\" * 9 + b'"} {"a":"x\ny"}', sizes=[1], limit=8)
def test_no_byte_is_lost_and_blocks_make_no_difference(name: str, content: bytes, sizes: list[int], limit: int) -> None:
    """Every byte is in one record or a separator, whatever the sizes of blocks."""
    make, separators = CUTTERS[name]
    found = framed(make(limit), content, limit=limit)
    assert framed(make(limit), content, sizes, limit) == found
    starts = starts_of(content, found, separators)
    if name != "values":
        assert [number for number, _ in found] == [1 + len(BREAK.findall(content[:start])) for start in starts]
    else:
        assert [number for number, _ in found] == list(range(1, len(found) + 1))


@given(EVENTS, STYLES, st.lists(GAPS, min_size=6, max_size=6), SIZES)
def test_objects_one_after_another_come_out_as_they_went_in(
    events: list[Any], style: dict[str, Any], gaps: list[bytes], sizes: list[int]
) -> None:
    """Objects may have any white space or nothing between them, and their strings may hold anything."""
    texts = [json.dumps(event, **style).encode() for event in events]
    content = b"".join(itertools.chain(*zip(texts, gaps, strict=False)))
    assert framed(ValueCutter(PLENTY), content, sizes) == list(enumerate(texts, 1))


@given(EVENTS, STYLES, GAPS, GAPS, SIZES)
def test_elements_of_an_array_come_out_as_they_went_in(
    events: list[Any], style: dict[str, Any], before: bytes, behind: bytes, sizes: list[int]
) -> None:
    """An array may be on one line or indented; several arrays count as one."""
    texts = [json.dumps(event, **style).encode() for event in events]
    content = before + b"[" + behind + (behind + b"," + before).join(texts) + before + b"]" + behind
    assert framed(ValueCutter(PLENTY), content * 2, sizes) == list(enumerate(texts * 2, 1))
    broken_off = content.rstrip(SPACE + b"]") + b',{"a":"b'
    assert raws(framed(ValueCutter(PLENTY), broken_off, sizes)) == [*texts, b'{"a":"b']


MIXED = st.lists(st.tuples(EVENTS, st.booleans()), min_size=1, max_size=5)


@given(MIXED, STYLES, GAPS, st.sampled_from([b"", b",", b" ,\r\n,"]), SIZES)
@example([([{"a": 1}], False), ([{"a": 2}, {"a": 3}], True), ([{"a": 4}], False)], {}, b"", b"", [1])
def test_objects_and_elements_of_arrays_are_records_in_any_order(
    parts: list[tuple[list[Any], bool]], style: dict[str, Any], gap: bytes, commas: bytes, sizes: list[int]
) -> None:
    """Arrays and objects may alternate, with or without commas; an empty array has no records."""
    texts = [([json.dumps(event, **style).encode() for event in events], is_array) for events, is_array in parts]
    pieces = [b"[" + (gap + b"," + gap).join(part) + b"][]" if is_array else gap.join(part) for part, is_array in texts]
    content = (gap + commas + gap).join(pieces)
    assert raws(framed(ValueCutter(PLENTY), content, sizes)) == [text for part, _ in texts for text in part]


@given(
    EVENTS, STYLES, st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b"\r\r", b"\n \n"]), min_size=6, max_size=6), SIZES
)
def test_a_cr_ends_a_line_but_not_within_an_object(
    events: list[Any], style: dict[str, Any], endings: list[bytes], sizes: list[int]
) -> None:
    """JSON allows a CR as white space between tokens, where no object can end."""
    texts = [json.dumps(event, **style).encode().replace(b"\n", b"\r") for event in events]
    content = b"".join(itertools.chain(*zip(texts, endings, strict=False)))
    assert raws(framed(LineCutter(PLENTY, 1, JSON_LINES), content, sizes)) == texts


@given(st.lists(st.tuples(st.sampled_from([b"x", b"x y"]), st.lists(BLANKS, max_size=4)), max_size=5), SIZES)
@example([(b"x", [b"\t" * 9 + b"\r", b"\t" * 9 + b"\n"])], [6])  # the LF is not the CR's
def test_blank_lines_only_count(lines: list[tuple[bytes, list[bytes]]], sizes: list[int]) -> None:
    """Blank lines are no records however long they are, but they count as lines."""
    content = b"".join(line + b"\n" + b"".join(blanks) for line, blanks in lines)
    numbers = [1 + len(BREAK.findall(content, 0, found.start())) for found in re.finditer(rb"x[x y]*", content)]
    assert framed(LineCutter(4, 1), content, sizes, 4) == list(zip(numbers, [line for line, _ in lines], strict=True))


@given(EVENTS, EVENTS, st.data(), SIZES)
def test_a_truncated_object_takes_no_more_than_its_neighbour_with_it(
    before: list[Any], behind: list[Any], data: st.DataObject, sizes: list[int]
) -> None:
    """A producer that dies during a write must not spoil the rest of the file."""
    whole = [json.dumps(event).encode() for event in before]
    rest = [json.dumps(event).encode() for event in behind]
    cut = data.draw(st.integers(1, len(whole[-1]) - 1))
    found = raws(framed(ValueCutter(PLENTY), b"".join([*whole[:-1], whole[-1][:cut], *rest]), sizes))
    assert found[: len(whole) - 1] == whole[:-1]
    assert found[len(found) - len(rest) + 1 :] == rest[1:]


ENDINGS = st.sampled_from(["\n", "\r\n", "\r"])
CELLS = st.lists(st.sampled_from(["a", "b", ",", '"', "\n", "\r", "\r\n", " ", "é"]), max_size=6).map("".join)


def written(row: tuple[str, ...], quoted: bool) -> str:
    """A CSV row without its line break; fields with a CR or LF are always quoted."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL).writerow(row)
    return text.getvalue().removesuffix("\r\n")


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=6), ENDINGS, st.booleans(), SIZES)
def test_rows_of_csv_come_out_as_they_went_in(
    table: list[tuple[str, ...]], ending: str, quoted: bool, sizes: list[int]
) -> None:
    """Quoted fields may hold anything; a row's number is that of its first line."""
    content = "".join(written(row, quoted) + ending for row in table).encode()
    found = framed(LineCutter(PLENTY, 1, csv_rows(",", 3)), content, sizes)
    parsed = [next(csv.reader(io.StringIO(raw.decode(), newline=""))) for raw in raws(found)]
    assert parsed == [list(row) for row in table]


SNAPPED = [
    (b'{"a":1}{"a":"tr{"a":2}{"a":3}', [b'{"a":1}', b'{"a":"tr', b'{"a":2}', b'{"a":3}']),
    (b'{"a":{"b":"tr{"a":2}\n{"a":3}', [b'{"a":{"b":"tr', b'{"a":2}', b'{"a":3}']),
    (b'{"a":{"b":1}{"a":2}{"a":3}', [b'{"a":{"b":1}', b'{"a":2}', b'{"a":3}']),
    (b'{"a":"tr\n{"a":"ur\n{"a":3}', [b'{"a":"tr', b'{"a":"ur', b'{"a":3}']),
    (b'{"a" 1}{"a":2}', [b'{"a" 1}', b'{"a":2}']),
    (b'{"a" 1, "b": [{"c": 1}, {"c": 2}]}{"a":2}', [b'{"a" 1, "b": [{"c": 1}, {"c": 2}]}', b'{"a":2}']),
    (b'x{"a":1}y z\n}{"b":1}', [b"x", b'{"a":1}', b"y z", b"}", b'{"b":1}']),
    (b'[{"a":1},{"a":2}]{"a":3}', [b'{"a":1}', b'{"a":2}', b'{"a":3}']),
    (b'{"a":1}{"a":{"b":2', [b'{"a":1}', b'{"a":{"b":2']),
]


@pytest.mark.parametrize(("content", "records"), SNAPPED)
def test_what_is_broken_is_a_record_and_what_follows_is_found(content: bytes, records: list[bytes]) -> None:
    """A broken record costs one rejected record where its end can be told."""
    assert raws(framed(ValueCutter(PLENTY), content)) == records


ARRAYS = [
    (b'{"a":"tr\n[{"b":1},{"c":2}]', [b'{"a":"tr', b'{"b":1}', b'{"c":2}']),
    (b'oops [{"b":1}] oops, {"c":2}', [b"oops", b'{"b":1}', b"oops", b'{"c":2}']),
    (b'{"a":1}]{"b":2}', [b'{"a":1}', b"]", b'{"b":2}']),
    (b'[{"a":1}, oops {"b":2}] tail\n{"c":3}', [b'{"a":1}', b"oops", b'{"b":2}', b"tail", b'{"c":3}']),
    (b'[{"a":1},{"b":"tr},{"c":3}]', [b'{"a":1}', b'{"b":"tr}', b'{"c":3}']),
    (b'[{"a":1},{"b" 2},{"c":3}]', [b'{"a":1}', b'{"b" 2}', b'{"c":3}']),
    (b'[1, null, [2, {"x": 3}]]\n[]', [b"1", b"null", b'[2, {"x": 3}]']),
    (b'[{"a":[{"x":1},{"x":2}]},{"a":[{"x":3}]', [b'{"a":[{"x":1},{"x":2}]}', b'{"a":[{"x":3}]']),
    (b"[INFO] started\n[INFO] stopped", [b"INFO", b"started", b"INFO", b"stopped"]),
]


@pytest.mark.parametrize(("content", "records"), ARRAYS)
def test_what_stands_between_elements_is_a_record(content: bytes, records: list[bytes]) -> None:
    """Garbage becomes records of its own; only brackets and commas are skipped."""
    assert raws(framed(ValueCutter(PLENTY), content)) == records


def test_a_broken_quote_spoils_its_line_only() -> None:
    """A row continues on the next line only if that makes a complete row with all fields."""
    content = b'1,"x,2\n3,"y\nz",4\n5,6,7\n"8,9\n1,2,3"\n'
    expected = [b'1,"x,2', b'3,"y\nz",4', b"5,6,7", b'"8,9', b'1,2,3"']
    assert framed(LineCutter(PLENTY, 2, csv_rows(",", 3)), content) == list(zip((2, 3, 5, 6, 7), expected, strict=True))
