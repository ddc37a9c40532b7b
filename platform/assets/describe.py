"""How the lake's assets present themselves in the UI: description, owner, kinds, columns, links to their data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg
from pyiceberg.table import Table

from contracts.stream import Stream
from lake.schemas import Layer, definition

SHOWN_LENGTH = 200


def describe(layer: Layer, stream: Stream, description: str, deps: Sequence[dg.AssetKey] = ()) -> dg.AssetSpec:
    """The spec of a lake asset; its column schema is the contract's, as the Iceberg table has it."""
    return _spec(layer.value, layer, stream, description, deps, {"python", "iceberg", layer.value})


def describe_relation(stream: Stream) -> dg.AssetSpec:
    """The spec of silver's relation in the warehouse."""
    description = f"{stream.description}: silver's rows where dbt reads them, relation silver.{stream.name}."
    silver = dg.AssetKey([Layer.SILVER.value, stream.name])
    return _spec("warehouse", Layer.SILVER, stream, description, [silver], {"sql", "silver"})


def _spec(
    prefix: str, layer: Layer, stream: Stream, description: str, deps: Sequence[dg.AssetKey], kinds: set[str]
) -> dg.AssetSpec:
    columns = [
        dg.TableColumn(
            field.name, str(field.field_type), field.doc, dg.TableColumnConstraints(nullable=not field.required)
        )
        for field in definition(layer, stream).schema.fields
    ]
    return dg.AssetSpec(
        [prefix, stream.name],
        deps=list(deps),
        description=description,
        group_name=stream.name,
        kinds=kinds,
        owners=[stream.owner],
        tags={"stream": stream.name, "identity_space": stream.identity_space},
        metadata={
            "dagster/column_schema": dg.TableSchema(columns),
            "dagster/table_name": f"{layer.value}.{stream.name}",
            "contract_version": stream.version,
        },
    )


def links(table: Table, snapshot_id: int | None) -> dict[str, Any]:
    """Where the data is: the table's folder and the snapshot that holds it."""
    return {
        "dagster/uri": table.location(),
        "snapshot_id": str(snapshot_id) if snapshot_id else "none",
        "metadata_file": dg.MetadataValue.path(table.metadata_location),
    }


def table_of(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Rows as a table for the UI; `columns` are names and types."""
    schema = dg.TableSchema([dg.TableColumn(name, kind) for name, kind in columns.items()])
    return dg.MetadataValue.table([dg.TableRecord(dict(row)) for row in rows], schema)


def printable(sent: str) -> str:
    """A text that was sent, as it can be shown and stored anywhere: shortened, what is not printable escaped."""
    text = sent if len(sent) <= SHOWN_LENGTH else sent[: SHOWN_LENGTH - 3] + "..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
