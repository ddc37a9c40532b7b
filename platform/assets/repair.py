"""Repair: the job that brings back the rows of lost and damaged data files (`lake.repair`)."""

import datetime as dt
from collections.abc import Sequence

import dagster as dg

from contracts.stream import Stream
from events.conform import Conformers
from lake.landing import Landing
from lake.repair import repair_stream
from lake.schemas import Layer
from lake.tables import Lake
from resources.warehouse.protocol import Warehouse


class RepairConfig(dg.Config):
    """How closely data files are checked."""

    pages: bool = True
    """Read every byte. Otherwise only check each file's existence, size and footer."""


def repair_op(stream: Stream) -> dg.OpDefinition:
    """Repairs the four tables of a stream."""

    @dg.op(name=f"repair_{stream.name}", pool=f"lake_{stream.name}", out=dg.Out(dg.Nothing))
    def repair(
        context: dg.OpExecutionContext,
        config: RepairConfig,
        lake: dg.ResourceParam[Lake],
        landing: dg.ResourceParam[Landing],
        conformers: dg.ResourceParam[dict[str, Conformers]],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> None:
        now = dt.datetime.now(dt.UTC)
        repaired = repair_stream(lake, landing, stream, conformers[stream.name], now, config.pages)
        for line in repaired.lines(stream.name):
            context.log.warning(line)
        if not any(repaired.damage.values()):
            context.log.info(f"{stream.name}: all data files are there and whole")
        silver = lake.table(Layer.SILVER, stream)
        snapshot = silver.current_snapshot()
        warehouse.apply_snapshot(stream, silver, snapshot.snapshot_id if snapshot else None)

    return repair


def repair_job(streams: Sequence[Stream]) -> dg.JobDefinition:
    """`repair`, for all streams."""

    @dg.job(name="repair", description="Brings back the rows of lost or damaged data files; says what is lost for good")
    def repair() -> None:
        for stream in streams:
            repair_op(stream)()

    return repair
