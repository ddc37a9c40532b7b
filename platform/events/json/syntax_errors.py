"""Messages about records that are not JSON objects, for the people who mend the producer.

No byte of the record is shown except JSON's own marks, because others may be personal. Not here: finding the error
(`scanner`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from events.array_types import Int64s
from events.byte_spans import ByteSpans
from events.json.path_tree import MAX_NESTING
from events.json.scanner import (
    CONTROL_CHARACTER,
    ENDS_EARLY,
    NO_COLON,
    NO_COMMA,
    NO_ESCAPE,
    NO_KEY,
    NO_NUMBER,
    NO_OBJECT,
    NO_VALUE,
    NOT_UTF8,
    TEXT_BEHIND,
    TOO_DEEP,
    VALID,
    Found,
)

_MARKS = {ord(mark): f"'{mark}'" for mark in "{}[],:\"'"}
_MESSAGES = {
    NO_KEY: "no JSON: expected a key in quotes",
    NO_COLON: "no JSON: expected a colon",
    NO_COMMA: "no JSON: expected a comma or closing bracket",
    NO_VALUE: "no JSON: expected a value",
    NO_NUMBER: "no JSON: a number that JSON does not know",
    NO_ESCAPE: "no JSON: an escape that JSON does not know",
    CONTROL_CHARACTER: "no JSON: an unescaped control character",
    ENDS_EARLY: "no JSON: it ends before its last bracket",
    TEXT_BEHIND: "text after the object",
    TOO_DEEP: f"nested deeper than {MAX_NESTING}",
    NOT_UTF8: "the bytes are not UTF-8",
}
_EXPECTING = (NO_KEY, NO_COLON, NO_COMMA, NO_VALUE)


class SyntaxErrors(NamedTuple):
    """The documents of a scan that are not JSON objects."""

    documents: ByteSpans
    found: Found

    @property
    def rows(self) -> Int64s:
        """Their rows. Rows without a document do not count."""
        return np.flatnonzero((self.found.states != VALID) & self.documents.given)

    def message(self, row: int) -> str:
        """What is wrong with one of them, with the offset in the document in bytes, from 0."""
        state, offset = int(self.found.states[row]), int(self.found.faults[row])
        at = int(self.documents.starts[row]) + offset
        mark = _MARKS.get(int(self.documents.data[at])) if at < self.documents.ends[row] else None
        if state == NO_OBJECT:
            return f"not a JSON object: it begins with {mark}" if mark else "not a JSON object"
        shown = f", found {mark}" if mark and state in _EXPECTING else ""
        return f"{_MESSAGES[state]} at byte {offset}{shown}"
