"""What good records add to the figures of gold, counted per event date (UTC) and summed file by file.

The arithmetic of figures belongs here; which record counts as what is the stream's affair.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl

from simulate.text import DAY

EPOCH = date(1970, 1, 1)
PEOPLE = {"day": pl.Int64, "user": pl.String, "anonymous": pl.String, "last": pl.Int64}
NOBODY = pl.DataFrame(schema=PEOPLE)


def dated(days: int) -> date:
    """The date that lies so many days after 1970-01-01."""
    return EPOCH + timedelta(days=days)


@dataclass(frozen=True)
class Tally:
    """Counts by event date: records, events by name, conversions, revenue by currency (cents), and who was there.

    `people`: one row per day and pair of `user` and `anonymous` id, of which either may be null, with the time of
    their `last` event (ms).
    """

    records: Mapping[date, int] = field(default_factory=dict)
    events: Mapping[tuple[date, str], int] = field(default_factory=dict)
    conversions: Mapping[date, int] = field(default_factory=dict)
    revenue: Mapping[tuple[date, str], int] = field(default_factory=dict)
    people: pl.DataFrame = field(default_factory=NOBODY.clone)

    @classmethod
    def of(cls, records: pl.DataFrame, names: Sequence[Sequence[str]]) -> Tally:
        """From one row per record, with `at` (ms), `event`, `user` and `anonymous`.

        `names` are, for each number of `event`, the events that such a record tells of. Where there are the columns
        `cents` and `currency`, records with `cents` are conversions, and those with a currency are worth that much.
        """
        rows = records.with_columns(day=pl.col("at") // DAY)
        counted: Counter[date] = Counter()
        named: Counter[tuple[date, str]] = Counter()
        for day, event, count in rows.group_by("day", "event").len().iter_rows():
            counted[dated(day)] += count
            for name in names[event]:
                named[dated(day), name] += count
        conversions, revenue = _sales(rows) if "cents" in rows.columns else ({}, {})
        return cls(counted, named, conversions, revenue, _people(rows))


def _sales(rows: pl.DataFrame) -> tuple[dict[date, int], dict[tuple[date, str], int]]:
    sold = rows.filter(pl.col("cents").is_not_null())
    conversions = {dated(day): count for day, count in sold.group_by("day").len().iter_rows()}
    sums = sold.drop_nulls("currency").group_by("day", "currency").agg(pl.col("cents").sum())
    return conversions, {(dated(day), currency): cents for day, currency, cents in sums.iter_rows()}


def _people(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("day", "user", "anonymous").agg(last=pl.col("at").max()).select(*PEOPLE)


@dataclass
class Total:
    """Tallies, added up."""

    records: Counter[date] = field(default_factory=Counter)
    events: Counter[tuple[date, str]] = field(default_factory=Counter)
    conversions: Counter[date] = field(default_factory=Counter)
    revenue: Counter[tuple[date, str]] = field(default_factory=Counter)
    _people: pl.DataFrame = field(default_factory=NOBODY.clone)
    _waiting: list[pl.DataFrame] = field(default_factory=list)

    def add(self, tally: Tally) -> None:
        """Adds one file's figures."""
        self.records.update(tally.records)
        self.events.update(tally.events)
        self.conversions.update(tally.conversions)
        self.revenue.update(tally.revenue)
        self._waiting.append(tally.people)
        # Seldom, and the less often the more there are: merging every file would cost the square of their number.
        if sum(map(len, self._waiting)) > 100_000 + len(self._people):
            self._merge()

    def _merge(self) -> None:
        merged = (
            pl.concat([self._people, *self._waiting]).group_by("day", "user", "anonymous").agg(pl.col("last").max())
        )
        self._people, self._waiting = merged.select(*PEOPLE), []

    @property
    def people(self) -> pl.DataFrame:
        """As `Tally.people`, in no order."""
        self._merge()
        return self._people


def active_users(people: Iterable[pl.DataFrame]) -> dict[date, int]:
    """Distinct stitched people per event date, of frames like `Tally.people` that share an identity space.

    Whoever has a user id is that user. An anonymous id is the user last seen with it, ever (of one time, the greatest
    id), else a person of its own; where there is neither, there is nobody.
    """
    rows = pl.concat([NOBODY, *people])
    linked = rows.drop_nulls(["user", "anonymous"]).sort("last", "user")
    owners = linked.group_by("anonymous").agg(owner=pl.col("user").last())
    who = pl.coalesce("user", "owner", "anonymous")
    found = rows.join(owners, on="anonymous", how="left").select("day", who=who).drop_nulls("who")
    return {
        dated(day): count for day, count in found.group_by("day").agg(pl.col("who").n_unique()).sort("day").iter_rows()
    }
