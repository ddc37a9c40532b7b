"""Items that are made in another thread while the ones before them are worked on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from events.concurrency import prefetch


def test_ahead_keeps_order_and_passes_errors_on() -> None:
    """Decoding runs a batch ahead, and its error has to reach the run."""

    def items() -> Iterator[int]:
        yield from (1, 2)
        raise OSError("gone")

    found = prefetch(items())
    assert [next(found), next(found)] == [1, 2]
    with pytest.raises(OSError, match="gone"):
        next(found)
