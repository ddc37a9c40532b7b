"""The records a plan adds to the good ones, each of which the platform must reject, and why.

Every added record breaks one thing only, so that its reason cannot be argued about. What can be broken is the
stream's affair (`Stream.flaws`, `Format.malformed`); how often and where is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from simulate.plan import Slot
from simulate.stream import Batch, Extra, Stream


def extras(stream: Stream, slot: Slot, batch: Batch) -> list[Extra]:
    """All records to be added to the slot's file, by position; the order of equal positions is the list's."""
    random, events = _random(stream, slot), len(batch.lines)
    counts = _counts(stream, slot, events, random)
    repeats = [reason for reason in REPEATS for _ in range(counts.pop(reason, 0))]
    spoilt = [reason for reason, count in counts.items() for _ in range(count)]
    found = _repeated(stream, slot, batch, random, repeats)
    for reason, line in zip(spoilt, stream.source.spare(slot, len(spoilt)) if spoilt else [], strict=True):
        found.append(Extra(random.randint(0, events), _spoiled(stream, slot, line, random, reason), reason))
    return sorted(found, key=lambda extra: extra.position)


def landed(stream: Stream, slot: Slot) -> int:
    """How many records the slot's file holds, good and added ones, without making them."""
    events = stream.source.count(slot)
    return events + sum(_counts(stream, slot, events, _random(stream, slot)).values())


def _random(stream: Stream, slot: Slot) -> Random:
    return Random(f"{stream.name}/{slot.plan.seed}/{slot.hour}/{slot.part}")


def _counts(stream: Stream, slot: Slot, events: int, random: Random) -> dict[str, int]:
    """How many of each reason; the first draws of the slot's random numbers."""
    shares = slot.plan.shares
    wanted = {"duplicate": shares.duplicates, "conflict": shares.conflicts if stream.amendments else 0.0}
    wanted |= {reason: getattr(shares, reason) for reason in ("malformed", *sorted(stream.flaws))}
    # Rounded by chance: small files would otherwise never hold a rare defect.
    return {reason: int(events * share + random.random()) if events else 0 for reason, share in wanted.items()}


def _spoiled(stream: Stream, slot: Slot, line: str, random: Random, reason: str) -> bytes:
    if reason == "malformed":
        return random.choice(stream.format.malformed)(line, random)
    record = stream.format.parse(line)
    random.choice(stream.flaws[reason])(record, random, slot)
    return stream.format.dump(record)


def _repeated(stream: Stream, slot: Slot, batch: Batch, random: Random, reasons: list[str]) -> list[Extra]:
    """Records that come a second time, always behind the first in (arrival hour, file, line)."""
    lines = batch.lines
    picks = [pick for _ in reasons if (pick := _earlier_slot(slot, random)) is not None]
    again = stream.source.again(slot.plan, picks) if picks else []
    sources = [(random.randint(0, len(lines)), line) for line in again]
    while len(sources) < len(reasons):
        row = random.randrange(len(lines))
        sources.append((random.randint(row + 1, len(lines)), lines[row]))
    random.shuffle(sources)
    return [
        Extra(position, REPEATS[reason](stream, line, random), reason)
        for reason, (position, line) in zip(reasons, sources, strict=True)
    ]


def _redelivered(stream: Stream, line: str, random: Random) -> bytes:
    return stream.format.redelivered(line, random)


def _amended(stream: Stream, line: str, random: Random) -> bytes:
    record = stream.format.parse(line)
    random.choice(stream.amendments)(record, random)
    return stream.format.dump(record)


REPEATS: Mapping[str, Callable[[Stream, str, Random], bytes]] = {"duplicate": _redelivered, "conflict": _amended}


def _earlier_slot(slot: Slot, random: Random) -> tuple[Slot, float] | None:
    """A file that landed before, and a number for choosing in it; None stands for this very file."""
    hour = slot.hour - random.choice((0, 0, 0, 0, 1, 1, 2, 6, 24, 100))
    part = random.randrange(slot.parts if hour < slot.hour else slot.part + 1)
    if hour < 0 or (hour == slot.hour and part == slot.part):
        return None
    return replace(slot, hour=hour, part=part), random.random()
