"""Fixtures of the core's tests: conform records, and look at the outcome of one."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from contracts.commerce import COMMERCE
from contracts.stream import Stream
from events.conform import Conformed, Conformer
from events.decode import OVERSIZE

# Test modules are imported by path, so that helpers beside them are found only when their folder is named.
sys.path.insert(0, str(Path(__file__).parent))

Conform = Callable[..., Conformed]


@pytest.fixture(scope="session")
def conform(hour: dt.datetime) -> Conform:
    """A function that conforms JSON lines of one landed file.

    `lines` are their numbers, `key` is the secret for personal data, `no_key` makes a contract without a key.
    """
    conformers: dict[tuple[Any, ...], Conformer] = {}

    def run(
        raws: Sequence[bytes],
        lines: Sequence[int] | None = None,
        at: dt.datetime = hour,
        key: bytes = b"key",
        no_key: bool = False,
        **changes: Any,
    ) -> Conformed:
        if no_key:
            changes["key"] = ()
        stream: Stream = dataclasses.replace(COMMERCE, **changes)
        setup = (key, *map(str, changes.items()))
        known = conformers[setup] = conformers.get(setup) or Conformer(stream, key)
        n = len(raws)
        records = {
            "_arrival_hour": pa.array([at] * n, pa.timestamp("us", "UTC")),
            "_source_file": pa.array(["commerce/f"] * n, pa.string()),
            "_source_version": pa.array(["v"] * n, pa.string()),
            "_line": pa.array(lines or range(1, n + 1), pa.int64()),
            "raw": pa.array(raws, pa.large_binary()),
            "header": pa.nulls(n, pa.large_string()),
            "oversize": pa.nulls(n, OVERSIZE),
        }
        return known.conform(pa.table(records))

    return run


@pytest.fixture(scope="session")
def outcome(conform: Conform) -> Callable[..., dict[str, Any]]:
    """The outcome of one record: silver's values, or `reason`, `column` and `detail`."""

    def run(raw: bytes, **options: Any) -> dict[str, Any]:
        result = conform([raw], **options)
        assert len(result.accepted) + len(result.refused) == 1
        frame = result.accepted if len(result.accepted) else result.refused
        return frame.row(0, named=True)

    return run
