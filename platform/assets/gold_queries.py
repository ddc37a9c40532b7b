"""Gold queries: one query that reads many of gold's tables, because each round trip to a warehouse takes long.

Belongs here: joining the SELECTs, and finding those that fail. Not here: what they select (`headline`, `gold_preview`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Query = Callable[[str], Sequence[tuple[Any, ...]]]


@dataclass
class Answers(Generic[T]):
    """The rows of each SELECT, and the warehouse's error for those that failed."""

    rows: list[tuple[T, tuple[Any, ...]]] = field(default_factory=list)
    errors: list[tuple[T, Exception]] = field(default_factory=list)


def ask(query: Query, selects: Sequence[T], sql: Callable[[int, T], str]) -> Answers[T]:
    """Run a SELECT for each of `selects` in one query. `sql` makes it; its first column is the given number.

    If the query fails, each half is asked for itself, until the SELECTs that fail are found.
    """
    answers = Answers[T]()
    _ask(query, selects, sql, answers)
    return answers


def _ask(query: Query, selects: Sequence[T], sql: Callable[[int, T], str], answers: Answers[T]) -> None:
    if not selects:
        return
    try:
        found = query("\nUNION ALL\n".join(sql(number, select) for number, select in enumerate(selects)))
    except Exception as error:  # each driver has errors of its own
        if len(selects) == 1:
            answers.errors.append((selects[0], error))
            return
        half = len(selects) // 2
        _ask(query, selects[:half], sql, answers)
        _ask(query, selects[half:], sql, answers)
        return
    answers.rows += [(selects[number], tuple(row)) for number, *row in found]
