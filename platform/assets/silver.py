"""Silver and rejected assets: bronze's records, judged by the contract. One step makes both tables."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from pyiceberg.table import Table

from assets import checks, freshness
from assets.asset_specs import table_spec
from assets.partition_results import CheckResult, PartitionResult, record_check, record_partitions
from assets.partition_sets import arrival_hours
from assets.run_costs import Meter, cost_metadata
from assets.ui import preview_table, table_location
from contracts.stream import Stream
from events.conform import Conformers
from lake.judge_silver import judge_silver
from lake.preview import first_rows
from lake.reading import files_of_hours, newest
from lake.schemas import Layer
from lake.tables import Lake
from lake.written_files import current_snapshot, written_since
from partitions import HOURS_PER_RUN, hour_of, key_of

_WRITTEN = (Layer.SILVER, Layer.REJECTED)


class SilverConfig(dg.Config):
    """How to judge. `again` judges all records of the hours anew, even under the same version of the contract."""

    again: bool = False


def silver_assets(stream: Stream) -> dg.AssetsDefinition:
    """`silver/<stream>` and `rejected/<stream>`, partitioned by arrival hour."""
    bronze, silver, rejected = (
        dg.AssetKey([layer.value, stream.name]) for layer in (Layer.BRONZE, Layer.SILVER, Layer.REJECTED)
    )

    @dg.multi_asset(
        name=f"silver_{stream.name}",
        specs=[
            table_spec(Layer.SILVER, stream, deps=[bronze]),
            table_spec(Layer.REJECTED, stream, deps=[bronze]),
        ],
        can_subset=True,
        partitions_def=arrival_hours(),
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=HOURS_PER_RUN),
        check_specs=[
            checks.conservation_spec(stream),
            checks.contract_spec(stream),
            checks.freshness_spec(stream),
            checks.late_spec(stream),
            checks.share_spec(stream),
            checks.drift_spec(stream),
            freshness.up_to_date_spec(stream),
        ],
        pool=f"lake_{stream.name}",
    )
    def judged(
        context: dg.AssetExecutionContext,
        config: SilverConfig,
        lake: dg.ResourceParam[Lake],
        conformers: dg.ResourceParam[dict[str, Conformers]],
    ) -> Iterator[dg.MaterializeResult[None]]:
        hours = [hour_of(partition) for partition in context.partition_keys]
        now, meter = dt.datetime.now(dt.UTC), Meter()
        before = {layer: current_snapshot(lake.existing(layer, stream)) for layer in _WRITTEN}
        named, changed = judge_silver(lake, stream, conformers[stream.name], hours, now, config.again)
        context.log.info("silver and rejected changed" if changed else "nothing to change")
        tables = {layer: lake.table(layer, stream) for layer in (Layer.BRONZE, Layer.SILVER, Layer.REJECTED)}
        found = checks.silver_checks(tables, stream, conformers[stream.name], named, hours)
        cost = _cost(tables, before, hours if changed else [], meter)
        results = {}
        for hour in hours:
            results_of_hour = {name: by_hour[hour] for name, by_hour in found.items()}
            told_silver, told_rejected = figures(results_of_hour)
            metadata = {
                silver: {**told_silver, **cost, **table_location(tables[Layer.SILVER], named.silver)},
                rejected: {**told_rejected, **table_location(tables[Layer.REJECTED], named.rejected)},
            }
            if hour == hours[-1]:
                rows = first_rows(tables[Layer.SILVER], stream, named.silver, hour)
                metadata[silver]["preview"] = preview_table(rows)
            results[key_of(hour)] = PartitionResult(metadata, [*results_of_hour.values()])
        if newest_event := newest(tables[Layer.SILVER], "event_at", named.silver):
            record_check(context, freshness.up_to_date(stream, newest_event, now))
        yield from record_partitions(context, results)

    return judged


def _cost(
    tables: Mapping[Layer, Table], before: Mapping[Layer, int | None], judged: Sequence[dt.datetime], meter: Meter
) -> dict[str, float]:
    """What the step took. Read are bronze's data files of the judged hours; it looks at few bytes of other tables."""
    files = files_of_hours(tables[Layer.BRONZE], judged) if judged else []
    written = [written_since(tables[layer], before[layer]) for layer in _WRITTEN]
    return cost_metadata(
        rows=sum(file.record_count for file in files),
        cpu_seconds=meter.cpu_seconds,
        bytes_read=sum(file.file_size_in_bytes for file in files),
        bytes_written=sum(each.bytes for each in written),
        objects_read=len(files),
        files_written=sum(each.files for each in written),
    )


def figures(results: Mapping[str, CheckResult]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the pages of silver and of rejected show and plot of an hour, from the results of its checks by name."""
    told = {name: result.metadata for name, result in results.items()}
    counts, shares = told["conservation"], told["rejected_share"]
    silver = {
        "dagster/partition_row_count": counts["silver"],
        "duplicates": shares["rejected_duplicate"],
        "late_share": told["late_share"]["late_share"],
        "minutes_behind": told["freshness"]["minutes_behind"],
        "unknown_fields": told["drift"]["unknown_fields"],
    }
    rejected = {"dagster/partition_row_count": counts["rejected"], "refused_share": shares["refused_share"]}
    rejected |= {name: value for name, value in shares.items() if name.startswith("rejected_")}
    return silver, rejected
