"""Tables of records as bronze holds them, and the outcome of each record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache
from typing import Any

import pyarrow as pa

from contracts.stream import Stream
from events.conform import Conformer
from events.decode import OVERSIZE

HOUR = dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)


def table(raws: Sequence[str], header: str | None = None) -> pa.Table:
    count = len(raws)
    return pa.table(
        {
            "_arrival_hour": pa.array([HOUR] * count, pa.timestamp("us", "UTC")),
            "_source_file": pa.array(["f"] * count),
            "_source_version": pa.array(["v"] * count),
            "_line": pa.array(range(1, count + 1), pa.int64()),
            "raw": pa.array([raw.encode() for raw in raws], pa.large_binary()),
            "header": pa.array([header] * count, pa.large_string()),
            "oversize": pa.nulls(count, OVERSIZE),
        }
    )


@cache
def conformer(stream: Stream) -> Conformer:
    return Conformer(stream, b"key")


def outcomes(stream: Stream, raws: Sequence[str], header: str | None = None) -> list[dict[str, Any]]:
    """For each record silver's values, or its `reason`, `column` and `detail`."""
    result = conformer(stream).conform(table(raws, header))
    rows = [*result.accepted.iter_rows(named=True), *result.refused.iter_rows(named=True)]
    assert sorted(row["_line"] for row in rows) == list(range(1, len(raws) + 1))
    return sorted(rows, key=lambda row: int(row["_line"]))


def outcome(stream: Stream, raw: str, header: str | None = None) -> dict[str, Any]:
    (found,) = outcomes(stream, [raw], header)
    return found
