"""Every figure of gold, against the same figure reckoned in plain Python, exactly.

Twice as of the last event date and once as of an earlier one: over what the simulators land, brought through the lake,
and over rows invented where figures have their edges.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import reading
from driving import Platform
from figures import invented
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
    """Silver's rows, the tables that gold makes of them, and as of when."""

    silver: Silver
    query: Callable[[str], Any]
    as_of: dt.date | None

    def world(self, table: str) -> World:
        return World.of(self.silver, None if table in UNBOUNDED else self.as_of)


def simulated(platform: Platform) -> Given:
    """Four hours of every stream across midnight, of few people, of whose sessions a quarter arrives late."""
    for stream in STREAMS:
        simulate(SIMULATED[stream.name], Plan(START, HOURS, 300, seed=11, shares=SHARES, people=30), platform.landing)
    platform.ingest(START, START + dt.timedelta(hours=HOURS - 1))
    platform.gold()
    silver = {stream.name: reading.lake(platform.data, "silver", stream.name).to_pylist() for stream in STREAMS}
    return Given(silver, lambda sql: reading.gold(platform.data, sql), None)


def invention(folder: Path, as_of: dt.date | None) -> Given:
    """Rows that tie, and lie exactly as far apart as counts, of few people."""
    silver = invented.silver(seed=5, records=500)
    warehouse = invented.warehouse(folder, silver)
    variables = {"event_dates": None, "as_of": as_of and as_of.isoformat()}
    results = dbt.build(warehouse.profile(), folder / "dbt", variables, None)
    assert [result for result in results if not result.passed] == []
    warehouse.release(dbt.public_schemas(warehouse.profile()), {}, {})
    return Given(silver, lambda sql: reading.gold(folder, sql), as_of)


INVENTED = [pytest.param(name, marks=pytest.mark.verify) for name in ("invented", "as of an earlier date")]


@pytest.fixture(scope="module", params=["simulated", *INVENTED])
def given(request: pytest.FixtureRequest, make_platform, tmp_path_factory: pytest.TempPathFactory) -> Given:
    if request.param == "simulated":
        return simulated(make_platform("figures"))
    return invention(tmp_path_factory.mktemp("figures"), None if request.param == "invented" else EARLIER)


@pytest.mark.parametrize("table", TABLES)
def test_the_figure_is_right(given: Given, table: str) -> None:
    """To the last digit: ratios are the same doubles, money the same cents."""
    columns, figure = TABLES[table]
    expected = Counter(figure(given.world(table)))
    found = Counter(tuple(map(plain, row)) for row in given.query(f"SELECT {columns} FROM {table}"))
    assert expected, "there is something to compare"
    assert found == expected, (
        f"{table} ({columns})\nonly gold has {list((found - expected).items())[:3]}\n"
        f"only Python has {list((expected - found).items())[:3]}"
    )


def plain(value: Any) -> Any:
    """Instants in UTC, as they come with other zones' names."""
    return value.astimezone(dt.UTC) if isinstance(value, dt.datetime) and value.tzinfo else value


def test_every_table_of_gold_is_reckoned_with(given: Given) -> None:
    """A new mart needs its figure here; views that only join other marts need none."""
    released = sorted(dbt.public_schemas(dbt.output("local")))
    listed = ", ".join(f"'{schema}'" for schema in released)
    tables = given.query(f"SELECT table_schema || '.' || table_name FROM information_schema.tables "
                         f"WHERE table_schema IN ({listed})")  # fmt: skip
    views = {"marts.dim_products", "analytics.analytics_orders", "analytics.analytics_order_items"}
    assert {table for (table,) in tables} == {*TABLES, *views}
