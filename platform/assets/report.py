"""Report: what a range run tells Dagster, partition by partition.

Belongs here: materializations and check results of single partitions inside a run of many, so that one bad hour does
not spoil the good ones. Not here: what is checked (`checks`) or made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster._core.definitions.metadata import normalize_metadata


@dataclass(frozen=True)
class Verdict:
    """One check's result for one partition."""

    check: dg.AssetCheckSpec
    passed: bool
    metadata: Mapping[str, Any]
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR

    @property
    def blocks(self) -> bool:
        return self.check.blocking and not self.passed and self.severity is dg.AssetCheckSeverity.ERROR


@dataclass
class PartitionReport:
    """What is to be said of one partition: metadata by asset, and verdicts."""

    metadata: dict[dg.AssetKey, dict[str, Any]] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not any(verdict.blocks for verdict in self.verdicts)


def publish(
    context: dg.AssetExecutionContext, reports: Mapping[str, PartitionReport]
) -> Iterator[dg.MaterializeResult[None]]:
    """Record every partition's checks, then materializations: all of them, or, where a blocking check failed, those
    of the good partitions alone before the step fails. Raises `dagster.Failure` naming the bad ones.
    """
    for key, report in reports.items():
        for verdict in report.verdicts:
            record(context, verdict, key)
    bad = [key for key, report in reports.items() if not report.good]
    selected = context.selected_asset_keys
    if not bad:
        for key, report in reports.items():
            for asset, metadata in report.metadata.items():
                if asset in selected:
                    context.add_asset_metadata(metadata, asset_key=asset, partition_key=key)
        for asset in sorted(selected):
            yield dg.MaterializeResult(asset_key=asset)
        return
    for key, report in reports.items():
        for asset, metadata in report.metadata.items():
            if report.good and asset in selected:
                context.log_event(dg.AssetMaterialization(asset, partition=key, metadata=dict(metadata)))
    raise dg.Failure(f"blocking checks failed for {', '.join(bad)}; the other partitions of the run are materialized")


def record(context: dg.AssetExecutionContext, verdict: Verdict, partition: str | None = None) -> None:
    """Tell Dagster of one check's result, of a partition or of the whole asset."""
    evaluation = dg.AssetCheckEvaluation(
        asset_key=verdict.check.asset_key,
        check_name=verdict.check.name,
        passed=verdict.passed,
        metadata=normalize_metadata(dict(verdict.metadata)),
        severity=verdict.severity,
        blocking=verdict.check.blocking,
        partition=partition,
    )
    context.log_event(evaluation)
