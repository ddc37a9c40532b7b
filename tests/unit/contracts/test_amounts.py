"""Every contract's money and quantities have a maximum, and the rules enforce it."""

from __future__ import annotations

from decimal import Decimal

import pandera.polars as pa
import polars as pl
import pytest

from contracts import STREAMS
from contracts.amounts import MONEY, MOST_MONEY, MOST_PIECES
from contracts.rules import broken
from contracts.stream import Stream

FINEST = Decimal("0.000001")
QUANTITIES = {"quantity", "ti_quantity"}


def amounts() -> list[tuple[Stream, str, str | None, Decimal | int]]:
    """Every amount of every contract: stream, column, field of list elements or None, and maximum."""
    found: list[tuple[Stream, str, str | None, Decimal | int]] = []
    for stream in STREAMS:
        for name, dtype in stream.types.items():
            inner = dtype.inner if isinstance(dtype, pl.List) else None
            fields = inner.fields if isinstance(inner, pl.Struct) else [pl.Field(name, dtype)]
            for field in fields:
                place = (stream, name, field.name if inner else None)
                if field.dtype == MONEY:
                    found.append((*place, Decimal(MOST_MONEY)))
                elif field.name in QUANTITIES:
                    found.append((*place, MOST_PIECES))
    return found


def broken_rules(stream: Stream, name: str, field: str | None, value: Decimal | int) -> set[str]:
    """The rules that a record with this value breaks. The record may lack other values."""
    held = [{field: value}] if field else value
    frame = pl.DataFrame({name: [held]}, {name: stream.types[name]}, strict=False)
    schema = pa.DataFrameSchema({name: stream.schema.columns[name]}, name=stream.name)
    return {each.rule for each in broken(schema, frame)}


@pytest.mark.parametrize(("stream", "name", "field", "most"), amounts())
def test_the_maximum_is_taken_and_what_is_beyond_it_is_not(
    stream: Stream, name: str, field: str | None, most: Decimal | int
) -> None:
    """Gold's types hold sums of values up to the maximum; one larger value would stop all of gold."""
    step = FINEST if isinstance(most, Decimal) else 1
    assert broken_rules(stream, name, field, most) == set()
    assert len(broken_rules(stream, name, field, most + step)) == 1
    assert len(broken_rules(stream, name, field, -most - step)) == 1


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_a_contract_with_amounts_tells_which_it_rounded(stream: Stream) -> None:
    """An amount that is rounded silently can never be corrected."""
    assert stream.rounds == any(stream is other for other, _, _, most in amounts() if isinstance(most, Decimal))


def test_money_is_what_is_said_to_be_money() -> None:
    """The tests above cover each stream that has amounts."""
    assert {stream.name for stream, *_ in amounts()} == {"snowplow", "clickstream", "commerce", "events"}
    assert {name for _, name, field, _ in amounts() if field} == {"items", "ecommerce_products"}
