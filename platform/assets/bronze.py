"""Bronze assets: every landed record of an arrival hour, as landed."""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
import polars as pl

from assets import checks
from assets.describe import describe, links
from assets.report import PartitionReport, Verdict, publish
from contracts.stream import Stream
from lake.landing import Landing
from lake.load_bronze import Loaded, load_bronze
from lake.schemas import Layer
from lake.tables import Lake
from partitions import ARRIVAL_HOURS, HOURS_PER_RUN, arrival_window, hour_of, key_of


def bronze_asset(stream: Stream) -> dg.AssetsDefinition:
    """`bronze/<stream>`, partitioned by arrival hour; a range of hours is one run, of at most a day."""
    key = dg.AssetKey([Layer.BRONZE.value, stream.name])
    readable = checks.readable_spec(stream)

    @dg.multi_asset(
        name=f"bronze_{stream.name}",
        specs=[
            describe(
                Layer.BRONZE,
                stream,
                f"Every landed record of {stream.name}, whatever is in it: its bytes and where they lay.",
            )
        ],
        can_subset=True,
        partitions_def=ARRIVAL_HOURS,
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=HOURS_PER_RUN),
        check_specs=[checks.complete_spec(stream), readable],
        pool=f"lake_{stream.name}",
    )
    def bronze(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], landing: dg.ResourceParam[Landing]
    ) -> Iterator[dg.MaterializeResult[None]]:
        now = dt.datetime.now(dt.UTC)
        hours = [hour_of(partition) for partition in context.partition_keys]
        loaded = load_bronze(lake, landing, stream, hours, arrival_window(now), now)
        for refused in loaded.ledger.filter(pl.col("refused").is_not_null()).iter_rows(named=True):
            context.log.warning(f"refused {refused['path']}: {refused['refused']}")
        table = lake.table(Layer.BRONZE, stream)
        complete = checks.completeness(table, stream, hours, loaded.ledger)
        reports = {}
        for hour in hours:
            metadata = {**_metadata(loaded, hour), **links(table, loaded.snapshot_id)}
            verdicts = [complete[hour], _readable(readable, loaded, hour)]
            reports[key_of(hour)] = PartitionReport({key: metadata}, verdicts)
        yield from publish(context, reports)

    return bronze


def _metadata(loaded: Loaded, hour: dt.datetime) -> dict[str, object]:
    mine = loaded.ledger.filter(pl.col("arrival_hour") == hour)
    return {
        "dagster/partition_row_count": int(mine["records"].sum()),
        "objects": len(mine),
        "bytes_landed": int(mine["size"].sum()),
        "objects_read_now": sum(news.arrival_hour == hour for news in loaded.news),
        "objects_refused": int(mine["refused"].is_not_null().sum()),
    }


def _readable(spec: dg.AssetCheckSpec, loaded: Loaded, hour: dt.datetime) -> Verdict:
    """Warns of refused objects: those of the hour, and any that lay outside all hours and were found by this run."""
    mine = loaded.ledger.filter((pl.col("arrival_hour") == hour) & pl.col("refused").is_not_null())
    refused = {row["path"]: row["refused"] for row in mine.head(20).iter_rows(named=True)}
    astray = [landed.path for landed in loaded.strays][:20]
    metadata = {"refused": refused, "astray": astray}
    return Verdict(spec, not refused and not astray, metadata, dg.AssetCheckSeverity.WARN)
