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
from typing import Any

import dagster as dg
import polars as pl
from pyiceberg.table import Table

from assets.advice import advice
from assets.freshness import HOUR, MINUTE
from assets.partition_results import CheckResult
from assets.partition_sets import arrival_hours
from assets.ui import SHOWN, drift_metadata, in_words, objects_table, refused_table, rejected_table
from contracts.stream import Stream
from events.concurrency import THREADS
from events.conform import Conformers
from events.dedup.winners import LOSERS
from events.rejections import REASONS
from events.row_identity import DIGESTS
from lake.drift import Drift, find_drift
from lake.hour_counts import Counts, count_hours
from lake.printable import printable
from lake.rejected_summary import place
from lake.schemas import Layer
from lake.snapshots import SnapshotSet
from lake.validation import summarize_rejected, validate
from partitions import key_of

Hours = Sequence[dt.datetime]
Results = dict[dt.datetime, CheckResult]
LayerCounts = Mapping[Layer, Mapping[dt.datetime, Counts]]
EXAMPLES = 5  # on a check's page
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


def late_spec(stream: Stream) -> dg.AssetCheckSpec:
    return _spec(Layer.SILVER, stream, "late_share", "The share of late events is within the contract's limit")


def drift_spec(stream: Stream) -> dg.AssetCheckSpec:
    return _spec(Layer.SILVER, stream, "drift", "The contract knows all fields, and all times can be read")


def result(
    spec: dg.AssetCheckSpec,
    stream: Stream,
    hour: dt.datetime,
    problem: str | None,
    metadata: Mapping[str, Any],
    severity: dg.AssetCheckSeverity = ERROR,
    examples: Sequence[str] = (),
) -> CheckResult:
    """The result of a check for an hour: failed if there is a problem, which is told with what to do about it."""
    to_do = advice(spec.name, stream, key_of(hour)) if problem else ""
    return CheckResult(spec, problem is None, metadata, severity, problem, to_do, examples[:EXAMPLES])


def complete(stream: Stream, hours: Hours, objects: pl.DataFrame) -> Results:
    """Whether each object (`validation.compare_with_ledger`) has as many rows in bronze as records in the ledger."""
    found = {}
    for hour in hours:
        mine = objects.filter(pl.col("arrival_hour") == hour)
        wrong = mine.filter(pl.col("records") != pl.col("rows"))
        problem = f"Objects with another number of rows in bronze than in the ledger: {len(wrong)}"
        metadata = {
            "ledger_records": int(mine["records"].sum()),
            "bronze_rows": int(mine["rows"].sum()),
            "objects": objects_table(wrong),
        }
        told = problem if len(wrong) else None
        found[hour] = result(complete_spec(stream), stream, hour, told, metadata, examples=wrong["path"].to_list())
    return found


def readable(stream: Stream, hours: Hours, ledger: pl.DataFrame, outside: Sequence[str]) -> Results:
    """Warns of an hour's refused objects (rows of the ledger), and of objects `outside` the window."""
    found = {}
    for hour in hours:
        mine = ledger.filter((pl.col("arrival_hour") == hour) & pl.col("refused").is_not_null())
        problems = [f"Objects of the hour that were refused: {len(mine)}"] if len(mine) else []
        problems += [f"Objects outside the arrival hours: {len(outside)}"] if outside else []
        examples = [f"{row['path']}: {printable(row['refused'])}" for row in mine.iter_rows(named=True)]
        metadata = {"objects_refused": len(mine), "refused": refused_table(mine), "outside_window": [*outside][:SHOWN]}
        told = "; ".join(problems) or None
        found[hour] = result(readable_spec(stream), stream, hour, told, metadata, WARN, [*examples, *outside])
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
            "late_share": late_share(stream, counts, hours),
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
        problem = None
        if judged[0] != bronze.rows:
            problem = f"Bronze has {bronze.rows:,} rows, silver and rejected together {judged[0]:,}"
        elif judged[1] != bronze.digest:
            problem = f"Silver and rejected have as many rows as bronze ({bronze.rows:,}), but not of the same records"
        metadata = {"bronze": bronze.rows, "silver": silver.rows, "rejected": rejected.rows}
        found[hour] = result(conservation_spec(stream), stream, hour, problem, metadata)
    return found


