"""Headline numbers: a few numbers of each model that Dagster plots over time. The model's YAML file declares them.

Belongs here: reading the declarations, and measuring the numbers and row counts. Not here: recording them
(`gold_results`).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any

from assets.gold_queries import Query, ask

MOST_VALUES = 8
_ALL_ROWS = ("", "", "")
_rows = attrgetter("rows")


@dataclass(frozen=True)
class Headline:
    """A number of a model: an SQL aggregate over the rows of its table, for one event date if it is rebuilt by them.

    `per`: another aggregate, by which the first is divided. `where`: a condition; only these rows count. `latest`: only
    the rows with the greatest value of this column. `by`: one number for each value of this column; the number's name
    then ends with the value. Only the `MOST_VALUES` values with the most rows are shown.
    """

    name: str
    sql: str
    description: str
    per: str = ""
    where: str = ""
    latest: str = ""
    by: str = ""

    @property
    def rows(self) -> tuple[str, str, str]:
        """Which rows count, and by what they are grouped."""
        return self.where, self.latest, self.by

    @property
    def number(self) -> str:
        """The SQL of the number, as a floating-point number."""
        number = f"CAST({self.sql} AS DOUBLE PRECISION)"
        return f"{number} / NULLIF(CAST({self.per} AS DOUBLE PRECISION), 0)" if self.per else number


@dataclass(frozen=True)
class Table:
    """A table to measure. `event_date` is the SQL of a row's event date, if numbers are wanted by it.

    `between`: only the event dates from the first to the last of these; None for all.
    """

    model: str
    relation: str
    headlines: tuple[Headline, ...] = ()
    event_date: str = ""
    between: tuple[str, str] | None = None


@dataclass
class Figures:
    """Row counts and headline numbers of one event date (or of a table)."""

    rows: int = 0
    numbers: dict[str, int | float] = field(default_factory=dict)


@dataclass
class Measured:
    """Figures by model and event date (None for the whole table), and by model why headlines cannot be computed."""

    figures: dict[str, dict[str | None, Figures]] = field(default_factory=lambda: defaultdict(dict))
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Select:
    """The headlines of a table that one SELECT computes: they look at the same rows. May have none: it counts rows."""

    table: Table
    where: str = ""
    latest: str = ""
    by: str = ""
    headlines: tuple[Headline, ...] = ()

    @property
    def has_all_rows(self) -> bool:
        return not (self.where or self.latest or self.by)


def headlines(node: Mapping[str, Any]) -> tuple[Headline, ...]:
    """The headline numbers that a model declares."""
    declared = node["config"].get("meta", {}).get("headline", {})
    return tuple(Headline(name, **each) for name, each in declared.items())


def measure(query: Query, tables: Sequence[Table]) -> Measured:
    """Count the rows of all tables and compute their headlines, in one query.

    A headline that fails is an error of its model. Raises the warehouse's error if rows cannot be counted.
    """
    selects = [select for table in tables for select in _selects(table)]
    width = max((len(select.headlines) for select in selects), default=0)
    answers = ask(query, selects, lambda number, select: _sql(number, select, width))
    measured = Measured()
    for select, error in answers.errors:
        names = ", ".join(headline.name for headline in select.headlines)
        measured.errors[select.table.model] = f"the headline numbers {names} cannot be computed: {error}"
    counts = [_Select(select.table) for select, _ in answers.errors if select.has_all_rows]
    again = ask(query, counts, lambda number, select: _sql(number, select, 0))
    for _, error in again.errors:
        raise error
    rows = [*answers.rows, *again.rows]
    for select, (date, value, count, *numbers) in sorted(rows, key=lambda each: -each[1][2]):
        _add(measured, select, date, value, count, numbers)
    return measured


def _add(
    measured: Measured, select: _Select, date: str | None, value: str | None, count: int, numbers: Sequence[Any]
) -> None:
    """Add one row of a SELECT: an event date's row count and numbers, for one value of `by`."""
    figures = measured.figures[select.table.model].setdefault(date, Figures())
    if select.has_all_rows:
        figures.rows = count
    shown = Counter(name.partition(" ")[0] for name in figures.numbers)
    for headline, number in zip(select.headlines, numbers, strict=False):
        if number is not None and math.isfinite(number) and shown[headline.name] < MOST_VALUES:
            name = f"{headline.name} {value or 'none'}" if select.by else headline.name
            figures.numbers[name] = int(number) if float(number).is_integer() else round(float(number), 4)


def _selects(table: Table) -> Iterator[_Select]:
    """One SELECT for each kind of rows that the table's headlines look at; the first also counts the rows."""
    yield _Select(table, headlines=tuple(each for each in table.headlines if each.rows == _ALL_ROWS))
    others = sorted((each for each in table.headlines if each.rows != _ALL_ROWS), key=_rows)
    for (where, latest, by), group in groupby(others, _rows):
        yield _Select(table, where, latest, by, tuple(group))


def _sql(number: int, select: _Select, width: int) -> str:
    """The SELECT: its number, the event date, the value of `by`, the row count, and `width` numbers."""
    table = select.table
    date = f"CAST({table.event_date} AS VARCHAR(10))" if table.event_date else "CAST(NULL AS VARCHAR(10))"
    value = f"CAST({select.by} AS VARCHAR(200))" if select.by else "CAST(NULL AS VARCHAR(200))"
    numbers = [each.number for each in select.headlines]
    empty = ["CAST(NULL AS DOUBLE PRECISION)"] * (width - len(numbers))
    columns = ", ".join([str(number), date, value, "COUNT(*)", *numbers, *empty])
    conditions = [f"({select.where})"] if select.where else []
    if table.between:
        first, last = (f"CAST('{date}' AS DATE)" for date in table.between)
        conditions.append(f"{table.event_date} BETWEEN {first} AND {last}")
    if select.latest:
        conditions.append(f"{select.latest} = (SELECT MAX({select.latest}) FROM {table.relation})")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {columns} FROM {table.relation}{where} GROUP BY 1, 2, 3"
