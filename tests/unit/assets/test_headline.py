"""Headline numbers: what is computed from which rows, and what happens when one cannot be computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import duckdb
import pytest

from assets.gold_queries import Query
from assets.headline import MOST_VALUES, Figures, Headline, Table, headlines, measure

ORDERS = Table("orders", "orders")
EMPTY = Table("empty", "empty")


def headline(sql: str, **more: str) -> Headline:
    return Headline("number", sql, "A number.", **more)


@pytest.fixture
def asked() -> list[str]:
    """The queries that a test has asked."""
    return []


@pytest.fixture
def query(asked: list[str]) -> Iterator[Query]:
    with duckdb.connect() as con:
        con.execute("""CREATE TABLE orders AS FROM (VALUES
            (DATE '2026-01-01', 'EUR', 10.5, true), (DATE '2026-01-01', 'USD', 1, false),
            (DATE '2026-01-02', 'EUR', 2, true), (DATE '2026-01-03', NULL, NULL, true)
            ) AS t (day, currency, value, done);
            CREATE TABLE empty (value DOUBLE)""")

        def run(sql: str) -> list[tuple[object, ...]]:
            asked.append(sql)
            return con.execute(sql).fetchall()

        yield run


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        (headline("sum(value)"), {"number": 13.5}),
        (headline("count(*)"), {"number": 4}),
        (headline("count(*)", where="done"), {"number": 3}),
        (headline("count(*)", latest="day"), {"number": 1}),
        (headline("sum(value)", latest="day"), {}),
        (headline("count(*)", by="currency"), {"number EUR": 2, "number USD": 1, "number none": 1}),
        (headline("sum(case when done then 1 else 0 end)", per="count(*)"), {"number": 0.75}),
        (headline("count(*)", per="sum(case when value > 99 then 1 else 0 end)"), {}),
    ],
)
def test_a_number_is_of_the_rows_it_names(query: Query, given: Headline, numbers: dict[str, float]) -> None:
    """What has no value is left out, because Dagster plots numbers only."""
    found = measure(query, [replace(ORDERS, headlines=(given,))])
    assert found.figures["orders"] == {None: Figures(4, numbers)}
    assert found.errors == {}
    assert all(type(found.figures["orders"][None].numbers[name]) is type(number) for name, number in numbers.items())


def test_numbers_are_by_event_date(query: Query, asked: list[str]) -> None:
    """Only the dates from the first to the last of the run are read, and all tables in one query."""
    value = headline("sum(value)")
    table = replace(ORDERS, headlines=(value,), event_date="day", between=("2026-01-01", "2026-01-02"))
    found = measure(query, [table, EMPTY])
    assert found.figures["orders"] == {
        "2026-01-01": Figures(2, {"number": 11.5}),
        "2026-01-02": Figures(1, {"number": 2}),
    }
    assert found.figures["empty"] == {}
    assert len(asked) == 1


def test_a_page_shows_few_values(query: Query) -> None:
    """There may be any number of currencies; those with the most rows are shown."""
    query("CREATE TABLE many AS SELECT i % 20 AS kind FROM range(200) AS t (i) UNION ALL SELECT 19")
    found = measure(query, [Table("many", "many", (headline("count(*)", by="kind"),))])
    numbers = found.figures["many"][None].numbers
    assert len(numbers) == MOST_VALUES
    assert numbers["number 19"] == 11


def test_a_bad_headline_costs_no_other_number(query: Query) -> None:
    """The release is out already: rows are counted all the same, and the error names the model's headline."""
    bad = replace(ORDERS, headlines=(headline("sum(missing)"),))
    others = [Table(f"t{n}", "orders", (headline("count(*)"),)) for n in range(5)]
    found = measure(query, [*others[:3], bad, *others[3:]])
    assert found.figures["orders"] == {None: Figures(4)}
    assert all(found.figures[other.model] == {None: Figures(4, {"number": 4})} for other in others)
    (error,) = found.errors.values()
    assert error.startswith("the headline numbers number cannot be computed: ")
    assert "missing" in error


def test_a_lost_table_is_an_error(query: Query) -> None:
    """Rows that cannot be counted are no matter of headlines."""
    with pytest.raises(duckdb.CatalogException, match="lost"):
        measure(query, [ORDERS, Table("lost", "lost")])


def test_declarations_are_read() -> None:
    node = {"config": {"meta": {"headline": {"revenue": {"sql": "sum(x)", "by": "currency", "description": "Money."}}}}}
    assert headlines(node) == (Headline("revenue", "sum(x)", "Money.", by="currency"),)
    assert headlines({"config": {}}) == ()
