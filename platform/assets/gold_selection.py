"""Gold selection: which models a gold run builds, as functions of what changed.

Belongs here: models and seeds by their streams and code. Not here: which of their rows are rebuilt (`lake.rebuild`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from assets.gold_translator import built_nodes, streams_of
from lake.changed_dates import ChangedDates
from lake.rebuild import union
from partitions import DATE_FORMAT


def nodes_to_build(
    changes: Mapping[str, ChangedDates | None], asked: Collection[str], other_code: Collection[str]
) -> set[str]:
    """The unique ids of the models and seeds that a run builds.

    `changes`: what differs in silver, by the stream's name. `asked`: event dates to rebuild in any case. `other_code`:
    the nodes whose tables other code made.
    """
    known = union(changes.values())
    changed_dates = {date.strftime(DATE_FORMAT) for date in known.dates} if known is not None else set()
    if not set(asked) <= changed_dates:  # somebody wants dates that did not change, so in all models
        return set(built_nodes())
    return {name for name in built_nodes() if streams_of(name) & changes.keys()}.union(other_code)


def is_released(facts: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether the facts of gold's last release are as wanted: its code, its last event date, its published marts.

    If not, a run before this one may have built the tables, and may have failed in a data test.
    """
    return all(facts.get(name) == value for name, value in wanted.items())
