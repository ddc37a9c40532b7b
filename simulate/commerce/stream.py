"""The commerce stream: visits and orders of a web shop, as files and truth want them.

Orders, sessions and the text of records are in the modules beside this one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import polars as pl

from simulate.commerce import flaws, orders, records, sessions
from simulate.files import Files
from simulate.formats import Json
from simulate.plan import Plan, Slot
from simulate.sessions import SPARES, numbered, one_each, rows
from simulate.stream import Batch, Stream
from simulate.tally import Tally, dated
from simulate.text import DAY

NOTHING = pl.lit("")
PLACED = sessions.FIRST_STEP + orders.STEPS.index(orders.PLACED)
NAMES = [(name,) for name in sessions.EVENT_NAMES]


class Shop:
    """Satisfies `stream.Source`."""

    def count(self, slot: Slot) -> int:
        """See `Source`. What earlier orders have to tell now cannot be counted without making it."""
        return len(self.batch(slot).lines)

    def batch(self, slot: Slot) -> Batch:
        """Visits and buying sessions of this part of the hour, and what earlier orders have to tell now."""
        plan, traffic = slot.plan, sessions.Traffic.of(slot.plan)
        numbers = slot.share_of(traffic.orders)
        visits = slot.share_of(traffic.visits)
        visits = range(sessions.VISITS + visits.start, sessions.VISITS + visits.stop)
        browsing = sessions.events(plan, _people(plan, numbered(slot.hour, visits)))
        buying = sessions.events(plan, _buyers(plan, numbered(slot.hour, numbers)))
        later = records.with_orders(records.with_people(plan, sessions.later_events(slot, numbers)))
        parts = [records.lines(browsing, NOTHING), records.lines(buying, records.order())]
        written = pl.concat([*parts, records.lines(later, records.order())]).sort("sent", maintain_order=True)
        conversions, revenue = _sold(slot, buying)
        return Batch(written["line"], replace(Tally.of(written, NAMES), conversions=conversions, revenue=revenue))

    def again(self, plan: Plan, picks: Sequence[tuple[Slot, float]]) -> list[str]:
        """One event of one session of each slot; sessions' own events only."""
        traffic = sessions.Traffic.of(plan)
        bought: list[tuple[int, int]] = []
        visited: list[tuple[int, int]] = []
        for slot, number in picks:
            numbers, visits = slot.share_of(traffic.orders), slot.share_of(traffic.visits)
            chosen = int(number * (len(numbers) + len(visits)))
            if chosen < len(numbers):
                bought.append((slot.hour, numbers[chosen]))
            elif visits:
                visited.append((slot.hour, sessions.VISITS + visits[chosen - len(numbers)]))
        browsing = one_each(sessions.events(plan, _people(plan, rows(visited))))
        buying = one_each(sessions.events(plan, _buyers(plan, rows(bought))))
        parts = [records.lines(browsing, NOTHING), records.lines(buying, records.order())]
        return pl.concat(parts)["line"].to_list()

    def spare(self, slot: Slot, count: int) -> list[str]:
        """The first event of orders that no other record names."""
        first = SPARES + (slot.part << 20)
        buyers = _buyers(slot.plan, numbered(slot.hour, range(first, first + count)))
        placed = sessions.events(slot.plan, buyers).filter(pl.col("event") == PLACED)
        return records.lines(placed, records.order())["line"].to_list()


def _people(plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    return records.with_people(plan, sessions.sessions(plan, rows))


def _buyers(plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    return records.with_orders(_people(plan, rows))


def _sold(slot: Slot, buying: pl.DataFrame) -> tuple[Counter[date], Counter[tuple[date, str]]]:
    """Completed orders by the date of their first event, and their cents by that and the currency."""
    done, waived = zip(*orders.ends(slot.hour, slot.plan.hours), strict=True)
    placed = buying.filter(pl.col("event") == PLACED).filter(pl.lit(pl.Series(done)).gather("life"))
    value = pl.when(pl.lit(pl.Series(waived)).gather("life")).then("waived").otherwise("total")
    valued = placed.select("currency", day=pl.col("at") // DAY, value=value)
    conversions: Counter[date] = Counter()
    revenue: Counter[tuple[date, str]] = Counter()
    for day, currency, count, cents in valued.group_by("day", "currency").agg(pl.len(), pl.sum("value")).iter_rows():
        conversions[dated(day)] += count
        revenue[dated(day), currency] += cents
    return conversions, revenue


COMMERCE = Stream(
    name="commerce",
    identity_space="shop",
    source=Shop(),
    format=Json(),
    transport=Files(("%Y/%m/%d/%H/events_{part}.json.gz",)),
    flaws=flaws.FLAWS,
    amendments=(flaws.amend,),
    personal={"customer.email": "email", "customer.first_name": "name", "customer.last_name": "name"},
)
