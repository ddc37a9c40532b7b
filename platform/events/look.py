"""Look: what an object's first bytes tell of all the others: framing, header, encoding.

Belongs here: the choice among a contract's framings, and why none of them will do. Not here: the framings themselves
(`lines`, `values`), what is wrong with a header (`header`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from contracts.stream import Csv, EnrichedTsv, Framing, JsonConcatenated, JsonLines
from events.compression import Unreadable
from events.encoding import foreign, is_utf_8, transcoded
from events.framing import Cutter
from events.grammar import WHOLE, follow
from events.header import fits, names_of, objection, repeated
from events.lines import OBJECTS, Lines, rows
from events.text import bytes_of, shortened
from events.tokens import words_of
from events.values import Values

HEAD = 64 << 10  # of so many bytes of plain content an object's framing is told
BREAK = re.compile(rb"\r\n|\r|\n")
_ARRAY = re.compile(rb"\[\s*[\[{\]]")
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_MORE = re.compile(rb"[ \t]*[{\[,]")  # behind an object that is not alone on its line


class Opening(NamedTuple):
    """An object's first bytes, of which there are fewer than `HEAD` only if it has no more.

    A mark of the byte order and blank lines before them are left out: how many bytes and lines of the content.
    """

    head: bytes
    ended: bool
    skipped: int
    lines: int


@dataclass(frozen=True)
class Look:
    """How an object is framed: its records begin `begin` bytes from its head on. `encoding` is None for UTF-8."""

    cutter: Cutter
    begin: int = 0
    header: str | None = None
    encoding: str | None = None


def opening(content: Iterator[bytes]) -> Opening:
    """The first bytes of content that comes in blocks of any size."""
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
        if len(head) >= HEAD or not (block := next(content, b"")):
            return Opening(head, len(head) < HEAD, skipped, lines)
        head += block


def _breaks(text: bytes, end: int) -> int:
    """How many line breaks there are before `end`."""
    return text.count(b"\n", 0, end) + text.count(b"\r", 0, end) - text.count(b"\r\n", 0, end)


def look_at(opening: Opening, decoding: tuple[Framing, ...], limit: int) -> Look:
    """How an object is framed that begins so: as the first of `decoding` that fits, else as the last one.

    Raises `Unreadable` for text in another encoding than the contract's, and, where the contract has CSV among others,
    for text that is neither one of the others nor CSV with the header that is expected.
    """
    tables = [framing for framing in decoding if isinstance(framing, Csv)]
    objections = []
    for table in tables:
        found = _table(opening, table, limit)
        if isinstance(found, Look):
            return found
        objections.append(found)
    text = opening.head[:HEAD].lstrip()
    if encoding := foreign(text):
        expected = " or ".join(dict.fromkeys(["UTF-8", *(table.encoding.upper() for table in tables if _other(table))]))
        raise Unreadable(f"{encoding} text; expected {expected}")
    framing = next((framing for framing in decoding if _fits(framing, text)), None)
    if framing is None and tables and text and not _NO_TEXT.search(BREAK.split(text, 1)[0]):
        raise Unreadable("; or ".join(objections))
    match framing or decoding[-1]:
        case JsonConcatenated():
            return Look(Values(limit))
        case JsonLines() if _concatenated(text):
            return Look(Values(limit))
        case JsonLines():
            return Look(Lines(limit, opening.lines + 1, OBJECTS))
    return Look(Lines(limit, opening.lines + 1))


def _fits(framing: Framing, text: bytes) -> bool:
    """Whether text begins as it does in a framing without a header."""
    match framing:
        case JsonLines() | JsonConcatenated():
            return text.startswith((b"{", b"["))
        case EnrichedTsv():
            return b"\t" in BREAK.split(text, 1)[0]
        case _:
            return False


def _concatenated(text: bytes) -> bool:
    """Whether JSON begins with an array, or with an object that is not the only one on a line of its own."""
    if not text.startswith(b"{"):
        return bool(_ARRAY.match(text))
    data = bytes_of(text)
    end, state = follow(data, words_of(data), 0, len(text), np.empty(len(text) + 1, np.uint8))
    return state == WHOLE and bool(BREAK.search(text, 0, end) or _MORE.match(text, end))


def _other(framing: Csv) -> bool:
    return not is_utf_8(framing.encoding)


def _table(opening: Opening, framing: Csv, limit: int) -> Look | str:
    """How a CSV object is framed, or why it is none. Raises `Unreadable` where one of its names is there twice."""
    encoding = framing.encoding if _other(framing) else None
    head = opening.head[:HEAD]
    if encoding:
        head = b"".join(transcoded([head], encoding))
    begin = len(head) - len(head.removeprefix(codecs.BOM_UTF8).lstrip())
    found = BREAK.search(head, begin)
    if not found and not opening.ended:
        return f"expected a CSV header; found no end of the first line within {HEAD >> 10} KiB"
    end = found.start() if found else len(head)
    try:
        header = head[begin:end].decode()
    except UnicodeDecodeError as error:
        return _undecodable(error, framing)
    if not fits(header, framing):
        return objection(header, framing)
    if twice := repeated(header, framing):
        raise Unreadable(f"the CSV header names a column more than once: {shortened(', '.join(twice), 200)}")
    rule = rows(framing.delimiter, len(names_of(header, framing)))
    number = opening.lines + _breaks(head, begin) + 1
    return Look(Lines(limit, number, rule), end, header, encoding)


def _undecodable(error: UnicodeDecodeError, framing: Csv) -> str:
    byte = error.object[error.start]
    advice = "" if _other(framing) else "; another encoding can be named in the contract's Csv"
    return f"the CSV header is not {framing.encoding.upper()} (byte 0x{byte:02x} at {error.start}){advice}"
