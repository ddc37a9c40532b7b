"""Text columns: values that were not found, whose spans are undefined, and blank texts."""

from __future__ import annotations

import json
import sys

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from events.byte_spans import bytes_of
from events.compiled import read_only
from events.json.nulls import nullify_blanks
from events.json.text_columns import json_column, text_columns
from events.values import ESCAPED, MISSING, NULL, OBJECT, TEXT, Values

WHITE = [chr(code) for code in range(sys.maxunicode) if chr(code).isspace()]

SENT = b'{"a": 1}'
STARTS, ENDS = np.array([0, 4_000_000_000, 3], np.uint32), np.array([8, 17, 2_000_000_000], np.uint32)


def values(kind: int) -> Values:
    kinds = np.array([kind, MISSING, NULL], np.uint8)
    return Values(read_only(np.frombuffer(SENT, np.uint8)), kinds, STARTS, ENDS)


def test_what_is_not_there_takes_no_room() -> None:
    """If undefined spans counted, they would take more memory than there is."""
    found, odd = json_column(values(OBJECT))
    assert (found.to_list(), odd.tolist()) == (['{"a":1}', None, None], [])
    (found,) = text_columns([values(TEXT)])
    assert found.to_list() == [SENT.decode(), None, None]


@given(st.text(st.one_of(st.sampled_from(WHITE), st.sampled_from('\\"a\u200b\u3001é😀')), max_size=5), st.booleans())
@example("\\t", False)
def test_blank_is_what_python_strips(text: str, escaped: bool) -> None:
    """Unicode's white space counts, also as JSON escapes; in a text without escapes a backslash is a backslash."""
    data = (json.dumps(text)[1:-1] if escaped else text).encode()
    kinds = np.array([ESCAPED if escaped else TEXT], np.uint8)
    start, end = np.array([0], np.uint32), np.array([len(data)], np.uint32)
    nullify_blanks(Values(bytes_of(data), kinds, start, end))
    assert (kinds[0] == NULL) == (not text.strip())


def test_every_white_space_is_known() -> None:
    """Each character is tried, so that none is left to chance."""
    data = "".join(WHITE).encode()
    ends = np.cumsum([len(letter.encode()) for letter in WHITE]).astype(np.uint32)
    starts = (ends - [len(letter.encode()) for letter in WHITE]).astype(np.uint32)
    kinds = np.full(len(WHITE), TEXT, np.uint8)
    nullify_blanks(Values(bytes_of(data), kinds, starts, ends))
    assert set(kinds) == {NULL}
