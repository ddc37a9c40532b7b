"""Prefetch makes the next item in another thread."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from events.concurrency import prefetch


def test_prefetch_keeps_order_and_passes_errors_on() -> None:
    """Decoding runs one batch ahead, and its error must reach the run."""

    def items() -> Iterator[int]:
        yield from (1, 2)
        raise OSError("gone")

    found = prefetch(items())
    assert [next(found), next(found)] == [1, 2]
    with pytest.raises(OSError, match="gone"):
        next(found)
