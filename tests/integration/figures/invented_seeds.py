"""Invented rows of dbt's seeds, beside those of their files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from random import Random

import duckdb
from figures.invented_values import DAYS, START, SilverRow, amount, cents

from resources.warehouse.duckdb import DuckDBWarehouse

FUNNELS = """over,1,,
over,2,app_id,shop
over,3,device_platform,web
over,4,,
over,5,app_id,bl*
narrow,1,app_id,shop
narrow,2,,
narrow,3,device_platform,web
"""
"""Funnels of page views. An event may fit several steps; the columns are funnel, step and condition."""


def funnel_rows() -> list[SilverRow]:
    """Rows of the seed `funnels`. The funnel `narrow` has a window of its own."""
    found = []
    for line in FUNNELS.splitlines():
        funnel, step, column, value = line.split(",")
        window = 2 if (funnel, step) == ("narrow", "2") else None
        found.append(
            {"funnel": funnel, "stream": "snowplow", "step": int(step), "event_name": "page_view",
             "condition_column": column or None, "condition_value": value or None, "step_name": None,
             "window_days": window}
        )  # fmt: skip
    return found


def cost_rows(seed: int) -> list[SilverRow]:
    """Rows of the seed `campaign_costs`: some channels on some dates, also in two currencies, also after all events."""
    dice = Random(seed)
    return [
        {
            "date": START.date() + dt.timedelta(days=dice.randrange(DAYS + 9)),
            "channel": dice.choice(["cpc", "email", "ads", "search", "nobody"]),
            "campaign": dice.choice(["spring", "brand", None]),
            "cost": dice.choice([Decimal(0), amount(dice), cents(dice)]),
            "currency": dice.choice(["USD", "USD", "EUR", "JPY"]),
        }
        for _ in range(120)
    ]


def add_to_seeds(warehouse: DuckDBWarehouse, seeded: Mapping[str, list[SilverRow]]) -> None:
    """Add rows to the tables of seeds, by the seed's name."""
    with duckdb.connect(str(warehouse.path)) as con:
        for seed, rows in seeded.items():
            marks = ", ".join("?" for _ in rows[0])
            con.executemany(f"INSERT INTO staging.{seed} VALUES ({marks})", [list(row.values()) for row in rows])
