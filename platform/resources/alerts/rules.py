"""Rules: the file `alerts.toml`, read and checked.

Belongs here: what a rule may say, and clear errors about those that say something else. Not here: what a rule sees
(`sensors.alert_events`, `assets.metric_values`), and where notices are sent (`settings`).
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from resources.dbt import Mart

Name = Annotated[str, Field(min_length=1, max_length=120)]
Share = Annotated[float, Field(gt=0)]
# A word of a metric's SQL that is neither a column nor followed by a parenthesis.
_SQL_WORDS = {
    *("and", "or", "not", "in", "is", "null", "true", "false", "between", "like", "distinct", "as", "where"),
    *("case", "when", "then", "else", "end", "over", "partition", "by", "order", "asc", "desc", "filter"),
    *("date", "timestamp", "interval", "double", "precision", "bigint", "integer", "varchar", "decimal"),
}
_IDENTIFIER = re.compile(r"'[^']*'|\b([a-z_][a-z0-9_]*)\b(?!\s*\()", re.IGNORECASE)


class InvalidRules(Exception):
    """The file of rules cannot be read or says something wrong; the message names file, rule and field."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Rule(_Table):
    name: Name  # identifies its alerts


class Metric(_Table):
    """A number of a mart for each date: an SQL aggregate over the rows of that date.

    `by`: one number for each value of this column. `where`: only these rows count.
    """

    mart: str
    sql: str
    date: str = "event_date"
    where: str = ""
    by: str = ""


class CheckRule(_Rule):
    """Tells of failed checks of some assets. With severity `error`, warnings do not count."""

    asset: str = "*"
    check: str = "*"
    severity: Literal["warn", "error"] = "warn"

    def watches(self, asset: str, check: str) -> bool:
        return fnmatchcase(asset, self.asset) and fnmatchcase(check, self.check)


class RunRule(_Rule):
    """Tells of failed runs of some jobs."""

    job: str = "*"

    def watches(self, job: str) -> bool:
        return fnmatchcase(job, self.job)


class MetricRule(_Rule):
    """Tells when a metric of the last finished day is beyond a limit, or differs from the same weekday a week before.

    `falls_by` and `rises_by` are shares of the value a week before: 0.5 is a half.
    """

    metric: str
    below: float | None = None
    above: float | None = None
    falls_by: Share | None = None
    rises_by: Share | None = None

    @model_validator(mode="after")
    def _has_a_limit(self) -> MetricRule:
        if all(limit is None for limit in (self.below, self.above, self.falls_by, self.rises_by)):
            raise ValueError("expected at least one of below, above, falls_by, rises_by")
        return self


class _Alerts(_Table):
    check: tuple[CheckRule, ...] = ()
    run: tuple[RunRule, ...] = ()
    metric: tuple[MetricRule, ...] = ()
    remind_after_hours: float = Field(default=24, ge=0)


class _Report(_Table):
    metrics: tuple[str, ...] = ()


class Rules(_Table):
    """All of the file: metrics by name, the rules of each kind, and what the daily report shows."""

    metric: Mapping[str, Metric] = {}
    alert: _Alerts = _Alerts()
    report: _Report = _Report()

    @property
    def names(self) -> list[str]:
        """The names of all rules."""
        rules: Iterable[_Rule] = (*self.alert.check, *self.alert.run, *self.alert.metric)
        return [rule.name for rule in rules]


def load_rules(path: Path, marts: Mapping[str, Mart]) -> Rules:
    """Read and check the file. `marts`: those that metrics may name. Raises `InvalidRules`, with all that is wrong."""
    try:
        content = tomllib.loads(path.read_text())
    except FileNotFoundError as error:
        raise InvalidRules(f"{path} does not exist: set ALERTS_FILE, or copy alerts.toml there") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidRules(f"{path} cannot be read as TOML: {error}") from error
    try:
        rules = Rules.model_validate(_with_tuples(content))
    except ValidationError as error:
        raise _invalid(
            path, [f"{_place(e['loc'], content)}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()]
        ) from error
    if problems := [*_duplicates(rules), *_unknown_metrics(rules), *_unknown_columns(rules, marts)]:
        raise _invalid(path, problems)
    return rules


def _invalid(path: Path, problems: Sequence[str]) -> InvalidRules:
    return InvalidRules("\n".join([f"{path} is not valid:", *(f"- {problem}" for problem in problems)]))


def _with_tuples(value: Any) -> Any:
    """TOML's arrays as tuples, which strict models want."""
    if isinstance(value, dict):
        return {name: _with_tuples(item) for name, item in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list) else value


def _place(place: Sequence[int | str], content: Any) -> str:
    """Where an error is: `alert.check 'Late data': severity`. Rules in a list are named, or counted from 1."""
    words = ""
    for step in place:
        content = _inside(content, step)
        if isinstance(step, int):
            name = content.get("name") if isinstance(content, dict) else None
            words += f" {name!r}:" if isinstance(name, str) else f" number {step + 1}:"
        else:
            words += f" {step}" if words.endswith(":") else f".{step}"
    return words.strip(".: ")


def _inside(content: Any, step: int | str) -> Any:
    if isinstance(content, list) and isinstance(step, int):
        return content[step]
    return content.get(step) if isinstance(content, dict) else None


def _duplicates(rules: Rules) -> Iterator[str]:
    for name, count in Counter(rules.names).items():
        if count > 1:
            yield f"alert {name!r}: {count} rules have this name"


def _unknown_metrics(rules: Rules) -> Iterator[str]:
    named = [(f"alert.metric {rule.name!r}: metric", rule.metric) for rule in rules.alert.metric]
    for place, name in (*named, *(("report.metrics", name) for name in rules.report.metrics)):
        if name not in rules.metric:
            yield f"{place}: no metric is called {name!r}{_meant(name, rules.metric)}"


def _unknown_columns(rules: Rules, marts: Mapping[str, Mart]) -> Iterator[str]:
    """Marts and columns that the dbt project does not have."""
    for name, metric in rules.metric.items():
        mart = marts.get(metric.mart)
        if mart is None:
            yield f"metric.{name}.mart: no mart is called {metric.mart!r}{_meant(metric.mart, marts)}"
            continue
        if mart.types.get(metric.date) != "date":
            dates = ", ".join(column for column, kind in mart.types.items() if kind == "date") or "none"
            yield f"metric.{name}.date: {metric.date!r} is no date of {mart.name}; its dates: {dates}"
        for part in ("sql", "where", "by"):
            for word in sorted({found for found in _IDENTIFIER.findall(getattr(metric, part)) if found}):
                if word.lower() not in _SQL_WORDS and word.lower() not in mart.types:
                    yield f"metric.{name}.{part}: {mart.name} has no column {word!r}{_meant(word, mart.types)}"
            if ";" in getattr(metric, part):
                yield f"metric.{name}.{part}: expected one SQL expression, found ';'"


def _meant(name: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(name, known, 1)
    return f" (is {close[0]!r} meant?)" if close else ""
