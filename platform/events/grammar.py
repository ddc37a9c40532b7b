"""Grammar: where a JSON object or array that begins at some byte ends.

Belongs here: JSON's structure, exactly and without recursion; what numbers and words look like is `conform`'s affair.
Not here: what to do where the structure is broken (`values`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

import polars as pl

from events.spans import codes

DEPTH = 5  # nesting that one regular expression sees through; each level makes it four times as long
OPENING, OBJECT, ARRAY, QUOTE, LINE_BREAK = b"{[", *b'{["\n'

_BODY = rb'[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+'
_STRING = rb'"%b"' % _BODY
_ATOM = rb'(?:%b|[^\s"{}\[\],:]++)\s*+' % _STRING
_KEY = _STRING + rb"\s*+:\s*+"
# Up to the next bracket: of an object's members and of an array's elements, whole or up to the end of the text.
_MEMBERS = rb"\s*+(?:%b%b,\s*+)*+%b(?:%b\}|([{\[]))" % (_KEY, _ATOM, _KEY, _ATOM)
_ELEMENTS = rb"\s*+(?:%b,\s*+)*+(?:%b\]|([{\[]))" % (_ATOM, _ATOM)
_UNENDED = rb'"%b\\?+\Z' % _BODY
_VALUE_BEGUN = rb"(?:%b|%b)?+" % (_UNENDED, _ATOM)
_MEMBER_BEGUN = rb"(?:%b|%b\s*+(?::\s*+%b)?+)?+" % (_UNENDED, _STRING, _VALUE_BEGUN)
_MEMBERS_BEGUN = rb"\s*+(?:%b%b,\s*+)*+%b\Z" % (_KEY, _ATOM, _MEMBER_BEGUN)
_ELEMENTS_BEGUN = rb"\s*+(?:%b,\s*+)*+%b\Z" % (_ATOM, _VALUE_BEGUN)


class _Step(NamedTuple):
    """What may come at one place of a container: up to the next bracket, or as much of that as there is."""

    whole: re.Pattern[bytes]
    begun: re.Pattern[bytes]

    @classmethod
    def of(cls, whole: bytes, begun: bytes) -> _Step:
        return cls(re.compile(whole), re.compile(begun))


_FIRST = {
    OBJECT: _Step.of(_MEMBERS + rb"|\s*+\}", _MEMBERS_BEGUN),
    ARRAY: _Step.of(_ELEMENTS + rb"|\s*+\]", _ELEMENTS_BEGUN),
}
_NEXT = {
    OBJECT: _Step.of(rb"\s*+(?:\}|,%b)" % _MEMBERS, rb"\s*+(?:,%b|\Z)" % _MEMBERS_BEGUN),
    ARRAY: _Step.of(rb"\s*+(?:\]|,%b)" % _ELEMENTS, rb"\s*+(?:,%b|\Z)" % _ELEMENTS_BEGUN),
}


class Scanned(NamedTuple):
    """`at` is the end of a value that is whole, else the place from which on it is no JSON, or not all of it.

    `begun`: all there is fits, but the text ends before the value does.
    """

    at: int
    whole: bool
    begun: bool = False


def scan(text: bytes, at: int, stop: int) -> Scanned:
    """Follow the object or array that begins at `at`, looking at nothing from `stop` on."""
    containers = bytearray((text[at],))
    step, at = _FIRST[text[at]], at + 1
    while found := step.whole.match(text, at, stop):
        at = found.end()
        if opened := found[1]:
            containers += opened
            step = _FIRST[containers[-1]]
        else:
            containers.pop()
            if not containers:
                return Scanned(at, whole=True)
            step = _NEXT[containers[-1]]
    return Scanned(at, whole=False, begun=step.begun.match(text, at, stop) is not None)


def _objects(depth: int) -> str:
    """The regular expression of whole objects nested up to `depth`."""
    space, string = r"[ \t\r\n]*", r'"(?:[^"\\\x00-\x1f]|\\.)*"'
    atom = value = rf"(?:{string}|[-+.0-9A-Za-z]+){space}"
    for _ in range(depth):
        member = rf"{string}{space}:{space}{value}"
        found = rf"\{{{space}(?:{member}(?:,{space}{member})*)?\}}"
        value = rf"(?:{atom}|{found}{space}|\[{space}(?:{value}(?:,{space}{value})*)?\]{space})"
    return rf"^{found}$"


_OBJECTS = _objects(DEPTH)
_STEPS = dict.fromkeys(b"{[", 1) | dict.fromkeys(b"}]", -1)
_MARKS = pl.Series([*_STEPS, QUOTE, LINE_BREAK], dtype=pl.UInt8).implode()


def are_objects(texts: pl.Series) -> pl.Series:
    """Whether each text is one whole object, false also for one that only `scan` sees through."""
    return texts.str.contains(_OBJECTS).fill_null(False)


class Depth:
    """Follows a value through chunks of any size by its strings and brackets alone."""

    def __init__(self) -> None:
        self.depth, self.quoted, self.escape = 0, False, b""

    def end(self, chunk: bytes) -> int | None:
        """Where in the next chunk the value ends: behind its last bracket, or before a line break in a string."""
        held = len(self.escape)
        text = (self.escape + chunk).replace(rb"\\", b"  ").replace(rb"\"", b"  ")
        self.escape = b"\\" if text.endswith(b"\\") else b""
        bytes_of = codes(text)
        marks = bytes_of.is_in(_MARKS).arg_true()
        if marks.is_empty():
            return None
        kinds = bytes_of.gather(marks)
        quoted = ((kinds == QUOTE).cum_sum() + self.quoted) % 2 == 1
        steps = kinds.replace_strict(_STEPS, default=0, return_dtype=pl.Int64)
        depth = steps.set(quoted, 0).cum_sum() + self.depth
        closed = ~quoted & (steps == -1) & (depth <= 0)
        ends = (marks + closed).filter(closed | quoted & (kinds == LINE_BREAK))
        self.depth, self.quoted = depth[-1], quoted[-1]
        return None if ends.is_empty() else ends[0] - held
