"""Asset specs: how the lake's assets appear in the UI: owner, kinds, tags, columns, contract, freshness.

Belongs here: what is known of an asset before it runs. Not here: texts (`descriptions`), metadata of a run (`ui`).
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg
from pyiceberg.types import IcebergType, ListType, StructType

from assets.descriptions import COLUMNS, LANDING, TEXTS, WAREHOUSE, describe
from assets.freshness import lake_policy
from contracts.stream import Csv, EnrichedTsv, JsonConcatenated, JsonLines, Stream
from lake.schemas import Layer, definition
from resources.contract_pages import page

FORMATS = {JsonLines: "json", JsonConcatenated: "json", Csv: "csv", EnrichedTsv: "table"}
"""The icon of a stream in the graph: the format that its objects have."""


def table_spec(layer: Layer, stream: Stream, deps: Sequence[dg.AssetKey] = ()) -> dg.AssetSpec:
    """The spec of the asset of an Iceberg table. Its column schema is the contract's."""
    kinds = {"python", "iceberg", layer.value} | ({"pandera"} if layer is Layer.SILVER else set())
    policy = lake_policy(stream) if layer in (Layer.BRONZE, Layer.SILVER) else None
    return _spec(layer.value, layer, stream, describe(TEXTS[layer], stream), deps, kinds, policy)


def landing_key(stream: Stream) -> dg.AssetKey:
    """The key of the asset that lands a stream's topic."""
    return dg.AssetKey(["landing", stream.name])


def landing_spec(stream: Stream) -> dg.AssetSpec:
    """The spec of a topic's landed objects."""
    return dg.AssetSpec(
        landing_key(stream),
        description=describe(LANDING, stream),
        group_name=stream.name,
        kinds={"python", "kafka"},
        owners=[stream.owner],
        tags={"stream": stream.name, "layer": "landing"},
        metadata={"topic": stream.topic or "", "folder": stream.folder},
    )


def relation_spec(stream: Stream) -> dg.AssetSpec:
    """The spec of silver's relation in the warehouse."""
    silver = dg.AssetKey([Layer.SILVER.value, stream.name])
    text = describe(WAREHOUSE, stream)
    return _spec("warehouse", Layer.SILVER, stream, text, [silver], {"sql", "silver"}, lake_policy(stream))


def _spec(
    prefix: str,
    layer: Layer,
    stream: Stream,
    description: str,
    deps: Sequence[dg.AssetKey],
    kinds: set[str],
    policy: dg.FreshnessPolicy | None,
) -> dg.AssetSpec:
    columns = [
        dg.TableColumn(
            field.name,
            type_name(field.field_type),
            field.doc or COLUMNS.get(field.name),
            dg.TableColumnConstraints(nullable=not field.required),
        )
        for field in definition(layer, stream).schema.fields
    ]
    return dg.AssetSpec(
        [prefix, stream.name],
        deps=list(deps),
        description=description,
        group_name=stream.name,
        kinds={*kinds, FORMATS[type(stream.decoding[0])]},
        owners=[stream.owner],
        tags={"stream": stream.name, "layer": prefix, "identity_space": stream.identity_space},
        freshness_policy=policy,
        metadata={
            "dagster/column_schema": dg.TableSchema(columns),
            "dagster/table_name": f"{layer.value}.{stream.name}",
            "contract_version": stream.version,
            "contract": dg.MetadataValue.md(page(stream)),
        },
    )


def type_name(kind: IcebergType) -> str:
    """A column's type as people read it, without the ids of nested fields."""
    if isinstance(kind, ListType):
        return f"list of {type_name(kind.element_type)}"
    if isinstance(kind, StructType):
        return f"({', '.join(field.name for field in kind.fields)})"
    return str(kind)
