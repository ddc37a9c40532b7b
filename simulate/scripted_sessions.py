"""A source of records where every record is one event of a session that follows a script.

Which sessions a file holds is decided here. Their times are in `sessions`, and the text of a record is in the stream's
own folder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from simulate import dice
from simulate.blocks import BlockSource
from simulate.plan import Plan, PlannedFile
from simulate.population import add_people
from simulate.scripts import Scripts
from simulate.sessions import (
    FIRST_SPARE,
    lateness,
    one_event_each,
    place_in_hour,
    session_events,
    session_rows,
    session_rows_of,
)
from simulate.traffic import is_invited, sessions_an_hour


@dataclass(frozen=True, eq=False)
class ScriptedSessions(BlockSource):
    """The events of scripted sessions. Satisfies `stream.Source`.

    `space`: the identity space; streams of one space share people. `names[event]`: the names of the events that a
    record with that event number reports. `full_event`: the number of an event whose record has every field that a
    flaw needs. `write`: takes the rows of `session_events`, which also have `person`, `bot` and `invited`, and returns
    them in the same order with at least `at`, `event` and `line`, the record's text.
    """

    stream: str
    space: str
    scripts: Scripts
    names: Sequence[Sequence[str]]
    full_event: int
    write: Callable[[Plan, pl.DataFrame], pl.DataFrame]

    def _sessions_an_hour(self, plan: Plan, hour: int) -> int:
        return sessions_an_hour(plan, hour, self.scripts.mean)

    def _rows(self, block: PlannedFile) -> pl.DataFrame:
        return session_rows(block.hour, block.indexes(self._sessions_an_hour(block.plan, block.hour)))

    def _scripted(self, plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
        """Add `key`, `bot`, `invited` and `script` to rows of `hour` and `index`."""
        keyed = rows.with_columns(key=dice.key(plan.seed, self.stream, "hour", "index"))
        return keyed.with_columns(bot=self.scripts.is_bot(), invited=is_invited(plan)).with_columns(
            script=self.scripts.pick()
        )

    def _events(self, plan: Plan, sessions: pl.DataFrame, scripts: Scripts) -> pl.DataFrame:
        """The events of scripted sessions, with the people who cause them."""
        hours = sessions["hour"].unique()
        counts = pl.Series([self._sessions_an_hour(plan, hour) for hour in hours], dtype=pl.Int64)
        place = place_in_hour(pl.col("index") % FIRST_SPARE, pl.col("hour").replace_strict(hours, counts))
        placed = sessions.with_columns(late=lateness(plan), place=place, number="index")
        return session_events(plan, add_people(plan, self.space, self.stream, placed, self.scripts.mean), scripts)

    def count_block(self, block: PlannedFile) -> int:
        """See `BlockSource`."""
        sessions = self._scripted(block.plan, self._rows(block))
        return int(sessions.select(pl.lit(self.scripts.lengths).gather("script").sum()).item())

    def make_block(self, block: PlannedFile) -> pl.DataFrame:
        """See `BlockSource`."""
        sessions = self._scripted(block.plan, self._rows(block))
        events = self._events(block.plan, sessions, self.scripts)
        return self.write(block.plan, events.sort("sent", maintain_order=True))

    def repeat(self, plan: Plan, picks: Sequence[tuple[int, float]]) -> list[str]:
        """One event of one session of each hour."""
        chosen = [(hour, int(number * self._sessions_an_hour(plan, hour))) for hour, number in picks]
        sessions = self._scripted(plan, session_rows_of(chosen))
        return self.write(plan, one_event_each(self._events(plan, sessions, self.scripts)))["line"].to_list()

    def spares(self, file: PlannedFile, count: int) -> list[str]:
        """Sessions of one full event, with indexes that no other session has."""
        first = FIRST_SPARE + (file.part << 20)
        sessions = self._scripted(file.plan, session_rows(file.hour, range(first, first + count)))
        people = sessions.with_columns(script=pl.lit(0, pl.Int64), bot=pl.lit(False))
        alone = Scripts([[self.full_event]], views=self.scripts.views)
        return self.write(file.plan, self._events(file.plan, people, alone))["line"].to_list()
