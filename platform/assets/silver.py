"""Silver and rejected assets: bronze's records, judged by the contract. One step makes both tables."""

import datetime as dt
from collections.abc import Iterator

import dagster as dg

from assets import checks
from assets.asset_specs import table_spec
from assets.partition_results import PartitionResult, record_partitions
from assets.partition_sets import arrival_hours
from assets.ui import table_location
from contracts.stream import Stream
from events.conform import Conformers
from lake.judge_silver import judge_silver
from lake.schemas import Layer
from lake.tables import Lake
from partitions import HOURS_PER_RUN, hour_of, key_of


class SilverConfig(dg.Config):
    """How to judge. `again` judges all records of the hours anew, even under the same version of the contract."""

    again: bool = False


def silver_assets(stream: Stream) -> dg.AssetsDefinition:
    """`silver/<stream>` and `rejected/<stream>`, partitioned by arrival hour."""
    bronze, silver, rejected = (
        dg.AssetKey([layer.value, stream.name]) for layer in (Layer.BRONZE, Layer.SILVER, Layer.REJECTED)
    )
    typed = f"{stream.description}: typed, conformed to contract {stream.version}, one row per key."
    not_in_silver = f"Records of {stream.name} that are not in silver, each with its reason."

    @dg.multi_asset(
        name=f"silver_{stream.name}",
        specs=[
            table_spec(Layer.SILVER, stream, typed, deps=[bronze]),
            table_spec(Layer.REJECTED, stream, not_in_silver, deps=[bronze]),
        ],
        can_subset=True,
        partitions_def=arrival_hours(),
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=HOURS_PER_RUN),
        check_specs=[
            checks.conservation_spec(stream),
            checks.contract_spec(stream),
            checks.freshness_spec(stream),
            checks.share_spec(stream),
            checks.drift_spec(stream),
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
        now = dt.datetime.now(dt.UTC)
        named, changed = judge_silver(lake, stream, conformers[stream.name], hours, now, config.again)
        context.log.info("silver and rejected changed" if changed else "nothing to change")
        tables = {layer: lake.table(layer, stream) for layer in (Layer.BRONZE, Layer.SILVER, Layer.REJECTED)}
        found = checks.silver_checks(tables, stream, conformers[stream.name], named, hours)
        results = {}
        for hour in hours:
            counts = found["conservation"][hour].metadata
            metadata: dict[dg.AssetKey, dict[str, object]] = {
                key: {"dagster/partition_row_count": counts[layer.value], **table_location(tables[layer], snapshot)}
                for key, layer, snapshot in (
                    (silver, Layer.SILVER, named.silver),
                    (rejected, Layer.REJECTED, named.rejected),
                )
            }
            metadata[silver]["unknown_fields"] = found["drift"][hour].metadata["unknown_fields"]
            shares = found["rejected_share"][hour].metadata
            metadata[rejected] |= {name: value for name, value in shares.items() if name.startswith("rejected_")}
            results[key_of(hour)] = PartitionResult(metadata, [by_hour[hour] for by_hour in found.values()])
        yield from record_partitions(context, results)

    return judged
