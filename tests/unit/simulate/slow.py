"""A slow reader of landed records, which shares no code with the generator and judges one record at a time.

What all streams have in common is here: hostile JSON, who came first, and the figures of what was accepted. How a
stream's files are cut into records, and what makes one of them good, is in the stream's own test.
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
    """Raised with the reason."""


@dataclass(frozen=True)
class Event:
    """An accepted record: `sale` is the currency, if there is one, and the amount."""

    key: str
    content: object
    at: datetime
    names: tuple[str, ...]
    user: str | None = None
    anonymous: str | None = None
    sale: tuple[str | None, Decimal] | None = None
    record: Any = None


Judge = Callable[[bytes, datetime], Event]


@dataclass
class Found:
    landed: Counter[str] = field(default_factory=Counter)
    silver: dict[tuple[str, str], Event] = field(default_factory=dict)
    by_hour: Counter[str] = field(default_factory=Counter)
    rejected: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def lines(text: bytes) -> list[bytes]:
    return [line for line in text.split(b"\n") if line]


def arrival(path: Path) -> datetime:
    found = FOLDER.search(str(path))
    assert found, path
    return datetime(*map(int, found.groups()), tzinfo=UTC)  # type: ignore[arg-type, misc]


def landed(folder: Path, records: Callable[[bytes], Iterable[bytes]] = lines) -> Iterator[tuple[datetime, bytes]]:
    """(arrival hour, record), in the order that decides who came first."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        for record in records(content(path)):
            yield arrival(path), record


def read(folder: Path, judge: Judge, records: Callable[[bytes], Iterable[bytes]] = lines) -> Found:
    found = Found()
    for came, record in landed(folder, records):
        hour = came.strftime("%Y-%m-%d-%H:%M")
        found.landed[hour] += 1
        try:
            event = judge(record, came)
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
    """Every landed record is counted once, where the reader finds it and with the reader's reason."""
    assert truth["landed"]["by_arrival_hour"] == found.landed
    assert truth["silver"]["by_arrival_hour"] == found.by_hour
    told = {h: {r: n for r, n in counts.items() if n} for h, counts in truth["rejected"]["by_arrival_hour"].items()}
    assert {hour: counts for hour, counts in told.items() if counts} == found.rejected
    assert truth["landed"]["total"] == truth["silver"]["total"] + truth["rejected"]["total"]
    assert sum(truth["rejected"]["by_reason"].values()) == truth["rejected"]["total"]
    assert truth["silver"]["by_event_date"] == Counter(day for _, day in found.silver)


def assert_figures(truth: dict[str, Any], found: Found) -> None:
    """What happened on each day, to whom, and what it was worth."""
    events: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (_, day), event in found.silver.items():
        events[day].update(event.names)
    assert truth["events"] == events
    assert truth["active_users"] == active_users([found])


def assert_sales(truth: dict[str, Any], found: Found) -> None:
    """Where each sale is an event of its own."""
    conversions: Counter[str] = Counter()
    revenue: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for (_, day), event in found.silver.items():
        if event.sale:
            currency, amount = event.sale
            conversions[day] += 1
            if currency:
                revenue[day][currency] += amount
    assert truth["conversions"] == conversions
    assert truth["revenue"] == {day: {c: f"{v:.2f}" for c, v in sums.items()} for day, sums in revenue.items()}


def active_users(worlds: Iterable[Found]) -> dict[str, int]:
    """Distinct people per day: an anonymous id is whoever was last seen with it."""
    events = [(day, event) for found in worlds for (_, day), event in found.silver.items()]
    owners: dict[str, tuple[datetime, str]] = {}
    for _, event in events:
        if event.user and event.anonymous:
            owners[event.anonymous] = max((event.at, event.user), owners.get(event.anonymous, (event.at, "")))
    people: defaultdict[str, set[str]] = defaultdict(set)
    for day, event in events:
        who = event.user or (owners[event.anonymous][1] if event.anonymous in owners else event.anonymous)
        if who:
            people[day].add(who)
    return {day: len(found) for day, found in people.items()}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(pairs) == len(dict(pairs)), "a generated record names a field twice"
    return dict(pairs)


def decode(line: bytes) -> dict[str, Any]:
    """A JSON object; numbers with a fraction are exact."""
    try:
        record = json.loads(line.decode(), parse_float=Decimal, parse_constant=Decimal, object_pairs_hook=_unique)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RejectedError("malformed") from error
    if not isinstance(record, dict) or depth(record) > 64:
        raise RejectedError("malformed")
    return record


def canonical(record: object) -> str:
    """Equal for equal content."""
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
    """An amount of at most six decimals, which is all that is ever sent."""
    amount = number(value)
    assert amount == round(amount, 6)
    if not 0 <= amount <= 10**12:
        raise RejectedError("rule")
    return amount


def time(value: Any) -> datetime:
    """UTC, also where nothing says so; what is finer than microseconds is cut off."""
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


def believable(at: datetime, came: datetime) -> datetime:
    if at.year < 1990 or at > came + timedelta(hours=2):
        raise RejectedError("clock")
    return at


def require(present: bool, reason: str) -> None:
    if not present:
        raise RejectedError(reason)
