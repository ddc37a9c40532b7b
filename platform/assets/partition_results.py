"""Partition results: what a run over several partitions reports to Dagster about each of them.

Belongs here: recording materializations and check results of single partitions, so that one bad hour does not spoil the
good ones. Not here: what is checked (`checks`) or made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster._core.definitions.metadata import normalize_metadata


@dataclass(frozen=True)
class CheckResult:
    """The result of one check, for one partition or for the whole asset.

    If it failed: `problem` says why in a line, `examples` of what is wrong are lines too, and `advice` says what to do,
    as Markdown. The check's page shows all three.
    """

    check: dg.AssetCheckSpec
    passed: bool
    metadata: Mapping[str, Any]
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR
    problem: str | None = None
    advice: str = ""
    examples: Sequence[str] = ()

    @property
    def description(self) -> str | None:
        """What the check's page says above its figures, as Markdown. Examples are producers' texts: shown as code."""
        if not self.problem:
            return None
        listed = "\n".join(f"- `{example.replace('`', chr(39))}`" for example in self.examples)
        return "\n\n".join(part for part in (f"**{self.problem}**", listed, self.advice) if part)

    @property
    def blocks(self) -> bool:
        return self.check.blocking and not self.passed and self.severity is dg.AssetCheckSeverity.ERROR


@dataclass
class PartitionResult:
    """What is recorded of one partition: metadata by asset, and check results."""

    metadata: dict[dg.AssetKey, dict[str, Any]] = field(default_factory=dict)
    checks: list[CheckResult] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not any(check.blocks for check in self.checks)


def record_partitions(
    context: dg.AssetExecutionContext, results: Mapping[str, PartitionResult]
) -> Iterator[dg.MaterializeResult[None]]:
    """Record the checks of every partition, by key, then the materializations.

    If a blocking check failed, only the good partitions are materialized. Then raises `dagster.Failure`, which names
    the bad ones.
    """
    for key, result in results.items():
        for check in result.checks:
            record_check(context, check, key)
    bad = [key for key, result in results.items() if not result.good]
    selected = context.selected_asset_keys
    if not bad:
        for key, result in results.items():
            for asset, metadata in result.metadata.items():
                if asset in selected:
                    context.add_asset_metadata(metadata, asset_key=asset, partition_key=key)
        for asset in sorted(selected):
            yield dg.MaterializeResult(asset_key=asset)
        return
    for key, result in results.items():
        for asset, metadata in result.metadata.items():
            if result.good and asset in selected:
                context.log_event(dg.AssetMaterialization(asset, partition=key, metadata=dict(metadata)))
    problems = [
        f"{key}: {check.check.name}: {check.problem or 'failed'}"
        for key in bad
        for check in results[key].checks
        if check.blocks
    ]
    lines = "\n".join(problems)
    raise dg.Failure(
        f"blocking checks failed for {', '.join(bad)}; the other partitions of the run are materialized\n{lines}"
    )


def record_check(context: dg.AssetExecutionContext, result: CheckResult, partition: str | None = None) -> None:
    """Record one check result, of a partition or of the whole asset."""
    context.log_event(evaluation_of(result, partition))


def evaluation_of(result: CheckResult, partition: str | None = None) -> dg.AssetCheckEvaluation:
    """A check result as Dagster's event."""
    return dg.AssetCheckEvaluation(
        asset_key=result.check.asset_key,
        check_name=result.check.name,
        passed=result.passed,
        metadata=normalize_metadata(dict(result.metadata)),
        severity=result.severity,
        description=result.description,
        blocking=result.check.blocking,
        partition=partition,
    )
