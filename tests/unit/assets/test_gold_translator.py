"""dbt's models as assets: what people find them by, and what their pages say before any run."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg
import pytest

from assets.gold import gold_assets
from contracts import STREAMS


@pytest.fixture(scope="module")
def gold() -> dg.AssetsDefinition:
    return gold_assets(STREAMS)


@pytest.fixture(scope="module")
def specs(gold: dg.AssetsDefinition) -> Mapping[str, dg.AssetSpec]:
    return {spec.key.path[-1]: spec for spec in gold.specs}


def test_every_asset_is_described_and_owned(specs: Mapping[str, dg.AssetSpec]) -> None:
    for name, spec in specs.items():
        assert (spec.description or "").startswith("One row per "), name
        assert "#### Rebuild" in (spec.description or ""), name
        assert spec.owners, name


def test_assets_are_found_by_tag_and_kind(specs: Mapping[str, dg.AssetSpec]) -> None:
    """The database is of the deployment, so no asset is of one kind of it."""
    assert all(spec.tags["layer"] == "gold" for spec in specs.values())
    assert {name: specs[name].kinds for name in ("fct_orders", "stg_web", "funnels")} == {
        "fct_orders": {"dbt", "gold", "table"},
        "stg_web": {"dbt", "gold", "view"},
        "funnels": {"dbt", "gold", "csv"},
    }
    orders, days = specs["fct_orders"], specs["int_days"]
    assert (orders.tags["schema"], orders.tags["subject"]) == ("marts", "commerce")
    assert (days.tags["schema"], days.tags.get("subject")) == ("intermediate", None)
    assert {spec.tags["stream"] for spec in specs.values() if "stream" in spec.tags} == {s.name for s in STREAMS}
    assert orders.metadata["dagster/table_name"] == "marts.fct_orders"
    assert all("dagster/storage_kind" not in spec.metadata for spec in specs.values())


def test_every_check_says_what_it_promises(gold: dg.AssetsDefinition) -> None:
    described = {check.name: check.description for check in gold.check_specs}
    assert described["unique_fct_orders_order_id"] == "`order_id` is unique"
    assert all(described.values())
