"""Amounts are rounded to six decimals and flagged, or rejected; both readers give the same result."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from landed import outcome, outcomes

from contracts.amounts import MOST_MONEY, MOST_PIECES
from contracts.clickstream import CLICKSTREAM
from contracts.commerce import COMMERCE
from contracts.snowplow import SNOWPLOW
from events.enriched import FIELDS

FINEST = Decimal("0.000001")
EXACT = Context(prec=100, rounding=ROUND_HALF_EVEN)
DIGITS = st.text("0123456789", min_size=1, max_size=20) | st.from_regex(r"[049]{0,9}5[09]{0,9}", fullmatch=True)
NUMBERS = st.builds(
    lambda sign, whole, part, exponent: f"{sign}{whole}{part and '.' + part}{exponent}",
    st.sampled_from(["", "-"]),
    st.integers(0, 10**13).map(str),
    st.just("") | DIGITS,
    st.sampled_from(["", "", "", "e0", "E+2", "e-2", "e-19"]),
)


def purchase(price: str, quantity: int = 1) -> str:
    """A purchase in the clickstream with the given JSON as its price."""
    event = {"timestamp": "2026-01-01T10:00:00Z", "user_id": "u", "session_id": "s", "event_type": "purchase"}
    text = json.dumps({**event, "product_id": "p", "category": "c", "quantity": quantity})
    return f'{text[:-1]}, "price": {price}}}'


def order(total: str, *prices: str) -> str:
    items = [{"product": {"id": "p", "price": price}, "quantity": 1} for price in prices]
    event = {"event_id": "e", "event_type": "order_completed", "event_timestamp": "2026-01-01T10:00:00Z"}
    return json.dumps({**event, "order": {"order_id": "o", "currency": "KWD", "total_amount": total, "items": items}})


def line(**values: str) -> str:
    """A Snowplow enriched event."""
    known = {"event_id": "e", "collector_tstamp": "2026-01-01 10:00:00.000"}
    return "\t".join({**known, **values}.get(name, "") for name in FIELDS)


@given(NUMBERS, st.booleans())
def test_an_amount_is_the_nearest_of_six_decimals_and_tells_so(number: str, as_text: bool) -> None:
    """Machine code leaves some numbers to a slower reader; both must give the same value."""
    sent = Decimal(number)
    nearest = sent.quantize(FINEST, context=EXACT)
    found = outcome(CLICKSTREAM, purchase(f'"{number}"' if as_text else number))
    if 0 <= nearest <= MOST_MONEY:
        assert (found["price"], found["amounts_rounded"]) == (nearest, nearest != sent)
    else:
        assert found["reason"] == ("rule" if nearest.copy_abs() < 10**18 else "type")


@pytest.mark.parametrize(
    ("total", "held", "rounded"),
    [
        ("0.001", "0.001", False),
        ("12.345", "12.345", False),
        ("12.3450000000000", "12.345", False),
        ("37.048949999999995", "37.04895", True),
        ("3.7048949999999995e1", "37.04895", True),
        ("0.0000005", "0", True),
        ("0.0000015", "0.000002", True),
        ("0.00000050000000000000000001", "0.000001", True),
        ("999999999999.9999999", "1000000000000", True),
        ("1e-9999999", "0", True),
    ],
)
def test_a_fine_amount_costs_no_order(total: str, held: str, rounded: bool) -> None:
    """Real amounts have many decimals: dinars three, unit prices more, sums of doubles a long tail."""
    found = outcome(COMMERCE, order(total))
    assert (found["order_total"], found["amounts_rounded"]) == (Decimal(held), rounded)


def test_an_amount_of_a_line_is_told_as_well() -> None:
    """There is one flag per record; which amount was rounded can be seen in bronze."""
    found = outcomes(COMMERCE, [order("1", "1.5", "0.1234567"), order("1", "1.5"), order("1")])
    assert [row["amounts_rounded"] for row in found] == [True, False, False]
    assert found[0]["items"][1]["unit_price"] == Decimal("0.123457")


def test_an_amount_of_a_transaction_is_told_as_well() -> None:
    """Snowplow's trackers send doubles."""
    found = outcomes(SNOWPLOW, [line(tr_total="37.048949999999995"), line(ti_price="0.001"), line()])
    assert [row["amounts_rounded"] for row in found] == [True, False, False]
    assert (found[0]["tr_total"], found[1]["ti_price"]) == (Decimal("37.04895"), Decimal("0.001"))


@pytest.mark.parametrize(
    ("found", "column", "reason"),
    [
        (outcome(CLICKSTREAM, purchase("1", 2**63 - 1)), "quantity", "rule"),
        (outcome(CLICKSTREAM, purchase("1", MOST_PIECES + 1)), "quantity", "rule"),
        (outcome(CLICKSTREAM, purchase("1000000000000.000001")), "price", "rule"),
        (outcome(CLICKSTREAM, purchase("1e18")), "price", "type"),
        (outcome(CLICKSTREAM, purchase("999999999999999999.9999999")), "price", "type"),
        (outcome(COMMERCE, order("1000000000001")), "order_total", "rule"),
        (outcome(COMMERCE, order("1", "1", "1000000000001")), "items", "rule"),
        (outcome(SNOWPLOW, line(ti_quantity="1000001")), "ti_quantity", "rule"),
        (outcome(SNOWPLOW, line(ti_quantity=str(-(2**63)))), "ti_quantity", "rule"),
        (outcome(SNOWPLOW, line(tr_total_base="-1000000000000.000001")), "tr_total_base", "rule"),
    ],
)
def test_what_nobody_believes_is_refused(found: dict[str, Any], column: str, reason: str) -> None:
    """Gold could not sum such an amount, and none is real."""
    assert (found["column"], found["reason"]) == (column, reason)
