"""Write landed objects once: whoever else drains the same messages at the same time.

Belongs here: the order of claim and object. Not here: how a landing zone creates a file (`resources.landing.store`).
"""

from __future__ import annotations

import datetime as dt

from contracts.stream import Stream
from lake.kafka.names import ObjectName
from lake.landing import LandingStore
from partitions import hour_of, key_of


def write_once(store: LandingStore, stream: Stream, name: ObjectName, content: bytes, now: dt.datetime) -> str | None:
    """Create an object of the hour `now`, and return its path. None if another drain was first.

    The claim comes first, as two drains may disagree about the hour. If a drain dies after its claim, the next one
    creates the object in the claimed hour.
    """
    claim, hour = name.claim(stream), now.replace(minute=0, second=0, microsecond=0)
    if not store.create(claim, key_of(hour).encode()):
        hour = hour_of(store.read(claim).decode())
    path = name.path(stream, hour)
    return path if store.create(path, content) else None
