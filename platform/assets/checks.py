"""The data contracts' checks: what has to hold of bronze, silver and rejected, arrival hour by arrival hour.

Belongs here: check specs and the computations behind them, all read from the snapshots that silver's commit names.
Not here: how results reach Dagster (`report`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence

import dagster as dg
import polars as pl
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from assets.drift import drifts
from assets.rejected import READ, groups, table
from assets.report import Verdict
from contracts.rules import broken
from contracts.stream import Stream
from events.concurrency import parallel_map
from events.conform import Conformers
from events.identity import DIGESTS
from lake.aggregates import row_counts
from lake.contest import LINEAGE, LOSERS, SOURCE
from lake.identities import Counts, Tally
from lake.judge_silver import SnapshotSet
from lake.reading import as_frame, files_within, read_hours, read_within, rebatch, split_by_size
from lake.schemas import Layer
from lake.tables import Lake
from partitions import ARRIVAL_HOURS

Hours = Sequence[dt.datetime]
Tables = Mapping[Layer, Table]
ByHour = Mapping[dt.datetime, Counts]
Counted = Mapping[Layer, ByHour]
THREADS = 2
VALIDATED_ROWS = 100_000  # at a time
ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


def _spec(layer: Layer, stream: Stream, name: str, description: str, blocking: bool = False) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        name,
        asset=[layer.value, stream.name],
        description=description,
        blocking=blocking,
        partitions_def=ARRIVAL_HOURS,
    )


def complete_spec(stream: Stream) -> dg.AssetCheckSpec:
    return _spec(Layer.BRONZE, stream, "complete", "Bronze holds the ledger's records, object by object", True)


def readable_spec(stream: Stream) -> dg.AssetCheckSpec:
    return _spec(Layer.BRONZE, stream, "readable", "No landed object of the hour was refused, and none lies astray")


def conservation_spec(stream: Stream) -> dg.AssetCheckSpec:
    text = "Every row of bronze is in exactly one of silver and rejected, by its identity"
    return _spec(Layer.SILVER, stream, "conservation", text, True)


def contract_spec(stream: Stream) -> dg.AssetCheckSpec:
    return _spec(Layer.SILVER, stream, "contract", "What silver holds satisfies the contract's pandera model")


def share_spec(stream: Stream) -> dg.AssetCheckSpec:
    return _spec(
        Layer.REJECTED, stream, "rejected_share", "The share of rejected records is within the contract's limits"
    )


def freshness_spec(stream: Stream) -> dg.AssetCheckSpec:
    return _spec(Layer.SILVER, stream, "freshness", "The hour's newest event is as recent as the contract wants")


def drift_spec(stream: Stream) -> dg.AssetCheckSpec:
    return _spec(Layer.SILVER, stream, "drift", "The contract knows all fields, and reads all times")


def tables_of(lake: Lake, stream: Stream) -> Tables:
    """The tables that silver's checks read."""
    return {layer: lake.table(layer, stream) for layer in (Layer.BRONZE, Layer.SILVER, Layer.REJECTED)}


def completeness(bronze: Table, stream: Stream, hours: Hours, ledger: pl.DataFrame) -> dict[dt.datetime, Verdict]:
    """The ledger's records against bronze's rows, by landed object (path and version)."""
    objects = {name: LINEAGE[name] for name in ("_arrival_hour", *SOURCE)}
    rows = row_counts(read_hours(bronze, hours, [*objects]), objects)
    names = dict(zip(("arrival_hour", "path", "version"), objects, strict=True))
    expected = ledger.filter(pl.col("records").is_not_null()).select(*names, "records").rename(names)
    both = expected.join(rows, on=[*objects], how="full", coalesce=True)
    wrong = both.filter(pl.col("records").fill_null(0) != pl.col("rows").fill_null(0))
    found = {}
    for hour in hours:
        mine = both.filter(pl.col("_arrival_hour") == hour)
        bad = wrong.filter(pl.col("_arrival_hour") == hour)["_source_file"].to_list()
        metadata = {
            "ledger_records": int(mine["records"].sum()), "bronze_rows": int(mine["rows"].sum()), "objects": bad[:20]
        }  # fmt: skip
        found[hour] = Verdict(complete_spec(stream), not bad, metadata)
    return found


def conservation(stream: Stream, counts: Counted, hours: Hours) -> dict[dt.datetime, Verdict]:
    """Bronze's row identities against those of silver and rejected together."""
    found = {}
    for hour in hours:
        bronze, silver, rejected = (counts[layer].get(hour, Counts()) for layer in counts)
        kept = (silver.rows + rejected.rows, (silver.digest + rejected.digest) % DIGESTS)
        metadata = {"bronze": bronze.rows, "silver": silver.rows, "rejected": rejected.rows}
        found[hour] = Verdict(conservation_spec(stream), bronze[:2] == kept, metadata)
    return found