def contract(stream: Stream, failures: Mapping[dt.datetime, Counter[str]]) -> Results:
    """Whether no row of silver breaks a rule, given the number of rows that break each (`validation.validate`)."""
    found = {}
    for hour, broken in failures.items():
        problem = f"Rules of the contract that rows in silver break: {len(broken)}" if broken else None
        examples = [f"{rule}: {rows:,} rows" for rule, rows in broken.most_common()]
        metadata = {"failures": dict(broken), "contract_version": stream.version}
        found[hour] = result(contract_spec(stream), stream, hour, problem, metadata, examples=examples)
    return found


def rejected_share(stream: Stream, summary: pl.DataFrame, counts: LayerCounts, hours: Hours) -> Results:
    """Whether the shares of refused records and of losers are within the contract's limits."""
    limits, found = stream.rejected_share, {}
    for hour in hours:
        mine = summary.filter(pl.col("hour") == hour)
        reasons = dict(mine.group_by("reason", maintain_order=True).agg(pl.col("records").sum()).iter_rows())
        total = max(counts[Layer.BRONZE].get(hour, Counts()).rows, 1)
        refused = sum(rows for reason, rows in reasons.items() if reason not in LOSERS) / total
        losers = sum(rows for reason, rows in reasons.items() if reason in LOSERS) / total
        problems = _above(refused, limits.warn, "refused") + _above(losers, limits.duplicates_warn, "duplicates")
        metadata = {
            "refused_share": round(refused, 4),
            "duplicate_share": round(losers, 4),
            **{f"rejected_{reason}": reasons.get(reason, 0) for reason in REASONS},
            "rejected_records": rejected_table(mine),
        }
        severity = ERROR if refused > limits.error else WARN
        told = "; ".join(problems) or None
        found[hour] = result(share_spec(stream), stream, hour, told, metadata, severity, _examples(mine))
    return found


def _examples(groups: pl.DataFrame) -> list[str]:
    """The place of one rejected record of each reason and column, and what is wrong with it."""
    firsts = ((row["reason"], row["examples"][0]) for row in groups.iter_rows(named=True))
    return [f"{reason} {place(example)} {printable(example['detail'] or '')}" for reason, example in firsts]


def _above(share: float, limit: float, what: str) -> list[str]:
    return [f"{share:.1%} of the hour's records are {what}; the contract allows {limit:.1%}"] if share > limit else []


def drift(stream: Stream, found: Mapping[dt.datetime, Drift]) -> Results:
    """Warns of fields that the contract does not know, in the snapshot of bronze that silver was made from."""
    results = {}
    for hour, seen in found.items():
        names = sorted({path for path, _ in seen.fields})
        problem = f"Fields that the contract does not know: {len(names)}" if names else None
        examples = [printable(name) for name in names]
        results[hour] = result(drift_spec(stream), stream, hour, problem, drift_metadata(seen), WARN, examples)
    return results


def freshness(stream: Stream, counts: LayerCounts, hours: Hours) -> Results:
    """Warns if an hour's newest event is too long before the end of the hour. An hour without events passes."""
    found = {}
    for hour in hours:
        mine = counts[Layer.SILVER].get(hour, Counts())
        behind = hour + HOUR - mine.newest if mine.newest else None
        problem = None
        if behind is not None and behind > stream.freshness:
            problem = (
                f"The newest event of the hour is {in_words(behind)} before the hour's end; "
                f"the contract allows {in_words(stream.freshness)}"
            )
        metadata = {
            "newest_event": mine.newest.isoformat() if mine.newest else "none",
            "minutes_behind": round(behind / MINUTE, 1) if behind is not None else 0.0,
        }
        found[hour] = result(freshness_spec(stream), stream, hour, problem, metadata, WARN)
    return found


def late_share(stream: Stream, counts: LayerCounts, hours: Hours) -> Results:
    """Warns if too many of an hour's events lie further before its end than the contract's `freshness`."""
    found = {}
    for hour in hours:
        mine = counts[Layer.SILVER].get(hour, Counts())
        share = mine.late / max(mine.rows, 1)
        problem = None
        if share > stream.late_share:
            problem = f"{share:.1%} of the hour's events are late; the contract allows {stream.late_share:.1%}"
        metadata = {"late_share": round(share, 4), "late_rows": mine.late, "rows": mine.rows}
        found[hour] = result(late_spec(stream), stream, hour, problem, metadata, WARN)
    return found
