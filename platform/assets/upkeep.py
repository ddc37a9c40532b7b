"""Upkeep: the job that keeps the lake's files few and its history short. It changes no row of any table."""

import dataclasses
import datetime as dt
import shutil
from collections.abc import Sequence
from pathlib import Path

import dagster as dg
import polars as pl
from pyiceberg.table import Table

from assets.warehouse import POOL
from contracts.stream import Stream
from lake.housekeeping import GRACE, expire, spared, sweep, tidy
from lake.judge_silver import BY_EVENT_DATE, BY_SCOPE, CONTRACT_VERSION, REJECTED_SNAPSHOT
from lake.load_bronze import BY_DAY, BY_HOUR
from lake.schemas import Layer
from lake.tables import BRONZE_SNAPSHOT, Lake
from resources.marts import published
from resources.warehouse.protocol import Warehouse

NAMES = (BRONZE_SNAPSHOT, REJECTED_SNAPSHOT, CONTRACT_VERSION)
SPARED = "recovered since the last upkeep: left as it is this time"
# Silver first: the snapshots of the others that its own name stay as long as they do.
PARTITIONED_BY: dict[Layer, pl.Expr] = {
    Layer.SILVER: BY_EVENT_DATE,
    Layer.REJECTED: BY_SCOPE,
    Layer.BRONZE: BY_HOUR,
    Layer.LEDGER: BY_DAY,
}


def upkeep_op(stream: Stream) -> dg.OpDefinition:
    """Tidies the four tables of a stream."""

    @dg.op(name=f"upkeep_{stream.name}", pool=f"lake_{stream.name}", out=dg.Out(dg.Nothing))
    def upkeep(
        context: dg.OpExecutionContext, lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]
    ) -> None:
        now = dt.datetime.now(dt.UTC)
        held = (warehouse.applied_snapshots().get(stream.name), warehouse.released_snapshots().get(stream.name))
        needed = {snapshot for snapshot in held if snapshot is not None}
        for layer, by in PARTITIONED_BY.items():
            table = lake.table(layer, stream)
            tidied = SPARED if spared(table) else dataclasses.asdict(tidy(table, by, NAMES, needed, now))
            context.log.info(f"{layer}.{stream.name}: {tidied}")
            if layer is Layer.SILVER:
                needed = _named(table)
                snapshot = table.current_snapshot()
                warehouse.apply_snapshot(stream, table, snapshot.snapshot_id if snapshot else None)
        _sweep_scratch(lake.scratch, now)

    return upkeep


@dg.op(pool=POOL, out=dg.Out(dg.Nothing))
def upkeep_marts(context: dg.OpExecutionContext, lake: dg.ResourceParam[Lake]) -> None:
    """Lets old releases of the published marts go; every release writes its files anew, so none are to be merged."""
    now = dt.datetime.now(dt.UTC)
    for table in published(lake):
        if spared(table):
            context.log.info(f"{'.'.join(table.name())}: {SPARED}")
            continue
        expired = expire(table, (), now)
        files, size = sweep(table, now)
        context.log.info(f"{'.'.join(table.name())}: {expired} snapshots expired, {files} files ({size} bytes) deleted")


def _named(silver: Table) -> set[int]:
    """The bronze and rejected snapshots that silver's snapshots name."""
    found = set()
    for snapshot in silver.snapshots():
        summary = snapshot.summary.additional_properties if snapshot.summary else {}
        found |= {
            int(value) for name in (BRONZE_SNAPSHOT, REJECTED_SNAPSHOT) if (value := summary.get(name, "")).isdigit()
        }
    return found


def _sweep_scratch(scratch: Path, now: dt.datetime) -> None:
    """Remove what runs that were killed have left in the scratch folder."""
    for folder in scratch.glob("spool-*"):
        if dt.datetime.fromtimestamp(folder.stat().st_mtime, dt.UTC) < now - GRACE:
            shutil.rmtree(folder, ignore_errors=True)


def upkeep_job(streams: Sequence[Stream]) -> dg.JobDefinition:
    """`upkeep`, for all streams."""

    @dg.job(name="upkeep", description="Merges small files, expires old snapshots, deletes files nobody refers to")
    def upkeep() -> None:
        for stream in streams:
            upkeep_op(stream)()
        upkeep_marts()

    return upkeep