def contract(
    silver: Table, stream: Stream, snapshot: int | None, hours: Hours
) -> tuple[dict[dt.datetime, Verdict], ByHour]:
    """The pandera model over silver's rows of the hours, and the counts of them."""
    failures: dict[dt.datetime, Counter[str]] = {hour: Counter() for hour in hours}
    tally = Tally("event_at")
    shares = split_by_size(files_within(silver, hours, snapshot), THREADS)
    for found, counts in parallel_map(lambda files: _validated(silver, stream, files, hours), shares, THREADS):
        tally.add(counts)
        for hour, rule, count in found:
            failures[hour][rule] += count
    verdicts = {
        hour: Verdict(contract_spec(stream), not counts, {"failures": dict(counts), "contract_version": stream.version})
        for hour, counts in failures.items()
    }
    return verdicts, tally.counts


def _validated(
    silver: Table, stream: Stream, files: Sequence[DataFile], hours: Hours
) -> tuple[list[tuple[dt.datetime, str, int]], ByHour]:
    """How many rows of the hours in some data files break which rule, and the counts of all."""
    types = {name: stream.types[name] for name in stream.ruled}
    tally = Tally("event_at")
    batches = tally.passing(read_within(silver, files, hours, [*dict.fromkeys([*types, *tally.columns])]))
    failures = []
    for rows in rebatch(batches, VALIDATED_ROWS):
        arrivals = pl.Series(rows["_arrival_hour"])
        for found in broken(stream.rules, as_frame(rows.select([*types])).cast(types)):  # type: ignore[arg-type]
            of_hours = arrivals.filter(found.rows).value_counts()
            failures += [(hour, found.rule, count) for hour, count in of_hours.iter_rows()]
    return failures, tally.counts


def refused(rejected: Table, snapshot: int | None, hours: Hours) -> tuple[pl.DataFrame, ByHour]:
    """The rejected rows of the hours, summed up as `rejected.groups` says, and the counts of them."""
    tally = Tally()
    batches = tally.passing(read_hours(rejected, hours, [*dict.fromkeys([*READ, *tally.columns])], snapshot))
    return groups(batch.select([*READ]) for batch in batches), tally.counts


def rejected_share(stream: Stream, summed: pl.DataFrame, counts: Counted, hours: Hours) -> dict[dt.datetime, Verdict]:
    """Rejected records by reason as shares of the hour's records, against the contract's limits; duplicates apart."""
    limits, found = stream.rejected_share, {}
    for hour in hours:
        mine = summed.filter(pl.col("hour") == hour)
        reasons = dict(mine.group_by("reason", maintain_order=True).agg(pl.col("records").sum()).iter_rows())
        total = max(counts[Layer.BRONZE].get(hour, Counts()).rows, 1)
        refused = sum(rows for reason, rows in reasons.items() if reason not in LOSERS) / total
        losers = sum(rows for reason, rows in reasons.items() if reason in LOSERS) / total
        passed = refused <= limits.warn and losers <= limits.duplicates_warn
        severity = ERROR if refused > limits.error else WARN
        metadata = {
            "refused_share": refused,
            "duplicate_share": losers,
            **{f"rejected_{r}": n for r, n in reasons.items()},
            "rejected_records": table(mine),
        }
        found[hour] = Verdict(share_spec(stream), passed, metadata, severity)
    return found


def drift(
    tables: Tables, stream: Stream, named: SnapshotSet, hours: Hours, conformers: Conformers
) -> dict[dt.datetime, Verdict]:
    """The fields that the contract does not know, of the bronze that silver was made of."""
    found = drifts(tables[Layer.BRONZE], named.bronze, hours, conformers)
    return {hour: Verdict(drift_spec(stream), not seen.fields, seen.metadata, WARN) for hour, seen in found.items()}


def freshness(stream: Stream, counts: Counted, hours: Hours) -> dict[dt.datetime, Verdict]:
    """How far behind the end of its arrival hour the newest event of each hour is."""
    found = {}
    for hour in hours:
        at = counts[Layer.SILVER].get(hour, Counts()).newest
        behind = hour + dt.timedelta(hours=1) - at if at else None
        passed = behind is None or behind <= stream.freshness
        metadata = {
            "newest_event": at.isoformat() if at else "none",
            "behind_s": behind.total_seconds() if behind else 0.0,
        }
        found[hour] = Verdict(freshness_spec(stream), passed, metadata, WARN)
    return found
