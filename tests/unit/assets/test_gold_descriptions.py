"""Descriptions: what the pages of gold's assets and checks say, in words."""

from __future__ import annotations

from typing import Any

import pytest

from assets.gold_descriptions import describe_model, promise


def data_test(kind: str, column: str | None = None, where: str | None = None, **given: Any) -> dict[str, Any]:
    return {
        "name": f"{kind}_of_a_model",
        "column_name": column,
        "config": {"where": where},
        "test_metadata": {"name": kind, "kwargs": given},
    }


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (data_test("unique", "id"), "`id` is unique"),
        (data_test("not_null", "id"), "`id` is never null"),
        (data_test("accepted_values", "tier", values=["High", "Low"]), "`tier` is one of `High`, `Low`"),
        (data_test("relationships", "id", to="ref('people')", field="key"), "each `id` is in `people.key`"),
        (data_test("unique_grain", columns=["day", "id"]), "one row for each `day`, `id`"),
        (data_test("expression_is_true", expression="a <= b"), "`a <= b` holds"),
        (data_test("funnel_rows_are_right", max_steps=6), "funnel rows are right"),
        (data_test("unique", "id", "__event_dates__"), "`id` is unique; a run looks only at what it rebuilt"),
        ({"name": "no_orders_are_lost", "config": {}}, "no orders are lost"),
    ],
)
def test_a_test_promises_in_words(given: dict[str, Any], text: str) -> None:
    """A test of a kind of our own is known by its name."""
    assert promise(given) == text


def model(**more: Any) -> dict[str, Any]:
    return {
        "resource_type": "model",
        "description": "One row per order.\n",
        "original_file_path": "models/orders.sql",
        "raw_code": "select 1",
        "config": {"materialized": "table", "meta": {}},
        **more,
    }


def test_a_page_says_what_a_model_is() -> None:
    """The rows first; then the numbers, the checks, where rows come from, how to rebuild them, and the SQL."""
    meta = {"headline": {"revenue": {"sql": "sum(x)", "by": "currency", "description": "Money."}}}
    node = model(config={"materialized": "table", "meta": meta})
    text = describe_model(node, ["gold/fct_events"], [data_test("unique", "order_id")])
    assert text.startswith("One row per order.\n\n#### Headline numbers\n\n- **revenue** by currency: Money.")
    for part in ("- `order_id` is unique", "`gold/fct_events`", "`dbt/models/orders.sql`", "```sql\nselect 1\n```"):
        assert part in text


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({}, "builds the whole table"),
        ({"config": {"materialized": "view"}}, "A view"),
        ({"config": {"materialized": "incremental", "meta": {"rebuild": {"by": "date"}}}}, "launch a backfill"),
        ({"config": {"materialized": "incremental", "meta": {"rebuild": {"by": "person"}}}}, "rebuilds the people"),
        ({"resource_type": "seed", "raw_code": ""}, "A file in the code"),
    ],
)
def test_a_page_says_how_to_rebuild(more: dict[str, Any], text: str) -> None:
    described = describe_model(model(**more), [], [])
    assert text in described
    assert "#### Checks" not in described, "there are none"
