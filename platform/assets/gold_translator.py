"""Translator: dbt's nodes as assets, from dbt's manifest.

Belongs here: asset keys, partitions, kinds and tags of dbt's nodes. Not here: running dbt (`gold`), their texts
(`gold_descriptions`).
"""

import json
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject

from assets.freshness import gold_policy
from assets.gold_descriptions import describe_model, promise
from assets.partition_sets import event_dates
from contracts import STREAMS
from resources import dbt

UNIQUE_ID = "dagster_dbt/unique_id"
_KINDS = {"view": "view", "seed": "csv"}
_BUILT = ("model", "seed")
_STORAGE = "dagster/storage_kind"


class Translator(DagsterDbtTranslator):
    """dbt's models as `gold/<model>` and its sources as `warehouse/<stream>`. Models that are rebuilt by event date are
    partitioned by it."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        return asset_key(dbt_resource_props["unique_id"])

    def get_partitions_def(self, dbt_resource_props: Mapping[str, Any]) -> dg.PartitionsDefinition | None:
        return event_dates() if by_event_date(dbt_resource_props) else None

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """Without the kind of the database: the manifest is that of the local target, wherever gold is deployed."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        metadata = {name: value for name, value in spec.metadata.items() if name != _STORAGE}
        return spec.replace_attributes(
            kinds=spec.kinds - {spec.metadata[_STORAGE]},
            metadata=metadata,
            freshness_policy=gold_policy([each for each in STREAMS if each.name in streams_of(unique_id)]),
        )

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        node = dbt_resource_props
        if node["resource_type"] == "source":
            return str(node["description"])
        nodes = {**manifest()["nodes"], **manifest()["sources"]}
        parents = {self.get_asset_key(nodes[parent]).to_user_string() for parent in node["depends_on"].get("nodes", ())}
        tests = [nodes[name] for name in manifest()["child_map"][node["unique_id"]] if name.startswith("test.")]
        return describe_model(
            node, sorted(parents), [test for test in tests if test["attached_node"] == node["unique_id"]]
        )

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        node = dbt_resource_props
        name = f"{node['schema']}.{node.get('alias') or node['identifier']}"  # without the local target's database
        return {**super().get_metadata(node), "dagster/table_name": name}

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        """The schema (`marts`, …), the subject of a mart's group, the stream that a staging model reads."""
        node = dbt_resource_props
        tags = {"layer": "gold", "schema": node["schema"]}
        sources = [name for name in node.get("depends_on", {}).get("nodes", ()) if name.startswith("source.")]
        if len(sources) == 1:
            tags["stream"] = sources[0].rsplit(".", 1)[-1]
        if node.get("access") == "public":
            tags["subject"] = (self.get_group_name(node) or "").removeprefix("gold_")
        kinds = ("gold", _KINDS.get(node["config"].get("materialized"), "table"))
        return {**tags, **{f"dagster/kind/{kind}": "" for kind in kinds}}

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetCheckSpec | None:
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec and spec._replace(description=promise(manifest["nodes"][unique_id]))


def asset_key(unique_id: str) -> dg.AssetKey:
    """The asset of a model, seed or source."""
    prefix = "warehouse" if unique_id.startswith("source.") else "gold"
    return dg.AssetKey([prefix, unique_id.rsplit(".", 1)[-1]])


def check_keys(nodes: Collection[str]) -> list[dg.AssetCheckKey]:
    """The checks of some models and seeds: their data tests."""
    tests = (node for node in manifest()["nodes"].values() if node.get("attached_node") in nodes)
    return [dg.AssetCheckKey(asset_key(test["attached_node"]), test["name"]) for test in tests]


def with_partitioned_parents(nodes: Collection[str]) -> set[str]:
    """Some nodes, and what Dagster wants in a run of these that has no partitions: all that they read by event date."""
    found, waiting = set(nodes), set(nodes)
    while waiting:
        parents = {parent for name in waiting for parent in manifest()["nodes"][name]["depends_on"].get("nodes", ())}
        known = manifest()["nodes"]
        waiting = {name for name in parents - found if name in known and by_event_date(known[name])}
        found |= waiting
    return found


def event_date_sql(node: Mapping[str, Any]) -> str:
    """SQL of the event date of a row, for a model that is rebuilt by event date."""
    return str(node["config"]["meta"]["rebuild"]["event_date"])


def by_event_date(node: Mapping[str, Any]) -> bool:
    """Whether a model is rebuilt by event date."""
    rule = node["config"].get("meta", {}).get("rebuild")  # of dbt/macros/rebuild.sql
    return rule is not None and rule["by"] != "person"


@cache
def streams_of(unique_id: str) -> frozenset[str]:
    """The names of the streams that a model, seed or source is made from. A seed has none."""
    if unique_id.startswith("source."):
        return frozenset([unique_id.rsplit(".", 1)[-1]])
    parents = manifest()["nodes"][unique_id]["depends_on"].get("nodes", ())
    return frozenset[str]().union(*map(streams_of, parents))


def built_nodes() -> list[str]:
    """The unique ids of all models and seeds."""
    return [name for name, node in manifest()["nodes"].items() if node["resource_type"] in _BUILT]


@cache
def manifest() -> dict[str, Any]:
    """dbt's manifest, which is prepared before import."""
    loaded: dict[str, Any] = json.loads(dbt.manifest_path().read_text())
    return loaded
