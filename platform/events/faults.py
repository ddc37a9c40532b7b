"""Faults: what is wrong with a record that is no JSON object, in words for who mends its producer.

No byte of the record is shown but a mark of JSON's own, as others may be personal. Not here: finding it (`scan`).
"""

from __future__ import annotations

from events.scan import (
    BEHIND,
    CONTROL,
    DEEP,
    ENDED,
    NO_COLON,
    NO_COMMA,
    NO_ESCAPE,
    NO_KEY,
    NO_NUMBER,
    NO_OBJECT,
    NO_VALUE,
    UNDECODABLE,
    Found,
)
from events.text import Texts
from events.tree import MAX_NESTING

_MARKS = {ord(mark): f"'{mark}'" for mark in "{}[],:\"'"}
_TOLD = {
    NO_KEY: "no JSON: expected a key in quotes",
    NO_COLON: "no JSON: expected a colon",
    NO_COMMA: "no JSON: expected a comma or closing bracket",
    NO_VALUE: "no JSON: expected a value",
    NO_NUMBER: "no JSON: a number that JSON does not know",
    NO_ESCAPE: "no JSON: an escape that JSON does not know",
    CONTROL: "no JSON: an unescaped control character",
    ENDED: "no JSON: it ends before its last bracket",
    BEHIND: "text after the object",
    DEEP: f"nested deeper than {MAX_NESTING}",
    UNDECODABLE: "the bytes are not UTF-8",
}
_EXPECTING = (NO_KEY, NO_COLON, NO_COMMA, NO_VALUE)


def fault_of(texts: Texts, found: Found, row: int) -> str:
    """What is wrong with a text that is not `SOUND`, with the offset in it (bytes, from 0)."""
    state, offset = int(found.states[row]), int(found.faults[row])
    place = int(texts.starts[row]) + offset
    mark = _MARKS.get(int(texts.data[place])) if place < texts.ends[row] else None
    if state == NO_OBJECT:
        return f"not a JSON object: it begins with {mark}" if mark else "not a JSON object"
    shown = f", found {mark}" if mark and state in _EXPECTING else ""
    return f"{_TOLD[state]} at byte {offset}{shown}"
