"""The commerce stream's declaration, and the source of its records: sessions, and later events of orders."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from simulate.commerce import flaws, orders, records, sessions
from simulate.counts import DateCounts
from simulate.formats import Json
from simulate.landing import RecordFiles
from simulate.plan import Plan, PlannedFile
from simulate.sessions import FIRST_SPARE, one_event_each, session_rows, session_rows_of
from simulate.stream import Batch, Stream

NO_ORDER = pl.lit("")
ORDER_PLACED = sessions.FIRST_ORDER_EVENT + orders.STEPS.index(orders.PLACED)
NAMES = [(name,) for name in sessions.EVENT_NAMES]


class CommerceSource:
    """Satisfies `stream.Source`."""

    def count(self, file: PlannedFile) -> int:
        """See `Source`. Later events of orders cannot be counted without making them."""
        return len(self.batch(file).lines)

    def batch(self, file: PlannedFile) -> Batch:
        """See `Source`. Visits and buying sessions of this part of the hour, and later events of earlier orders."""
        plan, traffic = file.plan, sessions.Traffic.of(file.plan)
        order_numbers, visit_numbers = file.indexes(traffic.orders), file.indexes(traffic.visits)
        visits = range(sessions.FIRST_VISIT + visit_numbers.start, sessions.FIRST_VISIT + visit_numbers.stop)
        later = records.add_orders(records.add_people(plan, sessions.later_events(file, order_numbers)))
        lines = [
            _visit_lines(sessions.events(plan, _visitors(plan, session_rows(file.hour, visits)))),
            _order_lines(sessions.events(plan, _buyers(plan, session_rows(file.hour, order_numbers)))),
            _order_lines(later),
        ]
        landed = pl.concat(lines).sort("sent", maintain_order=True)
        return Batch(landed["line"], DateCounts.of(landed, NAMES))

    def repeat(self, plan: Plan, picks: Sequence[tuple[PlannedFile, float]]) -> list[str]:
        """One event of one session of each file. Later events of orders are never repeated."""
        traffic = sessions.Traffic.of(plan)
        buying: list[tuple[int, int]] = []
        visiting: list[tuple[int, int]] = []
        for file, number in picks:
            order_numbers, visit_numbers = file.indexes(traffic.orders), file.indexes(traffic.visits)
            chosen = int(number * (len(order_numbers) + len(visit_numbers)))
            if chosen < len(order_numbers):
                buying.append((file.hour, order_numbers[chosen]))
            elif visit_numbers:
                visiting.append((file.hour, sessions.FIRST_VISIT + visit_numbers[chosen - len(order_numbers)]))
        visits = one_event_each(sessions.events(plan, _visitors(plan, session_rows_of(visiting))))
        orders = one_event_each(sessions.events(plan, _buyers(plan, session_rows_of(buying))))
        return pl.concat([_visit_lines(visits), _order_lines(orders)])["line"].to_list()

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
