"""A stream's records where each is an event of a session that follows a script.

What to make of an index is decided here; how sessions unfold is in `sessions`, and what records say is the stream's
affair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from simulate import dice
from simulate.plan import Plan, Slot
from simulate.sessions import SPARES, Scripts, late, numbered, one_each, place, rows, unfold
from simulate.stream import Batch
from simulate.tally import Tally


@dataclass(frozen=True)
class Visits:
    """A stream's records where each is an event of a session. Satisfies `stream.Source`.

    `written` adds `line` (the record's text), `user` and `anonymous` to the rows of `unfold`, and `cents` and
    `currency` where there are sales. `names`: what each number of an event is called in the figures. `full`: the event
    whose record has every field that a flaw could want.
    """

    stream: str
    scripts: Scripts
    names: Sequence[Sequence[str]]
    full: int
    written: Callable[[Plan, pl.DataFrame], pl.DataFrame]

    @cached_property
    def _alone(self) -> Scripts:
        return Scripts([[self.full]])

    def _an_hour(self, plan: Plan) -> int:
        return max(1, round(plan.rate / self.scripts.mean))

    def _numbers(self, slot: Slot) -> range:
        return slot.share_of(self._an_hour(slot.plan))

    def _visitors(self, plan: Plan, numbers: pl.DataFrame) -> pl.DataFrame:
        keyed = numbers.with_columns(key=dice.key(plan.seed, self.stream, "hour", "index"))
        where = place(pl.col("index") % SPARES, self._an_hour(plan))
        return keyed.with_columns(late=late(plan), place=where, script=self.scripts.pick())

    def count(self, slot: Slot) -> int:
        """See `Source`."""
        visitors = self._visitors(slot.plan, numbered(slot.hour, self._numbers(slot)))
        return int(visitors.select(pl.lit(self.scripts.lengths).gather("script").sum()).item())

    def batch(self, slot: Slot) -> Batch:
        """See `Source`."""
        visitors = self._visitors(slot.plan, numbered(slot.hour, self._numbers(slot)))
        events = unfold(slot.plan, visitors, self.scripts).sort("sent", maintain_order=True)
        records = self.written(slot.plan, events)
        return Batch(records["line"], Tally.of(records, self.names))

    def again(self, plan: Plan, picks: Sequence[tuple[Slot, float]]) -> list[str]:
        """One event of one session of each slot."""
        found = [(slot.hour, held[int(number * len(held))]) for slot, number in picks if (held := self._numbers(slot))]
        events = one_each(unfold(plan, self._visitors(plan, rows(found)), self.scripts))
        return self.written(plan, events)["line"].to_list()

    def spare(self, slot: Slot, count: int) -> list[str]:
        """Sessions of one full event that no other record belongs to."""
        first = SPARES + (slot.part << 20)
        visitors = self._visitors(slot.plan, numbered(slot.hour, range(first, first + count)))
        events = unfold(slot.plan, visitors.with_columns(script=pl.lit(0, pl.Int64)), self._alone)
        return self.written(slot.plan, events)["line"].to_list()
