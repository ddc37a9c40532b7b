"""Repair: the job that makes tables whole whose data files are gone or unreadable, and says what is lost for good."""

import datetime as dt
from collections.abc import Iterator, Sequence

import dagster as dg

from contracts.stream import Stream
from events.conform import Conformers
from lake.landing import Landing
from lake.mend import Mended, mend
from lake.schemas import Layer
from lake.tables import Lake
from partitions import key_of
from resources.warehouse.protocol import Warehouse


class Looking(dg.Config):
    """How closely data files are looked at."""

    pages: bool = True
    """Read every byte. Otherwise only whether files are there, whole in length, and their footers right."""


def repair_op(stream: Stream) -> dg.OpDefinition:
    """Repairs the four tables of a stream."""

    @dg.op(name=f"repair_{stream.name}", pool=f"lake_{stream.name}", out=dg.Out(dg.Nothing))
    def repair(
        context: dg.OpExecutionContext,
        config: Looking,
        lake: dg.ResourceParam[Lake],
        landing: dg.ResourceParam[Landing],
        conformers: dg.ResourceParam[dict[str, Conformers]],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> None:
        now = dt.datetime.now(dt.UTC)
        mended = mend(lake, landing, stream, conformers[stream.name], now, config.pages)
        for line in told(stream, mended):
            context.log.warning(line)
        if not any(mended.damage.values()):
            context.log.info(f"{stream.name}: all data files are there and whole")
        silver = lake.table(Layer.SILVER, stream)
        snapshot = silver.current_snapshot()
        warehouse.apply_snapshot(stream, silver, snapshot.snapshot_id if snapshot else None)

    return repair


def told(stream: Stream, mended: Mended) -> Iterator[str]:
    """What was damaged, what was done about it, and what is lost for good, line by line."""
    for layer, found in mended.damage.items():
        yield from (f"{layer}.{stream.name}: {damage.file.file_path}: {damage.why}" for damage in found)
    yield from (f"read again into bronze: {path}" for path in mended.read_again)
    if hours := mended.judged_again:
        yield f"judged again: {len(hours):,} arrival hours from {key_of(hours[0])} to {key_of(hours[-1])}"
    for lost in mended.lost:
        of = f"of {lost.path}, version {lost.version}" if lost.path else "of objects that nobody knows any more"
        yield f"lost for good: {lost.records:,} records {of}, arrival hour {key_of(lost.hour)}"
    for day in mended.forgotten:
        yield f"forgotten: which objects of {day} were refused, empty or replaced"


def repair_job(streams: Sequence[Stream]) -> dg.JobDefinition:
    """`repair`, for all streams."""

    @dg.job(name="repair", description="Makes tables whole whose data files are gone or unreadable; says what is lost")
    def repair() -> None:
        for stream in streams:
            repair_op(stream)()

    return repair
