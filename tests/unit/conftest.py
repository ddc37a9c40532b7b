"""What the unit tests share: bounded, repeatable property tests, and records of a small shop."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Test modules are imported by path, so that helpers beside them are found only when their folder is named.
sys.path.insert(0, str(Path(__file__).parent))

from small_lake import content, lake, silver, write
from small_platform import platform, platforms, shop

__all__ = ["content", "lake", "platform", "platforms", "shop", "silver", "write"]

settings.register_profile(
    "unit",
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)
settings.load_profile("unit")

Event = Callable[..., bytes]


@pytest.fixture(scope="session")
def hour() -> dt.datetime:
    """The arrival hour of every record that names no other."""
    return dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def event() -> Event:
    """Makes one good event of the shop as a JSON line; keywords replace or add top-level fields."""

    def make(event_id: str = "e1", **fields: Any) -> bytes:
        record = {"event_id": event_id, "event_timestamp": "2024-05-01T10:15:00Z", "event_type": "page_view"}
        return json.dumps(record | fields).encode()

    return make
