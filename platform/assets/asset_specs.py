"""Asset specs: how the lake's assets appear in the UI: description, owner, kinds, columns.

Belongs here: what is known of an asset before it runs. Not here: metadata of a run (`ui`).
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from contracts.stream import Stream
from lake.schemas import Layer, definition


def table_spec(layer: Layer, stream: Stream, description: str, deps: Sequence[dg.AssetKey] = ()) -> dg.AssetSpec:
    """The spec of the asset of an Iceberg table. Its column schema is the contract's."""
    return _spec(layer.value, layer, stream, description, deps, {"python", "iceberg", layer.value})


def relation_spec(stream: Stream) -> dg.AssetSpec:
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
