"""Gold costs: what a gold run took, by model.

dbt says how many seconds each model and test took. The processor time and the bytes of this process are divided by
these; what a warehouse says of a query is the model's that dbt's comment in the query names. A test counts for the
model that it is about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from assets.gold_translator import manifest
from assets.run_costs import Meter, query_metadata, shares
from resources import dbt
from resources.warehouse.query_history import Query


def gold_costs(results: Sequence[dbt.NodeResult], meter: Meter, queries: Sequence[Query]) -> dict[str, dict[str, Any]]:
    """The metadata of what each model took, by its unique id."""
    nodes = manifest()["nodes"]
    seconds: defaultdict[str, float] = defaultdict(float)
    for result in results:
        seconds[_model(nodes, result.unique_id)] += result.seconds
    by_model: defaultdict[str, list[Query]] = defaultdict(list)
    for query in queries:
        by_model[_model(nodes, query.node)].append(query)
    read, written = meter.bytes_of_files
    mine = shares(seconds, cpu_seconds=meter.cpu_seconds, bytes_read=read, bytes_written=written)
    return {name: {**mine.get(name, {}), **query_metadata(by_model[name])} for name in {*seconds, *by_model}}


def _model(nodes: Mapping[str, Any], unique_id: str) -> str:
    """The model that a node is about; the node itself if it is one."""
    node = nodes.get(unique_id, {})
    return str(node.get("attached_node") or unique_id)
