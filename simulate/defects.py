"""The records that a plan adds to the good ones. The platform must reject each, for a known reason.

Every defect breaks one thing only, so that it has only one possible reason. How many there are and where they land is
decided here. What can be wrong with a record is in each stream's own flaws and formats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from simulate.plan import PlannedFile
from simulate.stream import Batch, Defect, Stream

EARLIER_HOURS = (0, 0, 0, 0, 1, 1, 2, 6, 24, 100)  # how many hours before its repetition a record first landed


def make_defects(stream: Stream, file: PlannedFile, batch: Batch) -> list[Defect]:
    """All defects of a file whose good records are `batch`, sorted by position."""
    random, good = _random(stream, file), len(batch.lines)
    counts = _counts(stream, file, good, random)
    repeated = [reason for reason in REPEATS for _ in range(counts.pop(reason, 0))]
    spoiled = [reason for reason, count in counts.items() for _ in range(count)]
    defects = _repeat(stream, file, batch, random, repeated)
    for reason, line in zip(spoiled, stream.source.spares(file, len(spoiled)) if spoiled else [], strict=True):
        defects.append(Defect(random.randint(0, good), _spoil(stream, file, line, random, reason), reason))
    return sorted(defects, key=lambda defect: defect.position)


def count_landed(stream: Stream, file: PlannedFile) -> int:
    """How many records a file holds, good ones and defects, without making the defects."""
    good = stream.source.count(file)
    return good + sum(_counts(stream, file, good, _random(stream, file)).values())


def _random(stream: Stream, file: PlannedFile) -> Random:
    return Random(f"{stream.name}/{file.plan.seed}/{file.hour}/{file.part}")


def _counts(stream: Stream, file: PlannedFile, good: int, random: Random) -> dict[str, int]:
    """The number of defects for each reason. They must be the first numbers drawn from the file's `random`."""
    shares = file.plan.shares
    wanted = {"duplicate": shares.duplicates, "conflict": shares.conflicts if stream.amendments else 0.0}
    wanted |= {reason: getattr(shares, reason) for reason in ("malformed", *sorted(stream.flaws))}
    # Rounded at random: otherwise a small file would never hold a rare defect.
    return {reason: int(good * share + random.random()) if good else 0 for reason, share in wanted.items()}


def _spoil(stream: Stream, file: PlannedFile, line: str, random: Random, reason: str) -> bytes:
    if reason == "malformed":
        return random.choice(stream.format.corruptions)(line, random)
    record = stream.format.parse(line)
    random.choice(stream.flaws[reason])(record, random, file)
    return stream.format.dump(record)


def _repeat(stream: Stream, file: PlannedFile, batch: Batch, random: Random, reasons: list[str]) -> list[Defect]:
    """Records that land again, always after their first landing in the order of (arrival hour, file, line)."""
    lines, earlier = batch.lines, batch.earlier
    hours = [file.hour - random.choice(EARLIER_HOURS) for _ in reasons]
    picks = [(hour, random.random()) for hour in hours if 0 <= hour < file.hour]
    past = stream.source.repeat(file.plan, picks) if picks else []
    originals = [(random.randint(0, len(lines)), line) for line in past]
    while len(originals) < len(reasons):
        row = random.randrange(-len(earlier), len(lines))
        originals.append((random.randint(max(0, row + 1), len(lines)), lines[row] if row >= 0 else earlier[row]))
    random.shuffle(originals)
    return [
        Defect(position, REPEATS[reason](stream, line, random), reason)
        for reason, (position, line) in zip(reasons, originals, strict=True)
    ]


def _redeliver(stream: Stream, line: str, random: Random) -> bytes:
    return stream.format.redelivered(line, random)


def _amend(stream: Stream, line: str, random: Random) -> bytes:
    record = stream.format.parse(line)
    random.choice(stream.amendments)(record, random)
    return stream.format.dump(record)


REPEATS: Mapping[str, Callable[[Stream, str, Random], bytes]] = {"duplicate": _redeliver, "conflict": _amend}
