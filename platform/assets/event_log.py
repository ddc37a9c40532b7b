"""Event log: many materializations of one asset, stored in batches.

Dagster stores one event at a time, in transactions of its own, so thousands of event dates would take minutes. Belongs
here: storing a batch. Not here: what was materialized (`gold_results`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import dagster as dg
from dagster._core.events import DagsterEvent, StepMaterializationData
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqlEventLogStorage, SqliteEventLogStorage
from dagster._core.storage.event_log.base import EventLogStorage
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from sqlalchemy import Connection, func, insert, select

BATCH = 1000


def log_materializations(context: dg.AssetExecutionContext, made: Sequence[dg.AssetMaterialization]) -> None:
    """Record materializations of one asset, in order, as events of the running step."""
    storage = context.instance.event_log_storage
    for first in range(0, len(made), BATCH):
        entries = [_entry(context, each) for each in made[first : first + BATCH]]
        own = type(storage).store_event_batch is not EventLogStorage.store_event_batch
        if own or not isinstance(storage, SqlEventLogStorage):
            storage.store_event_batch(entries)
        else:
            _store(storage, entries)


def _entry(context: dg.AssetExecutionContext, made: dg.AssetMaterialization) -> EventLogEntry:
    step = context.get_step_execution_context().step
    event = DagsterEvent(
        event_type_value=dg.DagsterEventType.ASSET_MATERIALIZATION.value,
        job_name=context.job_name,
        step_handle=step.handle,
        node_handle=step.node_handle,
        step_kind_value=step.kind.value,
        event_specific_data=StepMaterializationData(made),
        message=f"Materialized value {made.label}.",
    )
    return EventLogEntry(  # type: ignore[no-untyped-call]
        error_info=None,
        level="DEBUG",
        user_message="",
        run_id=context.run.run_id,
        timestamp=time.time(),
        step_key=step.key,
        job_name=context.job_name,
        dagster_event=event,
    )


def _store(storage: SqlEventLogStorage, entries: Sequence[EventLogEntry]) -> None:
    """Store a batch in SQLite, as Dagster's PostgreSQL storage does. Its SQLite storage has no batches of its own.

    The run's events are in one file, those of all assets in another. In memory there is only the second.
    """
    rows = [storage._event_to_row(entry) for entry in entries]
    if isinstance(storage, SqliteEventLogStorage):
        with storage.run_connection(entries[0].run_id) as connection:
            connection.execute(insert(SqlEventLogStorageTable), rows)
    with storage.index_transaction() as connection:
        connection.execute(insert(SqlEventLogStorageTable), rows)
        storage._store_asset_event(connection, entries[-1], _last_id(connection))


def _last_id(connection: Connection) -> int:
    """The id of the last inserted row."""
    found: int = connection.execute(select(func.max(SqlEventLogStorageTable.c.id))).scalar_one()
    return found
