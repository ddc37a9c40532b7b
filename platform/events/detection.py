"""Detect an object's framing, header and encoding from its first bytes.

Belongs here: the choice among a contract's framings, and why none of them fits. Not here: the framings themselves
(`line_cutter`, `value_cutter`), what is wrong with a CSV header (`header`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from contracts.stream import Csv, EnrichedTsv, Framing, JsonConcatenated, JsonLines
from events.compression import Unreadable
from events.display import shortened
from events.encoding import foreign, is_utf_8, transcoded
from events.framing import Cutter
from events.header import fits, header_error, names_of, repeated
from events.json import split
from events.line_cutter import JSON_LINES, LineCutter, csv_rows
from events.value_cutter import ValueCutter

HEAD_BYTES = 64 << 10  # of uncompressed content, to detect the framing
_BREAK = re.compile(rb"\r\n|\r|\n")
_ARRAY = re.compile(rb"\[\s*[\[{\]]")
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_MORE_ON_LINE = re.compile(rb"[ \t]*[{\[,]")


class Head(NamedTuple):
    """The first bytes of an object: at least `HEAD_BYTES`, or all there are (`ended`).

    A byte order mark and blank lines before them are left out; `skipped` and `lines` are their bytes and lines.
    """

    text: bytes
    ended: bool
    skipped: int
    lines: int


@dataclass(frozen=True)
class Detected:
    """How an object is framed: its records begin at byte `begin` of its head. `encoding` is None for UTF-8."""

    cutter: Cutter
    begin: int = 0
    header: str | None = None
    encoding: str | None = None


def read_head(content: Iterator[bytes]) -> Head:
    """Read the head from blocks of any size. Takes no more blocks than it needs."""
    head, block = b"", b""
    while len(head) < len(codecs.BOM_UTF8) and (block := next(content, b"")):
        head += block
    skipped, lines = 0, 0
    if head.startswith(codecs.BOM_UTF8):
        skipped, head = len(codecs.BOM_UTF8), head.removeprefix(codecs.BOM_UTF8)
    while True:
        blank = len(head) - len(head.lstrip())
        # A CR stays where an LF may follow, and so does a line that has not ended.
        end = max(head.rfind(b"\n", 0, blank), head.rfind(b"\r", 0, min(blank, len(head) - 1))) + 1
        skipped, lines, head = skipped + end, lines + _breaks(head, end), head[end:]
        if len(head) >= HEAD_BYTES or not (block := next(content, b"")):
            return Head(head, len(head) < HEAD_BYTES, skipped, lines)
        head += block


def _breaks(text: bytes, end: int) -> int:
    """The number of line breaks before `end`."""
    return text.count(b"\n", 0, end) + text.count(b"\r", 0, end) - text.count(b"\r\n", 0, end)


def detect(head: Head, decoding: tuple[Framing, ...], limit: int) -> Detected:
    """The framing of an object: the first of `decoding` that fits its head, else the last one.

    Raises `Unreadable` for text in another encoding than the contract's, and, where the contract has CSV, for text that
    is neither CSV with the expected header nor in one of the contract's other framings.
    """
    tables = [framing for framing in decoding if isinstance(framing, Csv)]
    objections = []
    for table in tables:
        found = _detect_csv(head, table, limit)
        if isinstance(found, Detected):
            return found
        objections.append(found)
    text = head.text[:HEAD_BYTES].lstrip()
    if encoding := foreign(text):
        expected = " or ".join(
            dict.fromkeys(["UTF-8", *(table.encoding.upper() for table in tables if _is_foreign(table))])
        )
        raise Unreadable(f"{encoding} text; expected {expected}")
    framing = next((framing for framing in decoding if _fits(framing, text)), None)
    if framing is None and tables and text and not _NO_TEXT.search(_BREAK.split(text, 1)[0]):
        raise Unreadable("; or ".join(objections))
    match framing or decoding[-1]:
        case JsonConcatenated():
            return Detected(ValueCutter(limit))
        case JsonLines() if _concatenated(text):
            return Detected(ValueCutter(limit))
        case JsonLines():
            return Detected(LineCutter(limit, head.lines + 1, JSON_LINES))
    return Detected(LineCutter(limit, head.lines + 1))


def _fits(framing: Framing, text: bytes) -> bool:
    """Whether a text begins as in a framing without a header."""
    match framing:
        case JsonLines() | JsonConcatenated():
            return text.startswith((b"{", b"["))
        case EnrichedTsv():
            return b"\t" in _BREAK.split(text, 1)[0]
        case _:
            return False


def _concatenated(text: bytes) -> bool:
    """Whether JSON begins with an array of objects, or with an object that is not alone on one line."""
    if not text.startswith(b"{"):
        return bool(_ARRAY.match(text))
    ends = split(text, len(text), recover=False).ends
    return len(ends) > 0 and bool(_BREAK.search(text, 0, ends[0]) or _MORE_ON_LINE.match(text, ends[0]))


def _is_foreign(framing: Csv) -> bool:
    return not is_utf_8(framing.encoding)


def _detect_csv(start: Head, framing: Csv, limit: int) -> Detected | str:
    """How a CSV object is framed, or why it is not CSV. Raises `Unreadable` for a header with a name twice."""
    encoding = framing.encoding if _is_foreign(framing) else None
    head = start.text[:HEAD_BYTES]
    if encoding:
        head = b"".join(transcoded([head], encoding))
    begin = len(head) - len(head.removeprefix(codecs.BOM_UTF8).lstrip())
    found = _BREAK.search(head, begin)
    if not found and not start.ended:
        return f"expected a CSV header; found no end of the first line within {HEAD_BYTES >> 10} KiB"
    end = found.start() if found else len(head)
    try:
        header = head[begin:end].decode()
    except UnicodeDecodeError as error:
        return _undecodable(error, framing)
    if not fits(header, framing):
        return header_error(header, framing)
    if twice := repeated(header, framing):
        raise Unreadable(f"the CSV header names a column more than once: {shortened(', '.join(twice), 200)}")
    rule = csv_rows(framing.delimiter, len(names_of(header, framing)))
    number = start.lines + _breaks(head, begin) + 1
    return Detected(LineCutter(limit, number, rule), end, header, encoding)


def _undecodable(error: UnicodeDecodeError, framing: Csv) -> str:
    byte = error.object[error.start]
    advice = "" if _is_foreign(framing) else "; another encoding can be named in the contract's Csv"
    return f"the CSV header is not {framing.encoding.upper()} (byte 0x{byte:02x} at {error.start}){advice}"
