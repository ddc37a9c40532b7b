"""The commerce contract: personal data, and what its rules reject."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandera.errors
import polars as pl
import pytest

from contracts.commerce import COMMERCE
from contracts.stream import Personal

GOOD = {
    "event_id": "e1",
    "event_name": "order_completed",
    "order_id": "o1",
    "currency": "EUR",
    "order_total": Decimal("12.00"),
    "items": [{"product_id": "p", "product_name": None, "product_category": None, "unit_price": 1, "quantity": 1}],
}

ORDER = "an order event names its order, currency and total, unless it is a refund"
QUANTITY = "quantity is from -1000000 to 1000000, and not 0"


def checks_failed(**changes: Any) -> set[str]:
    row = dict.fromkeys(COMMERCE.types) | GOOD | {"event_at": 0} | changes
    frame = pl.DataFrame({name: [value] for name, value in row.items()}, strict=False).cast(COMMERCE.types)  # type: ignore[arg-type]
    try:
        COMMERCE.schema.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        return set(errors.failure_cases["check"])
    return set()


def item(**changes: Any) -> list[dict[str, Any]]:
    return [GOOD["items"][0] | changes]  # type: ignore[index]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"event_name": "page_view", "order_id": None, "currency": None, "order_total": None},
        {"order_total": 0},
        {"items": None},
        {"items": []},
        {"items": item(quantity=None, unit_price=None)},
        {"items": item(unit_price=0)},
        {"items": item() + item(quantity=-1)},
        {"order_total": -1, "items": item(quantity=-1)},
        {"order_total": -1, "refunded_order_id": "o0", "items": None},
        {"event_name": "order_refunded", "order_total": None, "currency": None},
        {"event_name": "order_refunded", "order_total": None, "order_id": None, "refunded_order_id": "o0"},
        {"order_status": "Credit Note", "order_total": -1, "order_tax": Decimal("-0.01")},
    ],
)
def test_what_the_shop_sends_is_accepted(changes: dict[str, Any]) -> None:
    """A missing value breaks no rule."""
    assert checks_failed(**changes) == set()


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"order_id": None}, ORDER),
        ({"currency": None}, ORDER),
        ({"order_total": None}, ORDER),
        ({"event_name": "order_refunded", "order_id": None, "order_total": None}, ORDER),
        ({"currency": "eur"}, "str_matches('^[A-Z]{3}$')"),
        ({"currency": "EURO"}, "str_matches('^[A-Z]{3}$')"),
        ({"order_total": -1}, "only a refund has an amount below 0"),
        ({"order_tax": Decimal("-0.01")}, "only a refund has an amount below 0"),
        ({"items": item() + item(quantity=0)}, QUANTITY),
        ({"items": item(quantity=-1_000_001)}, QUANTITY),
        ({"items": item(unit_price=Decimal("-0.01"))}, "unit price is from 0 to 1000000000000"),
        ({"order_shipping": Decimal("1000000000000.000001")}, "less_than_or_equal_to(1000000000000)"),
        ({"items": item() + item(quantity=1_000_001)}, QUANTITY),
        ({"items": item(unit_price=Decimal("1000000000000.000001"))}, "unit price is from 0 to 1000000000000"),
        ({"event_id": None}, "not_nullable"),
    ],
)
def test_what_cannot_be_summed_is_refused(changes: dict[str, Any], check: str) -> None:
    """Each of these would make a wrong amount, or one without an order or currency."""
    assert checks_failed(**changes) == {check}


def test_the_email_is_hashed_and_the_names_are_dropped() -> None:
    """Silver has many readers, so customers are in it only as keyed hashes."""
    personal = {name for name in COMMERCE.types if COMMERCE.source_of(name)["personal"]}
    assert personal == {"customer_email"}
    assert dict(COMMERCE.dropped) == {"customer.first_name": Personal.DROP, "customer.last_name": Personal.DROP}
    kept = {path for name in COMMERCE.types for path in COMMERCE.source_of(name)["paths"]}
    assert not kept & set(COMMERCE.dropped)
