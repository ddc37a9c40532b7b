"""Columns of values of which some were not found: their spans are whatever was in memory."""

from __future__ import annotations

import numpy as np

from events.columns import Values, json_texts, texts
from events.text import read_only
from events.tokens import MISSING, NULL, OBJECT, TEXT

SENT = b'{"a": 1}'
STARTS, ENDS = np.array([0, 4_000_000_000, 3], np.uint32), np.array([8, 17, 2_000_000_000], np.uint32)


def values(kind: int) -> Values:
    kinds = np.array([kind, MISSING, NULL], np.uint8)
    return Values(read_only(np.frombuffer(SENT, np.uint8)), kinds, STARTS, ENDS)


def test_what_is_not_there_takes_no_room() -> None:
    """Room for such spans would be more memory than there is."""
    found, odd = json_texts(values(OBJECT))
    assert (found.to_list(), odd.tolist()) == (['{"a":1}', None, None], [])
    (found,) = texts([values(TEXT)])
    assert found.to_list() == [SENT.decode(), None, None]
