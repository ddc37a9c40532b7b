"""The records a plan adds to the good ones, each of which the platform must reject, and why.

Every added record breaks one thing only, so that its reason cannot be argued about. What breaks a stream's own
rules is the stream's affair (`Stream.flaws`); what breaks any JSON record is here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from simulate.plan import Slot
from simulate.stream import Batch, Record, Stream

DEPTH = 80  # beyond the 64 levels that a reader must accept


@dataclass(frozen=True)
class Extra:
    """A line to be added before the good record number `position` (their count: at the end)."""

    position: int
    line: bytes
    reason: str


def dump(record: object, **options: Any) -> bytes:
    """Compact JSON; NaN is written as such, because broken producers do."""
    return json.dumps(record, **{"ensure_ascii": False, "separators": (",", ":"), **options}).encode()


def _cut(line: str, random: Random) -> bytes:
    return line[: random.randrange(1, len(line))].encode()


def _garbage(line: str, random: Random) -> bytes:
    return f"<html>502 Bad Gateway, request {random.getrandbits(64):016x}</html>".encode()


def _not_utf8(line: str, random: Random) -> bytes:
    return b'{"note":"caf\xe9",' + line[1:].encode()


def _too_deep(line: str, random: Random) -> bytes:
    return line[:-1].encode() + b',"nested":' + b'{"n":' * DEPTH + b"1" + b"}" * (DEPTH + 1)


MALFORMED: tuple[Callable[[str, Random], bytes], ...] = (_cut, _garbage, _not_utf8, _too_deep)


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(value)}
    return [_reversed(item) for item in value] if isinstance(value, list) else value


REWRITINGS: tuple[Callable[[Any], bytes], ...] = (
    lambda record: dump(_reversed(record)),
    lambda record: dump(record, separators=None),
    lambda record: dump(record, ensure_ascii=True),
)


def redelivered(line: str, random: Random) -> bytes:
    """The same content: half of the time byte by byte, else as another serializer would have written it."""
    return line.encode() if random.getrandbits(1) else random.choice(REWRITINGS)(json.loads(line))


def extras(stream: Stream, slot: Slot, batch: Batch) -> list[Extra]:
    """All lines to be added to the slot's file, by position; the order of equal positions is the list's."""
    shares, random = slot.plan.shares, Random(f"{stream.name}/{slot.plan.seed}/{slot.hour}/{slot.part}")
    events = len(batch.lines)
    repeats = ["duplicate"] * _count(events, shares.duplicates, random)
    repeats += ["conflict"] * _count(events, shares.conflicts, random)
    reasons = ("malformed", *sorted(stream.flaws))
    spoilt = [reason for reason in reasons for _ in range(_count(events, getattr(shares, reason), random))]
    found = _repeated(stream, slot, batch, random, repeats)
    for reason, line in zip(spoilt, stream.spare(slot, len(spoilt)) if spoilt else [], strict=True):
        found.append(Extra(random.randint(0, events), _spoiled(stream, slot, line, random, reason), reason))
    return sorted(found, key=lambda extra: extra.position)


def _count(events: int, share: float, random: Random) -> int:
    # Rounded by chance: small files would otherwise never hold a rare defect.
    return int(events * share + random.random()) if events else 0


def _spoiled(stream: Stream, slot: Slot, line: str, random: Random, reason: str) -> bytes:
    if reason == "malformed":
        return random.choice(MALFORMED)(line, random)
    record: Record = json.loads(line)
    random.choice(stream.flaws[reason])(record, random, slot)
    return dump(record)


def _repeated(stream: Stream, slot: Slot, batch: Batch, random: Random, reasons: list[str]) -> list[Extra]:
    """Records that come a second time, always behind the first in (arrival hour, file, line)."""
    lines = batch.lines
    picks = [pick for _ in reasons if (pick := _earlier_slot(slot, random)) is not None]
    sources = [(random.randint(0, len(lines)), line) for line in (stream.again(slot.plan, picks) if picks else [])]
    while len(sources) < len(reasons):
        row = random.randrange(len(lines))
        sources.append((random.randint(row + 1, len(lines)), lines[row]))
    random.shuffle(sources)
    found = []
    for reason, (position, line) in zip(reasons, sources, strict=True):
        content = redelivered(line, random) if reason == "duplicate" else _amended(stream, line, random)
        found.append(Extra(position, content, reason))
    return found


def _amended(stream: Stream, line: str, random: Random) -> bytes:
    record: Record = json.loads(line)
    stream.amend(record, random)
    return dump(record)


def _earlier_slot(slot: Slot, random: Random) -> tuple[Slot, float] | None:
    """A file that landed before, and a number for choosing in it; None stands for this very file."""
    hour = slot.hour - random.choice((0, 0, 0, 0, 1, 1, 2, 6, 24, 100))
    part = random.randrange(slot.plan.parts if hour < slot.hour else slot.part + 1)
    if hour < 0 or (hour == slot.hour and part == slot.part):
        return None
    return Slot(slot.plan, hour, part), random.random()
