"""Status: the job `status`, and `make status`: what is failed, refused, late or waiting, by stream.

    python -m assets.status

Belongs here: asking the event log, the lake, the landing zone and the warehouse, without changing any of them. Not
here: the event log's queries (`run_history`), a finding's order and text (`findings`).
"""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

import dagster as dg
import polars as pl

from assets.bronze import bronze_asset
from assets.findings import Finding, State, findings_table, ordered, status_lines
from assets.gold import gold_assets
from assets.landing import landing_asset
from assets.run_history import failed_assets, failed_checks, failed_partitions, partitions_behind
from assets.silver import silver_assets
from assets.warehouse import warehouse_asset
from contracts import STREAMS
from contracts.stream import Stream
from lake.landing import Landing
from lake.ledger import OUTSIDE_HOUR, ledger_rows, settled_objects
from lake.rebuild import changed_in_silver
from lake.schemas import LEDGER, Layer
from lake.snapshots import rows_snapshot
from lake.tables import Lake
from partitions import arrival_window, key_of
from resources.environment import first_hour, make
from resources.terminal import print_lines
from resources.warehouse.protocol import Warehouse, WarehouseBusy

BUSY_AFTER_S = 5.0


def find(
    instance: dg.DagsterInstance,
    lake: Lake,
    landing: Landing,
    warehouse: Warehouse,
    streams: Sequence[Stream],
    now: dt.datetime,
) -> list[Finding]:
    """All findings, in order."""
    *definitions, gold = watched_assets(streams)
    checks = {key for each in (*definitions, gold) for key in each.check_keys}
    partitioned = [spec.key for each in definitions for spec in each.specs if spec.partitions_def]
    whole = [spec.key for each in definitions for spec in each.specs if not spec.partitions_def]
    found = chain(
        failed_checks(instance, checks),
        failed_partitions(instance, partitioned),
        failed_assets(instance, [*whole, *gold.keys]),
        *(_of_stream(instance, lake, landing, stream, now) for stream in streams),
        _of_warehouse(lake, warehouse, streams),
    )
    return ordered(found, [stream.name for stream in streams])


def watched_assets(streams: Sequence[Stream]) -> list[dg.AssetsDefinition]:
    """The assets of all streams, then gold."""
    topics = [landing_asset(stream) for stream in streams if stream.topic]
    lake = [kind(stream) for stream in streams for kind in (bronze_asset, silver_assets, warehouse_asset)]
    return [*topics, *lake, gold_assets(streams)]


def _of_stream(
    instance: dg.DagsterInstance, lake: Lake, landing: Landing, stream: Stream, now: dt.datetime
) -> Iterator[Finding]:
    """Objects that were refused, objects that no run has read, and hours of bronze that silver has not judged."""
    bronze, silver = (dg.AssetKey([layer.value, stream.name]) for layer in (Layer.BRONZE, Layer.SILVER))
    name, window = bronze.to_user_string(), arrival_window(first_hour(), now)
    table = lake.existing(Layer.LEDGER, stream)
    ledger = ledger_rows(table, None) if table else pl.DataFrame(schema=LEDGER)
    refused = ledger.filter(pl.col("current") & pl.col("refused").is_not_null())
    for row in refused.iter_rows(named=True):
        hour = "" if row["arrival_hour"] == OUTSIDE_HOUR else key_of(row["arrival_hour"])
        yield Finding(name, State.REFUSED, "an object was refused", hour, f"{row['path']}: {row['refused']}")
    landed = landing.objects(stream)
    settled = settled_objects(ledger, landed, window, now)
    unread = Counter(found.arrival_hour for found in landed if (found.path, found.version) not in settled)
    for arrival, objects in unread.items():
        hour = key_of(arrival) if arrival else ""
        yield Finding(name, State.WAITING, "landed objects are not loaded", hour, f"{objects:,} objects")
    yield from partitions_behind(instance, bronze, silver)


def _of_warehouse(lake: Lake, warehouse: Warehouse, streams: Sequence[Stream]) -> Iterator[Finding]:
    """Streams whose relation lags behind silver, and event dates that gold's last release lacks."""
    try:
        applied = warehouse.applied_snapshots(BUSY_AFTER_S)
        in_gold = warehouse.snapshots_in_gold(BUSY_AFTER_S)
    except WarehouseBusy:
        yield Finding("gold", State.WAITING, "another process is writing to the warehouse: ask again")
        return
    for stream in streams:
        silver = lake.existing(Layer.SILVER, stream)
        current = silver.current_snapshot() if silver else None
        if silver and current and applied.get(stream.name) not in (current.snapshot_id, rows_snapshot(silver)):
            yield Finding(f"warehouse/{stream.name}", State.WAITING, "silver is newer")
    changed = changed_in_silver(lake, streams, in_gold, applied)
    if changed is None:
        yield Finding("gold", State.WAITING, "silver's rows are not released")
        return
    for date in changed.dates:
        yield Finding("gold", State.WAITING, "silver has changed since the last release", date.isoformat())


def status_job(streams: Sequence[Stream]) -> dg.JobDefinition:
    """`status`: the findings, in the run's log and as a table in its output's metadata."""

    @dg.op(out=dg.Out(dg.Nothing))
    def list_findings(
        context: dg.OpExecutionContext,
        lake: dg.ResourceParam[Lake],
        landing: dg.ResourceParam[Landing],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> None:
        found = find(context.instance, lake, landing, warehouse, streams, dt.datetime.now(dt.UTC))
        for line in status_lines(found):
            context.log.info(line)
        context.add_output_metadata({"findings": findings_table(found)})

    @dg.job(name="status", description="Lists what is failed, refused, late or waiting, by stream; changes nothing")
    def status() -> None:
        list_findings()

    return status


def main() -> None:
    """Print the findings of the current deployment."""
    log = logging.getLogger(__name__)
    lake, landing, warehouse = (make(name, STREAMS, log) for name in ("lake", "landing", "warehouse"))
    with dg.DagsterInstance.get() as instance:
        found = find(instance, lake, landing, warehouse, STREAMS, dt.datetime.now(dt.UTC))
    print_lines(status_lines(found))


if __name__ == "__main__":
    main()
