"""Bronze assets: every landed record of an arrival hour, as landed."""

import datetime as dt
import time
from collections.abc import Iterator

import dagster as dg
import polars as pl

from assets import checks
from assets.asset_specs import landing_key, table_spec
from assets.freshness import HOUR
from assets.partition_results import PartitionResult, record_partitions
from assets.partition_sets import arrival_hours
from assets.run_costs import Meter, cost_metadata
from assets.ui import table_location
from assets.volume import first_needed, is_settled, volume, volume_spec
from contracts.stream import Stream
from lake.hour_volumes import count_landed
from lake.landing import Landing
from lake.ledger import OBJECT
from lake.load_bronze import Loaded, load_bronze
from lake.schemas import Layer
from lake.tables import Lake
from lake.validation import compare_with_ledger
from lake.written_files import current_snapshot, written_since
from partitions import HOURS_PER_RUN, arrival_window, hour_of, key_of
from resources.environment import first_hour, has_brokers


def bronze_asset(stream: Stream) -> dg.AssetsDefinition:
    """`bronze/<stream>`, partitioned by arrival hour. A run takes a range of at most 24 hours."""
    key = dg.AssetKey([Layer.BRONZE.value, stream.name])

    @dg.multi_asset(
        name=f"bronze_{stream.name}",
        # Otherwise the UI would ask to materialize `landing/<stream>` first, which needs brokers.
        specs=[table_spec(Layer.BRONZE, stream, [landing_key(stream)] if stream.topic and has_brokers() else [])],
        can_subset=True,
        partitions_def=arrival_hours(),
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=HOURS_PER_RUN),
        check_specs=[checks.complete_spec(stream), checks.readable_spec(stream), volume_spec(stream)],
        pool=f"lake_{stream.name}",
    )
    def bronze(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], landing: dg.ResourceParam[Landing]
    ) -> Iterator[dg.MaterializeResult[None]]:
        now, started, meter = dt.datetime.now(dt.UTC), time.monotonic(), Meter()
        before = current_snapshot(lake.existing(Layer.BRONZE, stream))
        hours = [hour_of(partition) for partition in context.partition_keys]
        loaded = load_bronze(lake, landing, stream, hours, arrival_window(first_hour(), now), now)
        speed = _speed(loaded, time.monotonic() - started)
        for refused in loaded.ledger.filter(pl.col("refused").is_not_null()).iter_rows(named=True):
            context.log.warning(f"refused {refused['path']}: {refused['refused']}")
        table = lake.table(Layer.BRONZE, stream)
        written = written_since(table, before)
        complete = checks.complete(stream, hours, compare_with_ledger(table, hours, loaded.ledger))
        readable = checks.readable(stream, hours, loaded.ledger, [landed.path for landed in loaded.outside])
        settled = [hour for hour in hours if is_settled(hour, now)]
        landed = count_landed(table, first_needed(settled), max(settled) + HOUR) if settled else {}
        cost = cost_metadata(
            rows=speed["run_records_read"],
            cpu_seconds=meter.cpu_seconds,
            bytes_read=sum(landed.size for landed in loaded.new),
            bytes_written=written.bytes,
            objects_read=len(loaded.new),
            files_written=written.files,
        )
        results = {}
        for hour in hours:
            metadata = {**_metadata(loaded, hour), **speed, **cost, **table_location(table, loaded.snapshot_id)}
            results[key_of(hour)] = PartitionResult({key: metadata}, [complete[hour], readable[hour]])
            results[key_of(hour)].checks += [volume(stream, hour, landed)] if hour in settled else []
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


def _speed(loaded: Loaded, seconds: float) -> dict[str, float]:
    """How long the whole run took to load all its hours, and how many events it loaded a second, if any."""
    new = pl.DataFrame([(o.path, o.version) for o in loaded.new], dict.fromkeys(OBJECT, pl.String), orient="row")
    records = int(loaded.ledger.join(new, on=OBJECT, how="semi")["records"].sum())
    events = {"run_events_per_second": round(records / seconds)} if records else {}
    return {"run_seconds": round(seconds, 3), "run_records_read": records, **events}
