"""A slow reader of landed records. It shares no code with the generator and judges one record at a time.

What all streams share is here: hostile JSON, which record came first, and counts of what was accepted. How a stream's
files are split into records, and what makes a record good, is in the stream's own test.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from simulate.plan import Shares

START = datetime(2026, 2, 27, 20)  # a few hours before midnight, so that much crosses dates
HEAVY = Shares(duplicates=0.1, conflicts=0.05, late=0.1, malformed=0.03, missing=0.03, type=0.03, rule=0.03, clock=0.03)
FOLDER = re.compile(r"(?:year=)?(\d{4})/(?:month=)?(\d\d)/(?:day=)?(\d\d)/(?:hour=)?(\d\d)/")


class RejectedError(Exception):
    """A record is rejected; the message is the reason."""


@dataclass(frozen=True)
class Event:
    """An accepted record, and the names of the events that it reports."""

    key: str
    content: object
    at: datetime
    names: tuple[str, ...]
    record: Any = None


Judge = Callable[[bytes, datetime], Event]
"""Takes a record and its arrival hour; raises RejectedError."""


@dataclass
class Found:
    """What the reader finds: good events by (key, event date), and counts by arrival hour."""

    landed: Counter[str] = field(default_factory=Counter)
    silver: dict[tuple[str, str], Event] = field(default_factory=dict)
    by_hour: Counter[str] = field(default_factory=Counter)
    rejected: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def content(path: Path) -> bytes:
    """A file's bytes, decompressed."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def lines(text: bytes) -> list[bytes]:
    return [line for line in text.split(b"\n") if line]


def arrival(path: Path) -> datetime:
    """The arrival hour in a file's path."""
    found = FOLDER.search(str(path))
    assert found, path
    return datetime(*map(int, found.groups()), tzinfo=UTC)  # type: ignore[arg-type, misc]


def landed(folder: Path, records: Callable[[bytes], Iterable[bytes]] = lines) -> Iterator[tuple[datetime, bytes]]:
    """(arrival hour, record), in the order that decides which record of a key came first."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        for record in records(content(path)):
            yield arrival(path), record


def read(folder: Path, judge: Judge, records: Callable[[bytes], Iterable[bytes]] = lines) -> Found:
    """Judge every landed record. The first good one of each key and date counts; later ones are repetitions."""
    found = Found()
    for arrived, record in landed(folder, records):
        hour = arrived.strftime("%Y-%m-%d-%H:%M")
        found.landed[hour] += 1
        try:
            event = judge(record, arrived)
            key = event.key, event.at.date().isoformat()
            if key in found.silver:
                raise RejectedError("duplicate" if found.silver[key].content == event.content else "conflict")
        except RejectedError as reason:
            found.rejected[hour][str(reason)] += 1
        else:
            found.silver[key] = event
            found.by_hour[hour] += 1
    return found


def assert_counts(truth: dict[str, Any], found: Found) -> None:
    """Landed, accepted and rejected records are those that the reader finds, by hour, date and reason."""
    assert truth["landed"]["by_arrival_hour"] == found.landed
    assert truth["silver"]["by_arrival_hour"] == found.by_hour
    rejected = {h: {r: n for r, n in counts.items() if n} for h, counts in truth["rejected"]["by_arrival_hour"].items()}
    assert {hour: counts for hour, counts in rejected.items() if counts} == found.rejected
    assert truth["landed"]["total"] == truth["silver"]["total"] + truth["rejected"]["total"]
    assert sum(truth["rejected"]["by_reason"].values()) == truth["rejected"]["total"]
    assert truth["silver"]["by_event_date"] == Counter(day for _, day in found.silver)


def assert_events(truth: dict[str, Any], found: Found) -> None:
    """Events by date and name."""
    events: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (_, day), event in found.silver.items():
        events[day].update(event.names)
    assert truth["events"] == events


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(pairs) == len(dict(pairs)), "a generated record names a field twice"
    return dict(pairs)


def decode(line: bytes) -> dict[str, Any]:
    """A JSON object. Numbers with a fraction are Decimals."""
    try:
        record = json.loads(line.decode(), parse_float=Decimal, parse_constant=Decimal, object_pairs_hook=_unique)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RejectedError("malformed") from error
    if not isinstance(record, dict) or depth(record) > 64:
        raise RejectedError("malformed")
    return record


def canonical(record: object) -> str:
    """A text that is equal for equal content."""
    return json.dumps(record, sort_keys=True, default=str)


def depth(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth, children), default=0) if isinstance(value, (dict, list)) else 0


def number(value: Any) -> Decimal:
    if isinstance(value, bool) or value is None:
        raise RejectedError("type")
    try:
        exact = Decimal(value)
    except (InvalidOperation, TypeError) as error:
        raise RejectedError("type") from error
    if not exact.is_finite():
        raise RejectedError("type")
    return exact


def integer(value: Any) -> int:
    exact = number(value)
    if abs(exact) >= 2**63 or exact != int(exact):
        raise RejectedError("type")
    return int(exact)


def money(value: Any) -> Decimal:
    """An amount. The generator never sends more than six decimals."""
    amount = number(value)
    assert amount == round(amount, 6)
    if not 0 <= amount <= 10**12:
        raise RejectedError("rule")
    return amount


def time(value: Any) -> datetime:
    """A UTC time, also where no zone is given, to the microsecond."""
    if not isinstance(value, str):
        raise RejectedError("type")
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise RejectedError("type") from error
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if at.utcoffset() != timedelta(0):
        raise RejectedError("type")
    return at


def believable(at: datetime, arrived: datetime) -> datetime:
    if at.year < 1990 or at > arrived + timedelta(hours=2):
        raise RejectedError("clock")
    return at


def require(present: bool, reason: str) -> None:
    if not present:
        raise RejectedError(reason)
