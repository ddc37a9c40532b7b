"""The commerce stream's declaration, and the source of its records: sessions, and later events of orders."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from simulate.blocks import BlockSource
from simulate.commerce import flaws, orders, records, sessions
from simulate.formats import Json
from simulate.landing import RecordFiles
from simulate.plan import Plan, PlannedFile
from simulate.sessions import FIRST_SPARE, one_event_each, session_rows, session_rows_of
from simulate.stream import Stream

NO_ORDER = pl.lit("")
ORDER_PLACED = sessions.FIRST_ORDER_EVENT + orders.STEPS.index(orders.PLACED)
NAMES = [(name,) for name in sessions.EVENT_NAMES]


class CommerceSource(BlockSource):
    """Satisfies `stream.Source`."""

    names = NAMES

    def count_block(self, block: PlannedFile) -> int:
        """See `BlockSource`. Later events of orders cannot be counted without making them."""
        return len(self.make_block(block))

    def make_block(self, block: PlannedFile) -> pl.DataFrame:
        """See `BlockSource`. Visits and buying sessions, and later events of earlier orders."""
        plan, traffic = block.plan, sessions.Traffic.of(block.plan, block.hour)
        numbers = block.indexes(traffic.visits)
        visits = range(sessions.FIRST_VISIT + numbers.start, sessions.FIRST_VISIT + numbers.stop)
        buyers = session_rows(block.hour, block.indexes(traffic.orders))
        later = records.add_orders(records.add_people(plan, sessions.later_events(block)))
        later = later.with_columns(session_id=pl.lit("null"))  # they come from the shop's servers
        lines = [
            _visit_lines(sessions.events(plan, _visitors(plan, session_rows(block.hour, visits)))),
            _order_lines(sessions.events(plan, _buyers(plan, buyers))),
            _order_lines(later),
        ]
        return pl.concat(lines).sort("sent", maintain_order=True)

    def repeat(self, plan: Plan, picks: Sequence[tuple[int, float]]) -> list[str]:
        """One event of one session of each hour. Later events of orders are never repeated."""
        buying: list[tuple[int, int]] = []
        visiting: list[tuple[int, int]] = []
        for hour, number in picks:
            traffic = sessions.Traffic.of(plan, hour)
            chosen = int(number * (traffic.orders + traffic.visits))
            if chosen < traffic.orders:
                buying.append((hour, chosen))
            else:
                visiting.append((hour, sessions.FIRST_VISIT + chosen - traffic.orders))
        lines: list[str] = []
        if visiting:
            visits = one_event_each(sessions.events(plan, _visitors(plan, session_rows_of(visiting))))
            lines += _visit_lines(visits)["line"].to_list()
        if buying:
            orders = one_event_each(sessions.events(plan, _buyers(plan, session_rows_of(buying))))
            lines += _order_lines(orders)["line"].to_list()
        return lines

    def spares(self, file: PlannedFile, count: int) -> list[str]:
        """The first event of orders that no other record is about."""
        first = FIRST_SPARE + (file.part << 20)
        buyers = _buyers(file.plan, session_rows(file.hour, range(first, first + count)))
        placed = sessions.events(file.plan, buyers).filter(pl.col("event") == ORDER_PLACED)
        return _order_lines(placed)["line"].to_list()


def _visitors(plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    return records.add_people(plan, sessions.add_sessions(plan, rows))


def _buyers(plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    return records.add_orders(_visitors(plan, rows))


def _visit_lines(events: pl.DataFrame) -> pl.DataFrame:
    return records.write_records(events, NO_ORDER)


def _order_lines(events: pl.DataFrame) -> pl.DataFrame:
    return records.write_records(events, records.order_member())


COMMERCE = Stream(
    name="commerce",
    source=CommerceSource(),
    format=Json(),
    transport=RecordFiles(("%Y/%m/%d/%H/events_{part}.json.gz",)),
    flaws=flaws.FLAWS,
    amendments=(flaws.amend,),
    personal={"customer.email": "email", "customer.first_name": "name", "customer.last_name": "name"},
)
