"""Metric values: the metrics of the file of rules, by date, as gold's last release has them.

Belongs here: reading them, and which days are compared. Not here: what a metric may be (`resources.alerts.rules`), what
is told of it (`sensors.alerts`, `report`).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assets.gold_queries import ask
from resources.alerts.rules import Metric
from resources.dbt import Mart
from resources.warehouse.protocol import Warehouse

DAY_ENDS_AFTER = dt.timedelta(hours=1)  # late events and a gold run take some time
SAME_WEEKDAY = dt.timedelta(weeks=1)


@dataclass(frozen=True)
class MetricValue:
    """A metric's value on a day and on the same weekday a week before; None where there is none."""

    name: str
    day: dt.date
    value: float | None
    before: float | None

    @property
    def change(self) -> float | None:
        """The change since a week before, as a share of the value then. None if one is missing, or that one is zero."""
        if self.value is None or not self.before:
            return None
        return (self.value - self.before) / abs(self.before)


def number_text(value: float) -> str:
    """A number as a person reads it: `1,234,567`, `12.35`, `0.0123`."""
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.3g}"


def last_finished_day(now: dt.datetime) -> dt.date:
    """The last UTC date that has been over for an hour."""
    return (now - DAY_ENDS_AFTER).date() - dt.timedelta(days=1)


def read_metrics(
    warehouse: Warehouse, metrics: Mapping[str, Metric], marts: Mapping[str, Mart], day: dt.date
) -> tuple[list[MetricValue], dict[str, str]]:
    """The values of metrics on a day, in one query, and an error text for each metric that cannot be computed.

    A metric with `by` gives a value for each value of that column, called `<metric> <value>`.
    """
    days = (day, day - SAME_WEEKDAY)

    def sql(number: int, name: str) -> str:
        return metric_sql(number, metrics[name], warehouse.released(marts[metrics[name].mart]), days)

    answers = ask(warehouse.query_release, list(metrics), sql)
    values: dict[str, dict[str, float]] = {name: {} for name, metric in metrics.items() if not metric.by}
    for name, (date, part, value) in answers.rows:
        if value is not None and math.isfinite(value):
            values.setdefault(f"{name} {part}" if metrics[name].by else name, {})[date] = float(value)
    errors = {name: " ".join(str(error).split()) for name, error in answers.errors}
    place = {name: number for number, name in enumerate(metrics)}
    found = [
        MetricValue(name, day, by_date.get(days[0].isoformat()), by_date.get(days[1].isoformat()))
        for name, by_date in sorted(values.items(), key=lambda item: (place[item[0].partition(" ")[0]], item[0]))
        if name not in errors
    ]
    return found, errors


def metric_sql(number: int, metric: Metric, relation: str, days: Sequence[dt.date]) -> str:
    """The SELECT of a metric: its number, the date, the value of `by`, and the metric's value, for some days."""
    dates = ", ".join(f"CAST('{day.isoformat()}' AS DATE)" for day in days)
    part = f"CAST({metric.by} AS VARCHAR(200))" if metric.by else "CAST(NULL AS VARCHAR(200))"
    where = f" AND ({metric.where})" if metric.where else ""
    return (
        f"SELECT {number}, CAST({metric.date} AS VARCHAR(10)), {part}, CAST({metric.sql} AS DOUBLE PRECISION) "
        f"FROM {relation} WHERE {metric.date} IN ({dates}){where} GROUP BY 1, 2, 3"
    )
