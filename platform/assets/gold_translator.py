"""Translator: dbt's nodes as assets, from dbt's manifest.

Belongs here: asset keys and partitions of dbt's nodes. Not here: running dbt (`gold`).
"""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from assets.partition_sets import event_dates
from resources import dbt

UNIQUE_ID = "dagster_dbt/unique_id"


class Translator(DagsterDbtTranslator):
    """dbt's models as `gold/<model>` and its sources as `warehouse/<stream>`. Models that are rebuilt by event date are
    partitioned by it."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        prefix = "warehouse" if dbt_resource_props["resource_type"] == "source" else "gold"
        return dg.AssetKey([prefix, dbt_resource_props["name"]])

    def get_partitions_def(self, dbt_resource_props: Mapping[str, Any]) -> dg.PartitionsDefinition | None:
        return event_dates() if by_event_date(dbt_resource_props) else None


def event_date_sql(node: Mapping[str, Any]) -> str:
    """SQL of the event date of a row, for a model that is rebuilt by event date."""
    return str(node["config"]["meta"]["rebuild"]["event_date"])


def by_event_date(node: Mapping[str, Any]) -> bool:
    """Whether a model is rebuilt by event date."""
    rule = node["config"].get("meta", {}).get("rebuild")  # of dbt/macros/rebuild.sql
    return rule is not None and rule["by"] != "person"


@cache
def manifest() -> dict[str, Any]:
    """dbt's manifest, which is prepared before import."""
    loaded: dict[str, Any] = json.loads(dbt.manifest_path().read_text())
    return loaded
