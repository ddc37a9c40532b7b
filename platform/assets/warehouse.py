"""Warehouse assets: silver's relation in the warehouse, following silver's snapshots."""

import dagster as dg

from assets.asset_specs import relation_spec
from assets.run_costs import cost_metadata, labelled_meter, queries_of, query_metadata
from assets.ui import table_location
from contracts.stream import Stream
from lake.damage import find_damage, repair_error
from lake.reading import files_of
from lake.schemas import Layer
from lake.tables import Lake
from resources.warehouse.protocol import Warehouse, WarehouseBusy

POOL = "warehouse"


def warehouse_asset(stream: Stream) -> dg.AssetsDefinition:
    """`warehouse/<stream>`, without partitions: it holds all rows of one snapshot of silver."""

    @dg.multi_asset(name=f"warehouse_{stream.name}", specs=[relation_spec(stream)], pool=POOL)
    def relation(
        context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]
    ) -> dg.MaterializeResult[None]:
        meter = labelled_meter(warehouse, f"{context.run.run_id} {stream.name}")
        silver = lake.table(Layer.SILVER, stream)
        snapshot = silver.current_snapshot()
        snapshot_id = snapshot.snapshot_id if snapshot else None
        try:
            applied = warehouse.apply_snapshot(stream, silver, snapshot_id)
        except WarehouseBusy:
            raise
        except Exception as error:
            for damage in find_damage(silver, files_of(silver), pages=False):
                raise repair_error(silver, damage.file, damage.why) from error
            raise
        location = table_location(silver, snapshot_id)
        cost = {**cost_metadata(cpu_seconds=meter.cpu_seconds), **query_metadata(queries_of(warehouse, context.log))}
        return dg.MaterializeResult(
            metadata={"dagster/row_count": applied.rows, "changed": applied.changed, **cost, **location}
        )

    return relation
