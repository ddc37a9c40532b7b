"""Report: the main figures of the last finished day, sent every morning to those who are told of alerts.

Belongs here: the job `report` and its tables. Not here: which metrics it shows (`alerts.toml`), how it is sent
(`resources.alerts`).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.metric_values import MetricValue, last_finished_day, number_text, read_metrics
from assets.run_history import failed_checks
from assets.status import watched_assets
from contracts.stream import Stream
from lake.hour_volumes import count_landed
from lake.reading import newest
from lake.schemas import Layer
from lake.tables import Lake
from partitions import key_of
from resources import dbt
from resources.alerts.channels import SendFailed
from resources.alerts.message import Message, Table
from resources.alerts.settings import Alerting
from resources.warehouse.protocol import Warehouse

NONE = "-"
METRIC_COLUMNS = ("metric", "value", "a week before", "change")
STREAM_COLUMNS = ("stream", "landed", "rejected", "late", "newest event", "failed checks")


def metric_table(values: Sequence[MetricValue]) -> Table:
    """The metrics of a day, and how they differ from the same weekday a week before."""
    rows = [
        (
            each.name.replace("_", " "),
            NONE if each.value is None else number_text(each.value),
            NONE if each.before is None else number_text(each.before),
            NONE if each.change is None else f"{each.change:+.0%}",
        )
        for each in values
    ]
    return [METRIC_COLUMNS, *rows]


def stream_table(instance: dg.DagsterInstance, lake: Lake, streams: Sequence[Stream], day: dt.date) -> Table:
    """What arrived on a day by stream, and what is wrong now."""
    checks = {key for each in watched_assets(streams) for key in each.check_keys}
    failed = [found.stream for found in failed_checks(instance, checks)]
    rows = [(*_of_stream(instance, lake, stream, day), f"{failed.count(stream.name):,}") for stream in streams]
    return [STREAM_COLUMNS, *rows]


def _of_stream(instance: dg.DagsterInstance, lake: Lake, stream: Stream, day: dt.date) -> tuple[str, ...]:
    bronze, silver = (lake.existing(layer, stream) for layer in (Layer.BRONZE, Layer.SILVER))
    first = dt.datetime.combine(day, dt.time(), dt.UTC)
    hours = [first + dt.timedelta(hours=number) for number in range(24)]
    landed = sum(count_landed(bronze, first, first + dt.timedelta(days=1)).values()) if bronze else 0
    rejected = _noted(instance, dg.AssetKey([Layer.REJECTED.value, stream.name]), hours)
    typed = _noted(instance, dg.AssetKey([Layer.SILVER.value, stream.name]), hours)
    late = sum(round(each.get("late_share", 0) * each["dagster/partition_row_count"]) for each in typed)
    refused = sum(each["dagster/partition_row_count"] for each in rejected)
    event = newest(silver, "event_at") if silver else None
    return stream.name, f"{landed:,}", f"{refused:,}", f"{late:,}", f"{event:%Y-%m-%d %H:%M}" if event else NONE


def _noted(instance: dg.DagsterInstance, asset: dg.AssetKey, hours: Sequence[dt.datetime]) -> list[Mapping[str, Any]]:
    """The metadata of the latest materialization of each of some hours."""
    keys = {key_of(hour) for hour in hours}
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    latest = instance.event_log_storage.get_latest_storage_id_by_partition(asset, kind, keys)
    if not latest:
        return []
    asked = dg.AssetRecordsFilter(asset, storage_ids=[*latest.values()])
    records = instance.fetch_materializations(asked, limit=len(keys)).records
    made = (record.asset_materialization for record in records)
    return [{name: value.value for name, value in each.metadata.items()} for each in made if each]


def report_job(streams: Sequence[Stream]) -> dg.JobDefinition:
    """`report`: the tables, as the metadata of its output and as a message."""

    @dg.op(out=dg.Out(dg.Nothing))
    def send_report(
        context: dg.OpExecutionContext,
        lake: dg.ResourceParam[Lake],
        warehouse: dg.ResourceParam[Warehouse],
        alerting: dg.ResourceParam[Alerting],
    ) -> None:
        now = dt.datetime.now(dt.UTC)
        day, rules = last_finished_day(now), alerting.rules
        named = {name: rules.metric[name] for name in rules.report.metrics}
        marts = dbt.marts(warehouse.profile())
        is_released = bool(named) and bool(warehouse.release_facts())
        values, errors = read_metrics(warehouse, named, marts, day) if is_released else ([], {})
        for name, error in errors.items():
            context.log.error(f"the metric {name} cannot be computed: {error}")
        tables = {"metrics": metric_table(values)} if values else {}
        tables["streams"] = stream_table(context.instance, lake, streams, day)
        context.add_output_metadata({name: _shown(table) for name, table in tables.items()})
        text = "" if not errors else f"Metrics that cannot be computed: {', '.join(errors)}"
        title = f"Events of {day:%A, %Y-%m-%d}"
        link = alerting.link(f"/runs/{context.run_id}")
        message = Message(f"report-{context.run_id}", now, title, text, tables=[*tables.values()], link=link)
        _send(context, alerting, message)

    @dg.job(name="report", description="Sends the main figures of the last finished day to those who get the alerts")
    def report() -> None:
        send_report()

    return report


def _send(context: dg.OpExecutionContext, alerting: Alerting, message: Message) -> None:
    """Send by every channel. Raises `dagster.Failure` if some of them did not take the message."""
    failed = []
    for channel in alerting.channels:
        try:
            channel.send(message)
        except SendFailed as error:
            failed.append(str(error))
    if not alerting.channels:
        context.log.info("nobody is told: the report is only here, as no channel of alerts is set")
    if failed:
        raise dg.Failure(f"the report was not sent by all channels: {'; '.join(failed)}")


def _shown(table: Table) -> dg.TableMetadataValue:
    head, *rows = table
    schema = dg.TableSchema([dg.TableColumn(name, "string") for name in head])
    return dg.MetadataValue.table([dg.TableRecord(dict(zip(head, row, strict=True))) for row in rows], schema)
