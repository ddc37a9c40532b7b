"""Texts that mean null, in machine code.

Belongs here: comparing and recognizing such texts. Not here: which columns have them (`projection`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from events.array_types import Bytes, Positions
from events.compiled import compiled
from events.json.text_columns import is_word
from events.json.tokens import BACKSLASH, LETTER_U, hex_value, unescape
from events.values import ESCAPED, NULL, TEXT, Values

_LONGEST_ESCAPE = 6  # bytes, for one byte or more of a text
_WHITE = np.array([chr(code).isspace() for code in range(0x3001)])  # Unicode has none above
_WHITE_ESCAPES = np.isin(np.arange(256), list(b"fnrt"))
_MAY_BE_WHITE = np.isin(np.arange(256), [BACKSLASH, *(chr(code).encode()[0] for code in np.flatnonzero(_WHITE))])


def nullify_texts(values: Values, texts: Sequence[str]) -> None:
    """Make values that are one of the texts, with or without escapes, null in place."""
    for text in texts:
        raw = text.encode()
        _nullify(
            *values, np.frombuffer(raw or b"\0", np.uint8), len(raw), np.empty(_LONGEST_ESCAPE * len(raw), np.uint8)
        )


def nullify_blanks(values: Values) -> None:
    """Make texts that are empty or only white space, with or without escapes, null in place."""
    _nullify_blanks(*values)


@compiled
def _nullify(
    data: Bytes, kinds: Bytes, starts: Positions, ends: Positions, text: Bytes, length: int, plain: Bytes
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
def _nullify_blanks(data: Bytes, kinds: Bytes, starts: Positions, ends: Positions) -> None:
    for row in range(len(kinds)):
        kind = kinds[row]
        if kind in (TEXT, ESCAPED):
            at, end = np.int64(starts[row]), np.int64(ends[row])
            if at == end or (_MAY_BE_WHITE[data[at]] and _is_blank(data, at, end, kind == ESCAPED)):
                kinds[row] = NULL


@compiled
def _is_blank(data: Bytes, at: int, end: int, escaped: bool) -> bool:
    """Whether a valid text has only white space."""
    while at < end:
        byte, length = np.int64(data[at]), 1
        code = byte
        if escaped and byte == BACKSLASH:
            unicode = data[at + 1] == LETTER_U
            code = hex_value(data, at + 2, end) if unicode else np.int64(0x20 * _WHITE_ESCAPES[data[at + 1]])
            length = 6 if unicode else 2
        elif byte >= 0xE0:
            code, length = (byte & 0x0F) << 12 | (data[at + 1] & 0x3F) << 6 | data[at + 2] & 0x3F, 3
        elif byte >= 0x80:
            code, length = (byte & 0x1F) << 6 | data[at + 1] & 0x3F, 2
        if code >= len(_WHITE) or not _WHITE[code]:
            return False
        at += length
    return True
