"""Tables evolve with their contracts; what cannot evolve is an error that says where and why."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import pytest

from contracts.commerce import COMMERCE, CommerceEvent
from contracts.items import ITEM
from contracts.stream import Stream, column
from lake.commits import commit
from lake.schemas import NEW_LAKE_PAGE, IncompatibleContract, Layer, iceberg_type
from lake.tables import Lake

WIDER = pl.Struct([*ITEM.fields, pl.Field("discount", pl.Int64)])


class Wider(CommerceEvent):
    coupon: str = column("order.coupon", description="The coupon used")
    items: Annotated[pl.List, WIDER] = column("order.items", each={"discount": "discount"}, description="The lines")


class Narrower(CommerceEvent):
    country: int = column("customer.country", description="A number all of a sudden")


class Stricter(CommerceEvent):
    session_id: str = column("session_id", nullable=False, description="No longer optional")


class Demanding(CommerceEvent):
    tenant: str = column("tenant", nullable=False, description="New, and never missing")


class Coarser(CommerceEvent):
    order_total: Annotated[pl.Decimal, 18, 2] = column("order.total_amount", description="As it was once")


class Relaxed(CommerceEvent):
    event_name: str = column("event_type", description="No longer required")


def other(model: Any) -> Stream:
    return dataclasses.replace(COMMERCE, version="2", model=model)


def reopened(lake: Lake, tmp_path: Path) -> Lake:
    """The lake, opened by another process."""
    return Lake(lake.properties, tmp_path / "scratch")


def test_a_new_optional_column_is_added_and_old_files_still_read(
    lake: Any, tmp_path: Path, write: Any, silver: Any, content: Any
) -> None:
    """Also inside structs in lists: one more field must not rewrite the history."""
    table = lake.table(Layer.SILVER, COMMERCE)
    commit(table, write(table, silver(("a", 1))), [], {})
    table = reopened(lake, tmp_path).table(Layer.SILVER, other(Wider))
    (old,) = content(table)
    assert (old["coupon"], old["items"][0]["discount"], old["items"][0]["product_id"]) == (None, None, "a")
    commit(table, write(table, silver(("b", 1), coupon="x")), [], {})
    assert [row["coupon"] for row in content(table)] == [None, "x"]
    assert [row["items"][0]["product_id"] for row in content(table)] == ["a", "b"]


def test_a_column_that_the_contract_lost_stays(lake: Any, tmp_path: Path) -> None:
    """Rows of the old contract can still be read."""
    lake.table(Layer.SILVER, other(Wider))
    table = reopened(lake, tmp_path).table(Layer.SILVER, COMMERCE)
    assert table.schema().find_field("coupon")


def test_a_required_column_may_become_optional(lake: Any, tmp_path: Path) -> None:
    """Old rows satisfy the weaker rule."""
    lake.table(Layer.SILVER, COMMERCE)
    table = reopened(lake, tmp_path).table(Layer.SILVER, other(Relaxed))
    assert not table.schema().find_field("event_name").required


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Narrower, "silver.commerce, column country: the table holds string, the contract wants long"),
        (Stricter, "silver.commerce, column session_id: the table allows nulls, the contract does not"),
        (Demanding, "silver.commerce, column tenant: a column added to a table has to be nullable"),
    ],
)
def test_what_the_table_cannot_become_is_an_error(lake: Any, tmp_path: Path, model: Any, message: str) -> None:
    """If the old type stayed, gold would get texts where it expects numbers."""
    lake.table(Layer.SILVER, COMMERCE)
    with pytest.raises(IncompatibleContract, match=message):
        reopened(lake, tmp_path).table(Layer.SILVER, other(model))


def test_a_lake_of_coarser_amounts_is_told_what_to_do(lake: Any, tmp_path: Path) -> None:
    """Iceberg can widen a decimal, but not add decimal places: a person has to decide what to do."""
    lake.table(Layer.SILVER, other(Coarser))
    with pytest.raises(IncompatibleContract) as error:
        reopened(lake, tmp_path).table(Layer.SILVER, COMMERCE)
    message = str(error.value)
    assert "column order_total: the table holds decimal(18, 2), the contract wants decimal(24, 6)" in message
    assert "make a new lake from the landing zone" in message
    heading = NEW_LAKE_PAGE.split("'")[1]
    assert message.endswith(NEW_LAKE_PAGE)
    assert f"# {heading}\n" in (Path(__file__).parents[3] / "docs" / "operations.md").read_text()


def test_an_unchanged_contract_changes_no_table(lake: Any, tmp_path: Path) -> None:
    """Every process opens every table, so opening must not write a metadata version."""
    for layer in Layer:
        before = lake.table(layer, COMMERCE).metadata_location
        assert reopened(lake, tmp_path).table(layer, COMMERCE).metadata_location == before


def test_a_type_that_the_lake_does_not_hold_is_named() -> None:
    """The lake has no type for single-precision numbers."""
    with pytest.raises(ValueError, match="the lake holds no Float32"):
        iceberg_type(pl.Float32())
