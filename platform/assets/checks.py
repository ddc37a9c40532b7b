"""Checks: what must hold for bronze, silver and rejected, per arrival hour.

Belongs here: check specs, and check results from computed figures. Not here: computing the figures from rows
(`lake.validation`, `lake.hour_counts`, `lake.drift`), recording results (`partition_results`).

All figures are of the snapshots that silver's commit names.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import dagster as dg
import polars as pl
from pyiceberg.table import Table

from assets.partition_results import CheckResult
from assets.partition_sets import arrival_hours
from assets.ui import drift_metadata, rejected_table
from contracts.stream import Stream
from events.concurrency import THREADS
from events.conform import Conformers
from events.dedup.winners import LOSERS
from events.row_identity import DIGESTS
from lake.drift import Drift, find_drift
from lake.hour_counts import Counts, count_hours
from lake.schemas import Layer
from lake.snapshots import SnapshotSet
from lake.validation import summarize_rejected, validate

Hours = Sequence[dt.datetime]
Results = dict[dt.datetime, CheckResult]
LayerCounts = Mapping[Layer, Mapping[dt.datetime, Counts]]
ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


def _spec(layer: Layer, stream: Stream, name: str, description: str, blocking: bool = False) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        name,
        asset=[layer.value, stream.name],
        description=description,
        blocking=blocking,
        partitions_def=arrival_hours(),
    )


def complete_spec(stream: Stream) -> dg.AssetCheckSpec:
    return _spec(Layer.BRONZE, stream, "complete", "Bronze holds the ledger's records, object by object", True)


def readable_spec(stream: Stream) -> dg.AssetCheckSpec:
    text = "No landed object of the hour was refused, and the run found none outside the arrival hours"
    return _spec(Layer.BRONZE, stream, "readable", text)


def conservation_spec(stream: Stream) -> dg.AssetCheckSpec:
    text = "Every row of bronze is in exactly one of silver and rejected, by its identity"
    return _spec(Layer.SILVER, stream, "conservation", text, True)


def contract_spec(stream: Stream) -> dg.AssetCheckSpec:
    return _spec(Layer.SILVER, stream, "contract", "Silver's rows satisfy the contract's pandera model")


def share_spec(stream: Stream) -> dg.AssetCheckSpec:
    text = "The share of rejected records is within the contract's limits"
    return _spec(Layer.REJECTED, stream, "rejected_share", text)


def freshness_spec(stream: Stream) -> dg.AssetCheckSpec:
    return _spec(Layer.SILVER, stream, "freshness", "The hour's newest event is as recent as the contract wants")


def drift_spec(stream: Stream) -> dg.AssetCheckSpec:
    return _spec(Layer.SILVER, stream, "drift", "The contract knows all fields, and all times can be read")


def complete(stream: Stream, hours: Hours, objects: pl.DataFrame) -> Results:
    """Whether each object (`validation.compare_with_ledger`) has as many rows in bronze as records in the ledger."""
    found = {}
    for hour in hours:
        mine = objects.filter(pl.col("arrival_hour") == hour)
        wrong = mine.filter(pl.col("records") != pl.col("rows"))["path"].to_list()
        metadata = {
            "ledger_records": int(mine["records"].sum()), "bronze_rows": int(mine["rows"].sum()), "objects": wrong[:20]
        }  # fmt: skip
        found[hour] = CheckResult(complete_spec(stream), not wrong, metadata)
    return found


def silver_checks(
    tables: Mapping[Layer, Table], stream: Stream, conformers: Conformers, named: SnapshotSet, hours: Hours
) -> dict[str, Results]:
    """The results of all checks of silver and rejected for each hour, by the check's name."""
    with ThreadPoolExecutor(THREADS) as pool:
        validated = pool.submit(validate, tables[Layer.SILVER], stream, named.silver, hours)
        drifted = pool.submit(find_drift, tables[Layer.BRONZE], named.bronze, hours, conformers)
        bronze = count_hours(tables[Layer.BRONZE], named.bronze, hours)
        summary, rejected = summarize_rejected(tables[Layer.REJECTED], named.rejected, hours)
        failures, silver = validated.result()
        counts = {Layer.BRONZE: bronze, Layer.SILVER: silver, Layer.REJECTED: rejected}
        return {
            "conservation": conservation(stream, counts, hours),
            "freshness": freshness(stream, counts, hours),
            "rejected_share": rejected_share(stream, summary, counts, hours),
            "contract": contract(stream, failures),
            "drift": drift(stream, drifted.result()),
        }


def conservation(stream: Stream, counts: LayerCounts, hours: Hours) -> Results:
    """Whether bronze has the same rows, by identity, as silver and rejected together."""
    found = {}
    for hour in hours:
        bronze, silver, rejected = (
            counts[layer].get(hour, Counts()) for layer in (Layer.BRONZE, Layer.SILVER, Layer.REJECTED)
        )
        judged = (silver.rows + rejected.rows, (silver.digest + rejected.digest) % DIGESTS)
        metadata = {"bronze": bronze.rows, "silver": silver.rows, "rejected": rejected.rows}
        found[hour] = CheckResult(conservation_spec(stream), (bronze.rows, bronze.digest) == judged, metadata)
    return found


def contract(stream: Stream, failures: Mapping[dt.datetime, Counter[str]]) -> Results:
    """Whether no row of silver breaks a rule, given the number of rows that break each (`validation.validate`)."""
    spec = contract_spec(stream)
    return {
        hour: CheckResult(spec, not broken, {"failures": dict(broken), "contract_version": stream.version})
        for hour, broken in failures.items()
    }


def rejected_share(stream: Stream, summary: pl.DataFrame, counts: LayerCounts, hours: Hours) -> Results:
    """Whether the shares of refused records and of losers are within the contract's limits."""
    limits, found = stream.rejected_share, {}
    for hour in hours:
        mine = summary.filter(pl.col("hour") == hour)
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
            "rejected_records": rejected_table(mine),
        }
        found[hour] = CheckResult(share_spec(stream), passed, metadata, severity)
    return found


def drift(stream: Stream, found: Mapping[dt.datetime, Drift]) -> Results:
    """Warns of fields that the contract does not know, in the snapshot of bronze that silver was made from."""
    spec = drift_spec(stream)
    return {hour: CheckResult(spec, not seen.fields, drift_metadata(seen), WARN) for hour, seen in found.items()}


def freshness(stream: Stream, counts: LayerCounts, hours: Hours) -> Results:
    """Warns if an hour's newest event is too long before the end of the hour."""
    found = {}
    for hour in hours:
        at = counts[Layer.SILVER].get(hour, Counts()).newest
        behind = hour + dt.timedelta(hours=1) - at if at else None
        passed = behind is None or behind <= stream.freshness
        metadata = {
            "newest_event": at.isoformat() if at else "none",
            "behind_s": behind.total_seconds() if behind else 0.0,
        }
        found[hour] = CheckResult(freshness_spec(stream), passed, metadata, WARN)
    return found
