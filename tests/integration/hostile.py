"""An hour with everything that can be wrong in landed files, and what must become of each file and record."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
import random
from collections.abc import Mapping

HOUR = dt.datetime(2026, 3, 1, 10)
OVERSIZE = b'{"pad":"' + b"x" * (50 << 20) + b'"}'
DEEP = b'{"event_id":"deep","nested":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
NOISE = random.Random(1).randbytes(5_000)


def order(number: int, total: object = "10.00", **changes: object) -> dict[str, object]:
    """A good order event; `changes` replace top-level fields."""
    event = {
        "event_id": f"e-{number}",
        "event_timestamp": f"2026-03-01T10:{number % 60:02d}:00Z",
        "event_type": "order_completed",
        "customer": {"customer_id": f"c-{number % 7}"},
        "order": {"order_id": f"o-{number}", "status": "completed", "currency": "EUR", "total_amount": total},
    }
    return {**event, **changes}


def with_text(number: int, old: str, new: str) -> bytes:
    """An order event with something in its JSON text that a serializer would not write."""
    text = json.dumps(order(number))
    assert old in text
    return text.replace(old, new, 1).encode()


GOOD = [order(number) for number in range(20)]
# Odd but good records: the order total that must be read, by event.
ACCEPTED: Mapping[str, tuple[dict[str, object] | bytes, str]] = {
    "e-100": (order(100, event_timestamp="2019-05-06T07:08:09Z"), "10.00"),
    "e-101": (order(101, total="12.5"), "12.50"),
    "e-102": (with_text(102, '"total_amount": "10.00"', '"total_amount": 31.40, "total_amount": 99'), "31.40"),
    "e-103": (with_text(103, '"customer_id": "c-5"', '"customer_id": 12345678901234567890'), "10.00"),
    "e-104": (order(104, total="12.345"), "12.345"),
    "e-105": (with_text(105, '"10.00"', "37.048949999999995"), "37.048950"),
}
ITEM = '"total_amount": "10.00", "items": [{"product": {"id": "p"}, "quantity": %s}]'
REFUSED: tuple[tuple[dict[str, object] | bytes, str], ...] = (
    (order(200, event_timestamp="2035-01-01T00:00:00Z"), "clock"),
    (with_text(201, '"total_amount": "10.00"', '"total_amount": NaN'), "type"),
    (with_text(202, '"total_amount": "10.00"', ITEM % 2**63), "type"),
    (order(203, total="ten"), "type"),
    (order(204, total="1000000000000.01"), "rule"),
    (json.dumps(order(205)).encode().replace(b"c-2", b"caf\xe9"), "malformed"),
    (DEEP, "malformed"),
    (b'{"event_id": "e-206"', "malformed"),
    (b"[1, 2]", "malformed"),
    (order(207, event_id=None), "missing"),
    (OVERSIZE, "oversize"),
)
WHOLE = [order(number, total="1.00") for number in range(300, 310)]
ORIGINAL = [order(400, total="20.00"), order(401, total="30.00")]
RIVALS = [order(400, total="25.00"), order(401, total="30.00")]
NOISY_LINES = sum(bool(line.strip(b" \t\n\r\x0b\x0c")) for line in NOISE.splitlines())


def truncated() -> bytes:
    """Gzip that breaks off after a good beginning."""
    return gzip.compress(b"\n".join(json.dumps(record).encode() for record in WHOLE))[:-20]


def digest() -> dict[str, object]:
    """What bronze keeps of the record that is too large. It is the second one of its file."""
    first = len(json.dumps(order(210)).encode()) + 1
    return {"offset": first, "length": len(OVERSIZE), "sha256": hashlib.sha256(OVERSIZE).hexdigest()}
