"""Every table of gold holds exactly the rows that plain Python computes from the same silver.

Silver is simulated and loaded through the lake, or invented to test the edges of figures; the invented rows are also
computed as of an earlier date.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import reading
from driving import Platform
from figures import invented, invented_seeds
from figures.events import World
from figures.tables import TABLES, UNBOUNDED

from contracts import STREAMS
from resources import dbt
from simulate.plan import Plan, Shares
from simulate.run import simulate
from simulate.streams import STREAMS as SIMULATED

pytestmark = pytest.mark.integration
START, HOURS = dt.datetime(2026, 1, 30, 22), 4
SHARES = Shares(duplicates=0.02, conflicts=0.01, late=0.25)
EARLIER = dt.date(2024, 3, 4)
Silver = Mapping[str, list[Mapping[str, Any]]]


@dataclass(frozen=True)
class Given:
    """Silver's rows, a query of the gold made from them, the as-of date (None: the last event date).

    `seeded`: by seed, rows that its table has beside those of its file.
    """

    silver: Silver
    query: Callable[[str], Any]
    as_of: dt.date | None
    seeded: Silver = field(default_factory=dict)

    def world(self, table: str) -> World:
        return World.of(self.silver, None if table in UNBOUNDED else self.as_of, self.seeded)


def simulated_silver(platform: Platform) -> Given:
    """Four hours of every stream across midnight. There are few people, and a quarter of the sessions are late."""
    for stream in STREAMS:
        simulate(SIMULATED[stream.name], Plan(START, HOURS, 300, seed=11, shares=SHARES, people=30), platform.landing)
    platform.ingest(START, START + dt.timedelta(hours=HOURS - 1))
    platform.gold()
    silver = {stream.name: reading.lake(platform.data, "silver", stream.name).to_pylist() for stream in STREAMS}
    return Given(silver, lambda sql: reading.gold(platform.data, sql), None)


def invented_silver(folder: Path, as_of: dt.date | None) -> Given:
    """Invented rows of few people, with ties and with gaps of exactly the lengths that matter, and rows of seeds."""
    silver = invented.silver_rows(seed=5, records=500)
    seeded = {"campaign_costs": invented_seeds.cost_rows(seed=6), "funnels": invented_seeds.funnel_rows()}
    warehouse = invented.make_warehouse(folder, silver)
    variables = {"event_dates": None, "as_of": as_of and as_of.isoformat()}
    results = dbt.build(warehouse.profile(), folder / "dbt", variables, None)
    invented_seeds.add_to_seeds(warehouse, seeded)
    results += dbt.build(warehouse.profile(), folder / "dbt", variables, ["attribution", "int_funnel_events+"])
    assert [result for result in results if not result.passed] == []
    warehouse.release(dbt.public_schemas(warehouse.profile()), {}, {})
    return Given(silver, lambda sql: reading.gold(folder, sql), as_of, seeded)


INVENTED = [pytest.param(name, marks=pytest.mark.verify) for name in ("invented", "as of an earlier date")]


@pytest.fixture(scope="module", params=["simulated", *INVENTED])
def given(request: pytest.FixtureRequest, make_platform, tmp_path_factory: pytest.TempPathFactory) -> Given:
    if request.param == "simulated":
        return simulated_silver(make_platform("figures"))
    return invented_silver(tmp_path_factory.mktemp("figures"), None if request.param == "invented" else EARLIER)


@pytest.mark.parametrize("table", TABLES)
def test_the_figure_is_right(given: Given, table: str) -> None:
    """Exactly: ratios are the same doubles and amounts the same decimals."""
    columns, figure = TABLES[table]
    expected = Counter(figure(given.world(table)))
    found = Counter(tuple(map(plain, row)) for row in given.query(f"SELECT {columns} FROM {table}"))
    assert expected, "there is something to compare"
    assert found == expected, (
        f"{table} ({columns})\nonly gold has {list((found - expected).items())[:3]}\n"
        f"only Python has {list((expected - found).items())[:3]}"
    )


def plain(value: Any) -> Any:
    """The value, with times in UTC."""
    return value.astimezone(dt.UTC) if isinstance(value, dt.datetime) and value.tzinfo else value


def test_every_table_of_gold_has_a_figure(given: Given) -> None:
    """A new mart needs a figure in `figures`, except for tables that only join others."""
    released = sorted(dbt.public_schemas(dbt.output("local")))
    listed = ", ".join(f"'{schema}'" for schema in released)
    tables = given.query(f"SELECT table_schema || '.' || table_name FROM information_schema.tables "
                         f"WHERE table_schema IN ({listed})")  # fmt: skip
    views = {"marts.dim_products", "analytics.analytics_orders", "analytics.analytics_order_items"}
    assert {table for (table,) in tables} == {*TABLES, *views}
