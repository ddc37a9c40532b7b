"""Run history: failed checks, failed runs and partitions that are behind, as Dagster's event log knows them.

Belongs here: queries of the event log, over all partitions. Not here: what the lake and the warehouse say (`status`).

Dagster's overview shows only the latest evaluation of a check. A check that failed for one hour is found here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import dagster as dg
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from assets.findings import LISTED, Finding, State

NOT_MADE = "the last run did not materialize it"
LATE = ("freshness", "late_share", "up_to_date")  # the checks whose failure means that data are late


def failed_checks(instance: dg.DagsterInstance, checks: Collection[dg.AssetCheckKey]) -> Iterator[Finding]:
    """The checks whose latest evaluation has failed, for each partition. The newest ones come with the reason."""
    failed: dict[dg.AssetCheckKey, list[str]] = {}
    for info in instance.event_log_storage.get_asset_check_partition_info(list(checks)):
        if info.latest_execution_status is AssetCheckExecutionRecordStatus.FAILED:
            failed.setdefault(info.check_key, []).append(info.partition_key or "")
    for key, partitions in failed.items():
        for number, partition in enumerate(sorted(partitions, reverse=True)):
            evaluation = _latest_evaluation(instance, key, partition) if number < LISTED else None
            warns = evaluation is None or evaluation.severity is dg.AssetCheckSeverity.WARN
            state = State.LATE if key.name in LATE else State.WARNING if warns else State.FAILED
            why = (evaluation.description or "").partition("\n")[0].strip("*") if evaluation else ""
            yield Finding(key.asset_key.to_user_string(), state, f"check {key.name} failed", partition, why)


def _latest_evaluation(
    instance: dg.DagsterInstance, key: dg.AssetCheckKey, partition: str
) -> dg.AssetCheckEvaluation | None:
    records = instance.event_log_storage.get_asset_check_execution_history(
        key, limit=1, partition_filter=PartitionKeyFilter(key=partition or None)
    )
    return records[0].evaluation if records else None


def failed_partitions(instance: dg.DagsterInstance, assets: Iterable[dg.AssetKey]) -> Iterator[Finding]:
    """The partitions that the last run that tried them did not materialize, each with the error of that run."""
    tried = [
        (asset, partition, run_id)
        for asset in assets
        for partition, (
            run_id,
            _,
        ) in instance.event_log_storage.get_latest_asset_partition_materialization_attempts_without_materializations(
            asset
        ).items()
    ]
    errors = failed_runs(instance, {run_id for _, _, run_id in tried})
    for asset, partition, run_id in tried:
        if run_id in errors:
            yield Finding(asset.to_user_string(), State.FAILED, NOT_MADE, partition, errors[run_id])


def failed_assets(instance: dg.DagsterInstance, assets: Collection[dg.AssetKey]) -> Iterator[Finding]:
    """The assets without partitions that their last run did not materialize. Assets of one run are one finding."""
    tried: dict[str, list[dg.AssetKey]] = {}
    for record in instance.get_asset_records(list(assets)):
        entry = record.asset_entry
        made = entry.last_materialization_record
        if entry.last_run_id and (made is None or made.run_id != entry.last_run_id):
            tried.setdefault(entry.last_run_id, []).append(entry.asset_key)
    errors = failed_runs(instance, tried)
    for run_id, keys in tried.items():
        if run_id in errors:
            name = keys[0].to_user_string() if len(keys) == 1 else f"{keys[0].path[0]}/"
            yield Finding(name, State.FAILED, NOT_MADE, why=errors[run_id])


def failed_runs(instance: dg.DagsterInstance, run_ids: Collection[str]) -> dict[str, str]:
    """Those of some runs that failed or were cancelled, each with a line that says why."""
    if not run_ids:
        return {}
    runs = instance.get_runs(dg.RunsFilter(run_ids=list(run_ids)))
    bad = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
    return {run.run_id: _why(instance, run) for run in runs if run.status in bad}


def _why(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    name = f"run {run.run_id.partition('-')[0]}"
    if run.status is dg.DagsterRunStatus.CANCELED:
        return f"{name} was cancelled"
    kinds = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
    for entry in instance.all_logs(run.run_id, of_type=kinds):
        event = entry.get_dagster_event()
        error = event.step_failure_data.error if event.is_step_failure else None
        while error and error.cause:
            error = error.cause
        if error:
            return f"{name} failed: {error.message.strip().partition(chr(10))[0]}"
    return f"{name} failed"


def partitions_behind(instance: dg.DagsterInstance, upper: dg.AssetKey, lower: dg.AssetKey) -> Iterator[Finding]:
    """The partitions of `upper` that were materialized later than those of `lower`, which is made from it."""
    made, followed = (
        instance.event_log_storage.get_latest_storage_id_by_partition(asset, dg.DagsterEventType.ASSET_MATERIALIZATION)
        for asset in (upper, lower)
    )
    for partition, event in made.items():
        if event > followed.get(partition, -1):
            yield Finding(lower.to_user_string(), State.WAITING, f"{upper.to_user_string()} is newer", partition)
