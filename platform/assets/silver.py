"""Silver and rejected assets: what bronze's records are, judged by the contract; two tables from one step."""

import datetime as dt
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import dagster as dg

from assets import checks
from assets.describe import describe, links
from assets.report import PartitionReport, Verdict, publish
from contracts.stream import Stream
from events.conform import Conformers
from lake.identities import counts_of
from lake.judge_silver import SnapshotSet, judge_silver
from lake.schemas import Layer
from lake.tables import Lake
from partitions import ARRIVAL_HOURS, HOURS_PER_RUN, hour_of, key_of


class Judging(dg.Config):
    """How to judge. `again` judges every record anew, even where the contract's version has not changed."""

    again: bool = False


def silver_assets(stream: Stream) -> dg.AssetsDefinition:
    """`silver/<stream>` and `rejected/<stream>`, partitioned by arrival hour."""
    silver, rejected = (dg.AssetKey([layer.value, stream.name]) for layer in (Layer.SILVER, Layer.REJECTED))
    bronze = dg.AssetKey([Layer.BRONZE.value, stream.name])
    typed = f"{stream.description}: typed, conformed to contract {stream.version}, one row per key."

    @dg.multi_asset(
        name=f"silver_{stream.name}",
        specs=[
            describe(Layer.SILVER, stream, typed, deps=[bronze]),
            describe(
                Layer.REJECTED,
                stream,
                f"Records of {stream.name} that are not in silver, each with its reason.",
                deps=[bronze],
            ),
        ],
        can_subset=True,
        partitions_def=ARRIVAL_HOURS,
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
        config: Judging,
        lake: dg.ResourceParam[Lake],
        conformers: dg.ResourceParam[dict[str, Conformers]],
    ) -> Iterator[dg.MaterializeResult[None]]:
        hours = [hour_of(partition) for partition in context.partition_keys]
        now = dt.datetime.now(dt.UTC)
        named, changed = judge_silver(lake, stream, conformers[stream.name], hours, now, config.again)
        context.log.info("silver and rejected changed" if changed else "nothing to change")
        tables = checks.tables_of(lake, stream)
        found = _checked(tables, stream, conformers[stream.name], named, hours)
        reports = {}
        for hour in hours:
            counts = found["conservation"][hour].metadata
            metadata: dict[dg.AssetKey, dict[str, object]] = {
                key: {"dagster/partition_row_count": counts[layer.value], **links(tables[layer], snapshot)}
                for key, layer, snapshot in (
                    (silver, Layer.SILVER, named.silver),
                    (rejected, Layer.REJECTED, named.rejected),
                )
            }
            metadata[silver]["unknown_fields"] = found["drift"][hour].metadata["unknown_fields"]
            shares = found["rejected_share"][hour].metadata
            metadata[rejected] |= {name: value for name, value in shares.items() if name.startswith("rejected_")}
            reports[key_of(hour)] = PartitionReport(metadata, [verdicts[hour] for verdicts in found.values()])
        yield from publish(context, reports)

    return judged


def _checked(
    tables: checks.Tables, stream: Stream, conformers: Conformers, named: SnapshotSet, hours: Sequence[dt.datetime]
) -> dict[str, dict[dt.datetime, Verdict]]:
    """Every check's verdict on each of the hours, by the check's name."""
    with ThreadPoolExecutor(2) as pool:
        validated = pool.submit(checks.contract, tables[Layer.SILVER], stream, named.silver, hours)
        drift = pool.submit(checks.drift, tables, stream, named, hours, conformers)
        bronze = counts_of(tables[Layer.BRONZE], named.bronze, hours)
        summed, rejected = checks.refused(tables[Layer.REJECTED], named.rejected, hours)
        contract, silver = validated.result()
        counts = {Layer.BRONZE: bronze, Layer.SILVER: silver, Layer.REJECTED: rejected}
        return {
            "conservation": checks.conservation(stream, counts, hours),
            "freshness": checks.freshness(stream, counts, hours),
            "rejected_share": checks.rejected_share(stream, summed, counts, hours),
            "contract": contract,
            "drift": drift.result(),
        }
