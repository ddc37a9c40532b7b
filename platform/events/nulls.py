"""Nulls: texts that stand for nothing, in machine code.

Belongs here: which texts these are. Not here: which columns want it (`casts`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from events.columns import Values, is_word
from events.compiled import compiled
from events.tokens import ESCAPED, NULL, TEXT, Bytes, Places, hexadecimal, unescape

_ESCAPE = 6  # the bytes of the longest escape of one character
_BACKSLASH, _U = b"\\u"
_WHITE = np.array([chr(code).isspace() for code in range(0x3001)])  # all there is in Unicode
_WHITE_ESCAPES = np.isin(np.arange(256), list(b"fnrt"))
_MAY_BE_WHITE = np.isin(np.arange(256), [_BACKSLASH, *(chr(code).encode()[0] for code in np.flatnonzero(_WHITE))])


def without(values: Values, texts: Sequence[str]) -> None:
    """Make those of some texts, also written with escapes, nulls, in place."""
    for text in texts:
        raw = text.encode()
        _forget(*values, np.frombuffer(raw or b"\0", np.uint8), len(raw), np.empty(_ESCAPE * len(raw), np.uint8))


def without_blanks(values: Values) -> None:
    """Make texts that are empty or only white space, also as escapes, nulls, in place."""
    _forget_blanks(*values)


@compiled
def _forget(
    data: Bytes, kinds: Bytes, starts: Places, ends: Places, text: Bytes, length: int, plain: Bytes
) -> None:  # fmt: skip
    for row in range(len(kinds)):
        start, end, same = np.int64(starts[row]), np.int64(ends[row]), False
        if kinds[row] == TEXT:
            same = end - start == length and (length == 0 or is_word(data, start, text))
        elif kinds[row] == ESCAPED and end - start <= len(plain):
            same = unescape(data, start, end, plain, 0) == length and is_word(plain, 0, text)
        if same:
            kinds[row] = NULL


@compiled
def _forget_blanks(data: Bytes, kinds: Bytes, starts: Places, ends: Places) -> None:
    for row in range(len(kinds)):
        kind = kinds[row]
        if kind in (TEXT, ESCAPED):
            at, end = np.int64(starts[row]), np.int64(ends[row])
            if at == end or (_MAY_BE_WHITE[data[at]] and _is_blank(data, at, end, kind == ESCAPED)):
                kinds[row] = NULL


@compiled
def _is_blank(data: Bytes, at: int, end: int, escaped: bool) -> bool:
    """Whether sound text has nothing but white space."""
    while at < end:
        byte, length = np.int64(data[at]), 1
        code = byte
        if escaped and byte == _BACKSLASH:
            unicode = data[at + 1] == _U
            code = hexadecimal(data, at + 2, end) if unicode else np.int64(0x20 * _WHITE_ESCAPES[data[at + 1]])
            length = 6 if unicode else 2
        elif byte >= 0xE0:
            code, length = (byte & 0x0F) << 12 | (data[at + 1] & 0x3F) << 6 | data[at + 2] & 0x3F, 3
        elif byte >= 0x80:
            code, length = (byte & 0x1F) << 6 | data[at + 1] & 0x3F, 2
        if code >= len(_WHITE) or not _WHITE[code]:
            return False
        at += length
    return True
