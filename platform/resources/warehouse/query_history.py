"""Query history: what a warehouse said of the queries of a run.

The run's label is set in each session, ours and dbt's. dbt begins its queries with a comment that names the model.

Belongs here: labels, and reading the history. Not here: the dialect of each warehouse (their own modules), sums and
prices (`assets.cost`).
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

_NODE = re.compile(r'"node_id":\s*"([^"]+)"')


@dataclass(frozen=True)
class Query:
    """A query: the warehouse's id of it, dbt's unique id of the model (or nothing), and what it took."""

    id: str
    node: str
    seconds: float
    bytes_read: int = 0


class LabelledQueries(ABC):
    """The part of a warehouse that labels its queries and asks for them again."""

    label_setting: ClassVar[str]  # of a dbt profile
    history: ClassVar[str]  # a SELECT of id, text, seconds and bytes read of the queries with the label {label}

    @abstractmethod
    def query(self, sql: str) -> Sequence[tuple[Any, ...]]: ...

    @abstractmethod
    def set_label(self, label: str) -> str:
        """The statement that labels the queries of a session from now on."""

    def label_queries(self, label: str) -> None:
        """Label the queries of all later sessions, and those of dbt by later profiles."""
        self._labels[:] = [label.replace("'", "")]

    def labelled_queries(self) -> Sequence[Query]:
        """The queries that the warehouse has finished with the current label; none without a label."""
        if not self._labels:
            return []
        rows = self.query(self.history.format(label=self._labels[0]))
        return [query_of(*row) for row in rows]

    def begin_labels(self, cursor: Any) -> None:
        """Label the queries of a session."""
        if self._labels:
            cursor.execute(self.set_label(self._labels[0]))

    @property
    def labelled_profile(self) -> dict[str, str]:
        """The label as a setting of a dbt profile."""
        return {self.label_setting: self._labels[0]} if self._labels else {}

    @cached_property
    def _labels(self) -> list[str]:
        return []


def query_of(query_id: Any, text: str | None, seconds: Any, bytes_read: Any) -> Query:
    """A row of a history."""
    node = _NODE.search(text or "")
    return Query(str(query_id), node[1] if node else "", float(seconds or 0), int(bytes_read or 0))
