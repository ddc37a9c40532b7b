"""Bronze assets: every landed record of an arrival hour, as landed."""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
import polars as pl

from assets import checks
from assets.asset_specs import table_spec
from assets.partition_results import CheckResult, PartitionResult, record_partitions
from assets.partition_sets import arrival_hours
from assets.ui import table_location
from contracts.stream import Stream
from lake.landing import Landing
from lake.load_bronze import Loaded, load_bronze
from lake.schemas import Layer
from lake.tables import Lake
from lake.validation import compare_with_ledger
from partitions import HOURS_PER_RUN, arrival_window, hour_of, key_of
from resources.environment import first_hour


def bronze_asset(stream: Stream) -> dg.AssetsDefinition:
    """`bronze/<stream>`, partitioned by arrival hour. A run takes a range of at most 24 hours."""
    key = dg.AssetKey([Layer.BRONZE.value, stream.name])
    description = f"Every landed record of {stream.name}, valid or not: its bytes and where they lay."

    @dg.multi_asset(
        name=f"bronze_{stream.name}",
        specs=[table_spec(Layer.BRONZE, stream, description)],
        can_subset=True,
        partitions_def=arrival_hours(),
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=HOURS_PER_RUN),
        check_specs=[checks.complete_spec(stream), checks.readable_spec(stream)],
        pool=f"lake_{stream.name}",
    )
    def bronze(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], landing: dg.ResourceParam[Landing]
    ) -> Iterator[dg.MaterializeResult[None]]:
        now = dt.datetime.now(dt.UTC)
        hours = [hour_of(partition) for partition in context.partition_keys]
        loaded = load_bronze(lake, landing, stream, hours, arrival_window(first_hour(), now), now)
        for refused in loaded.ledger.filter(pl.col("refused").is_not_null()).iter_rows(named=True):
            context.log.warning(f"refused {refused['path']}: {refused['refused']}")
        table = lake.table(Layer.BRONZE, stream)
        complete = checks.complete(stream, hours, compare_with_ledger(table, hours, loaded.ledger))
        results = {}
        for hour in hours:
            metadata = {**_metadata(loaded, hour), **table_location(table, loaded.snapshot_id)}
            results[key_of(hour)] = PartitionResult({key: metadata}, [complete[hour], _readable(stream, loaded, hour)])
        yield from record_partitions(context, results)

    return bronze


def _metadata(loaded: Loaded, hour: dt.datetime) -> dict[str, object]:
    mine = loaded.ledger.filter(pl.col("arrival_hour") == hour)
    return {
        "dagster/partition_row_count": int(mine["records"].sum()),
        "objects": len(mine),
        "bytes_landed": int(mine["size"].sum()),
        "objects_read_now": sum(landed.arrival_hour == hour for landed in loaded.new),
        "objects_refused": int(mine["refused"].is_not_null().sum()),
    }


def _readable(stream: Stream, loaded: Loaded, hour: dt.datetime) -> CheckResult:
    """Warns of refused objects of the hour, and of objects outside the window that this run found."""
    mine = loaded.ledger.filter((pl.col("arrival_hour") == hour) & pl.col("refused").is_not_null())
    refused = {row["path"]: row["refused"] for row in mine.head(20).iter_rows(named=True)}
    outside = [landed.path for landed in loaded.outside][:20]
    metadata = {"refused": refused, "outside_window": outside}
    passed = not refused and not outside
    return CheckResult(checks.readable_spec(stream), passed, metadata, dg.AssetCheckSeverity.WARN)
