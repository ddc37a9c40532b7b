"""A source of records where every record is one event of a session that follows a script.

Which sessions a file holds is decided here. Their times are in `sessions`, and the text of a record is in the stream's
own folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from simulate import dice
from simulate.counts import DateCounts
from simulate.plan import Plan, PlannedFile
from simulate.sessions import (
    FIRST_SPARE,
    Scripts,
    lateness,
    one_event_each,
    place_in_hour,
    session_events,
    session_rows,
    session_rows_of,
)
from simulate.stream import Batch


@dataclass(frozen=True)
class ScriptedSessions:
    """The events of scripted sessions. Satisfies `stream.Source`.

    `names[event]`: the names of the events that a record with that event number reports. `full_event`: the number of
    an event whose record has every field that a flaw needs. `write`: takes the rows of `session_events` and returns
    them in the same order with at least `at`, `event` and `line`, the record's text.
    """

    stream: str
    scripts: Scripts
    names: Sequence[Sequence[str]]
    full_event: int
    write: Callable[[Plan, pl.DataFrame], pl.DataFrame]

    @cached_property
    def _spare_script(self) -> Scripts:
        return Scripts([[self.full_event]])

    def _sessions_an_hour(self, plan: Plan) -> int:
        return max(1, round(plan.rate / self.scripts.mean))

    def _indexes(self, file: PlannedFile) -> range:
        return file.indexes(self._sessions_an_hour(file.plan))

    def _sessions(self, plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
        """Add `key`, `late`, `place` and `script` to rows of `hour` and `index`."""
        keyed = rows.with_columns(key=dice.key(plan.seed, self.stream, "hour", "index"))
        place = place_in_hour(pl.col("index") % FIRST_SPARE, self._sessions_an_hour(plan))
        return keyed.with_columns(late=lateness(plan), place=place, script=self.scripts.pick())

    def count(self, file: PlannedFile) -> int:
        """See `Source`."""
        sessions = self._sessions(file.plan, session_rows(file.hour, self._indexes(file)))
        return int(sessions.select(pl.lit(self.scripts.lengths).gather("script").sum()).item())

    def batch(self, file: PlannedFile) -> Batch:
        """See `Source`."""
        sessions = self._sessions(file.plan, session_rows(file.hour, self._indexes(file)))
        events = session_events(file.plan, sessions, self.scripts).sort("sent", maintain_order=True)
        records = self.write(file.plan, events)
        return Batch(records["line"], DateCounts.of(records, self.names))

    def repeat(self, plan: Plan, picks: Sequence[tuple[PlannedFile, float]]) -> list[str]:
        """One event of one session of each file."""
        chosen = [
            (file.hour, indexes[int(number * len(indexes))])
            for file, number in picks
            if (indexes := self._indexes(file))
        ]
        sessions = self._sessions(plan, session_rows_of(chosen))
        return self.write(plan, one_event_each(session_events(plan, sessions, self.scripts)))["line"].to_list()

    def spares(self, file: PlannedFile, count: int) -> list[str]:
        """Sessions of one full event, with indexes that no other session has."""
        first = FIRST_SPARE + (file.part << 20)
        sessions = self._sessions(file.plan, session_rows(file.hour, range(first, first + count)))
        events = session_events(file.plan, sessions.with_columns(script=pl.lit(0, pl.Int64)), self._spare_script)
        return self.write(file.plan, events)["line"].to_list()
