"""Notes: what a warehouse that copies silver's rows remembers about itself, in tables of its schema `platform`.

Belongs here: the tables of notes and how they change, within the caller's transaction. Not here: what the notes are
used for (`copy_warehouse`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from resources.warehouse.protocol import WarehouseBusy
from resources.warehouse.snapshot_diff import NO_SNAPSHOT

_SNAPSHOT_TABLES = ("applied", "released", "begun")
_SETUP = (
    "CREATE SCHEMA IF NOT EXISTS silver",
    "CREATE SCHEMA IF NOT EXISTS platform",
    *(
        f"CREATE TABLE IF NOT EXISTS platform.{table} (stream VARCHAR(255), snapshot_id BIGINT)"
        for table in _SNAPSHOT_TABLES
    ),
    "CREATE TABLE IF NOT EXISTS platform.facts (name VARCHAR(255), value VARCHAR(65535))",
)


def create_schemas(cursor: Any) -> None:
    """Create the schemas and tables that do not exist yet."""
    for statement in _SETUP:
        cursor.execute(statement)


def applied_snapshot(cursor: Any, stream: str) -> int | None:
    """The snapshot noted as loaded. None when nothing was loaded yet; an empty note is inserted for `note_applied`."""
    cursor.execute("SELECT snapshot_id FROM platform.applied WHERE stream = %s", [stream])
    found = cursor.fetchall()
    if not found:
        cursor.execute("INSERT INTO platform.applied VALUES (%s, NULL)", [stream])
    return found[0][0] if found else None


def note_applied(cursor: Any, stream: str, before: int | None, snapshot_id: int | None) -> None:
    """Note another snapshot as loaded. Raises `WarehouseBusy` when the noted one is no longer `before`."""
    expected = "snapshot_id IS NULL" if before is None else f"snapshot_id = {before}"
    cursor.execute(
        f"UPDATE platform.applied SET snapshot_id = {snapshot_id or NO_SNAPSHOT} WHERE stream = %s AND {expected}",
        [stream],
    )
    if cursor.rowcount < 1:
        raise WarehouseBusy(f"{stream}: another process has applied another snapshot meanwhile")


def note_begun(cursor: Any, snapshots: Mapping[str, int | None]) -> None:
    """Note the snapshots that a build of gold starts from."""
    for stream, snapshot in snapshots.items():
        cursor.execute("INSERT INTO platform.begun VALUES (%s, %s)", [stream, snapshot or NO_SNAPSHOT])


def note_release(cursor: Any, snapshots: Mapping[str, int | None] | None, facts: Mapping[str, str]) -> None:
    """Note a release's facts, and its snapshots unless they are None: all builds begun before it are over then."""
    cursor.execute("DELETE FROM platform.facts")
    for name, value in facts.items():
        cursor.execute("INSERT INTO platform.facts VALUES (%s, %s)", [name, value])
    if snapshots is None:
        return
    for stream, snapshot in snapshots.items():
        cursor.execute("DELETE FROM platform.released WHERE stream = %s", [stream])
        cursor.execute("INSERT INTO platform.released VALUES (%s, %s)", [stream, snapshot or NO_SNAPSHOT])
    cursor.execute("DELETE FROM platform.begun")
