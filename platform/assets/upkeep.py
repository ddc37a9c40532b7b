"""Upkeep: the job that merges small files, expires old snapshots and deletes orphaned files. It changes no row."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

import dagster as dg

from assets.warehouse import POOL
from contracts.stream import Stream
from lake.schemas import PARTITION_BY, Layer
from lake.snapshots import named_by_any
from lake.spool import delete_abandoned
from lake.tables import Lake
from lake.upkeep import GRACE, expire, skip_after_recovery, sweep, tidy
from resources.marts import published
from resources.warehouse.protocol import Warehouse

SPARED = "recovered since the last upkeep: left as it is this time"
# Silver comes first: the other tables keep the snapshots that silver's remaining snapshots name.
ORDER = (Layer.SILVER, Layer.REJECTED, Layer.BRONZE, Layer.LEDGER)


def upkeep_op(stream: Stream) -> dg.OpDefinition:
    """Tidies the four tables of a stream, and the scratch folder."""

    @dg.op(name=f"upkeep_{stream.name}", pool=f"lake_{stream.name}", out=dg.Out(dg.Nothing))
    def upkeep(
        context: dg.OpExecutionContext, lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]
    ) -> None:
        now = dt.datetime.now(dt.UTC)
        used = (warehouse.applied_snapshots().get(stream.name), warehouse.released_snapshots().get(stream.name))
        needed = {snapshot for snapshot in used if snapshot is not None}
        for layer in ORDER:
            table = lake.table(layer, stream)
            skip = skip_after_recovery(table)
            done = SPARED if skip else dataclasses.asdict(tidy(table, PARTITION_BY[layer], needed, now))
            context.log.info(f"{layer}.{stream.name}: {done}")
            if layer is Layer.SILVER:
                needed = named_by_any(table)
        delete_abandoned(lake.scratch, now - GRACE)

    return upkeep


def upkeep_warehouse_op(stream: Stream) -> dg.OpDefinition:
    """Lets the warehouse follow a stream's silver, so that the next upkeep can delete what it shows now.

    It is a step of its own because it must not run while gold is built, and a step has one pool.
    """

    @dg.op(
        name=f"upkeep_warehouse_{stream.name}",
        pool=POOL,
        ins={"tidied": dg.In(dg.Nothing)},
        out=dg.Out(dg.Nothing),
    )
    def upkeep_warehouse(lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]) -> None:
        table = lake.table(Layer.SILVER, stream)
        snapshot = table.current_snapshot()
        warehouse.apply_snapshot(stream, table, snapshot.snapshot_id if snapshot else None)

    return upkeep_warehouse


@dg.op(pool=POOL, out=dg.Out(dg.Nothing))
def upkeep_marts(context: dg.OpExecutionContext, lake: dg.ResourceParam[Lake]) -> None:
    """Expires old releases of the published marts. Every release writes all files anew, so none need merging."""
    now = dt.datetime.now(dt.UTC)
    for table in published(lake):
        if skip_after_recovery(table):
            context.log.info(f"{'.'.join(table.name())}: {SPARED}")
            continue
        expired = expire(table, (), now)
        files, size = sweep(table, now)
        context.log.info(f"{'.'.join(table.name())}: {expired} snapshots expired, {files} files ({size} bytes) deleted")


def upkeep_job(streams: Sequence[Stream]) -> dg.JobDefinition:
    """`upkeep`, for all streams."""

    @dg.job(name="upkeep", description="Merges small files, expires old snapshots, deletes orphaned files")
    def upkeep() -> None:
        for stream in streams:
            upkeep_warehouse_op(stream)(upkeep_op(stream)())
        upkeep_marts()

    return upkeep
