"""The commerce stream: visits and orders of a web shop, as files and truth want them.

What a shop is and how its records are written is in `simulate.shop`; defects of any stream are in `simulate.defects`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from random import Random

import polars as pl

from simulate import dice
from simulate.plan import Plan, Slot
from simulate.shop import flaws, orders, records, sessions
from simulate.stream import Batch, Flaw, Record
from simulate.text import DAY

NOTHING = pl.lit("")
PLACED = sessions.FIRST_STEP + orders.STEPS.index(orders.PLACED)


class Commerce:
    """Satisfies `stream.Stream`."""

    name = "commerce"
    flaws: Mapping[str, Sequence[Flaw]] = flaws.FLAWS

    def batch(self, slot: Slot) -> Batch:
        """Visits and buying sessions of this part of the hour, and what earlier orders have to tell now."""
        plan, traffic = slot.plan, sessions.Traffic.of(slot.plan)
        numbers = slot.share_of(traffic.orders)
        visits = slot.share_of(traffic.visits)
        visits = range(sessions.VISITS + visits.start, sessions.VISITS + visits.stop)
        browsing = sessions.events(plan, _people(plan, sessions.numbered(slot.hour, visits)))
        buying = sessions.events(plan, _buyers(plan, sessions.numbered(slot.hour, numbers)))
        later = records.with_orders(records.with_people(plan, sessions.later_events(slot, numbers)))
        parts = [records.lines(browsing, NOTHING), records.lines(buying, records.order())]
        written = pl.concat([*parts, records.lines(later, records.order())]).sort("sent", maintain_order=True)
        sold = _sold(slot, buying)
        return Batch(
            written["line"], _dates(written["at"]), sum(row[2] for row in sold), {row[:2]: row[3] for row in sold}
        )

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
        browsing = _one_each(sessions.events(plan, _people(plan, _rows(visited))))
        buying = _one_each(sessions.events(plan, _buyers(plan, _rows(bought))))
        parts = [records.lines(browsing, NOTHING), records.lines(buying, records.order())]
        return pl.concat(parts)["line"].to_list()

    def spare(self, slot: Slot, count: int) -> list[str]:
        """The first event of orders that no other record names."""
        first = sessions.SPARES + (slot.part << 20)
        buyers = _buyers(slot.plan, sessions.numbered(slot.hour, range(first, first + count)))
        placed = sessions.events(slot.plan, buyers).filter(pl.col("event") == PLACED)
        return records.lines(placed, records.order())["line"].to_list()

    def amend(self, record: Record, random: Random) -> None:
        """See `flaws.amend`."""
        flaws.amend(record, random)


def _people(plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    return records.with_people(plan, sessions.sessions(plan, rows))


def _buyers(plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    return records.with_orders(_people(plan, rows))


def _rows(numbers: list[tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(numbers, schema={"hour": pl.Int64, "index": pl.Int64}, orient="row")


def _one_each(events: pl.DataFrame) -> pl.DataFrame:
    # By lot, so that any event of a session may be the one; a session picked twice gives one record.
    chosen = events.with_columns(lot=dice.roll("lot", "id")).sort("lot", maintain_order=True)
    return chosen.unique("key", keep="first", maintain_order=True).drop("lot")


def _dates(at: pl.Series) -> dict[date, int]:
    counts = pl.select(day=pl.lit(at) // DAY).group_by("day").len().sort("day")
    return {date(1970, 1, 1) + timedelta(days=day): count for day, count in counts.iter_rows()}


def _sold(slot: Slot, buying: pl.DataFrame) -> list[tuple[date, str, int, int]]:
    """Rows of (date of the order's first event, currency, completed orders, cents)."""
    done, waived = zip(*orders.ends(slot.hour, slot.plan.hours), strict=True)
    placed = buying.filter(pl.col("event") == PLACED).filter(pl.lit(pl.Series(done)).gather("life"))
    value = pl.when(pl.lit(pl.Series(waived)).gather("life")).then("waived").otherwise("total")
    valued = placed.select("currency", day=pl.col("at") // DAY, value=value)
    sums = valued.group_by("day", "currency").agg(pl.len(), pl.col("value").sum()).sort("day", "currency")
    return [(date(1970, 1, 1) + timedelta(days=day), *rest) for day, *rest in sums.iter_rows()]
