"""Silver's rows as events, in plain Python: no SQL, no data frames.

How a row of each stream becomes an event belongs here. Figures, which are computed from events, do not.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

BOTS = Path(__file__).resolve().parents[3] / "dbt" / "seeds" / "bot_user_agents.csv"
Row = Mapping[str, Any]
Person = tuple[str, str]
"""An identity space and the id of a person in it."""
TableRows = set[tuple[object, ...]]
"""The rows that a gold table must hold."""


def _order_words(*words: str) -> set[str]:
    return {*words, *(f"order_{word}" for word in words)}


REVERSALS = _order_words("cancelled", "canceled")
COMPLETIONS = _order_words("completed", "fulfilled")
REFUNDS = _order_words("refunded", "returned")
PARTIAL_REFUNDS = _order_words("partially_refunded", "partially_returned")


@dataclass(frozen=True)
class Event:
    """One event of any stream. `sequence` orders events of one record; `row` is silver's whole row."""

    stream: str
    space: str
    id: str
    name: str
    at: dt.datetime
    user: str | None = None
    anonymous: str | None = None
    session: str | None = None
    device: str | None = None
    channel: str | None = None
    category: str | None = None
    sequence: int = 1
    view: bool = False
    converts: bool = False
    value: Decimal | None = None
    currency: str | None = None
    order: str | None = None
    orders: bool = False  # an event of an order that can be reversed
    line: bool = False  # one line of a purchase
    refunds: bool = False  # refunds a purchase, wholly or in part
    only_refund: bool = False  # is about nothing else
    refunded: Decimal | None = None  # the amount; None for all that is left
    action: str | None = None
    bot: bool = False
    row: Row = field(default_factory=dict, hash=False)

    @property
    def date(self) -> dt.date:
        return self.at.astimezone(dt.UTC).date()

    @property
    def conversion(self) -> str:
        """The id of the conversion that the event belongs to: its order, or the event itself."""
        return f"o{self.order}" if self.order is not None else f"e{self.id}"

    @property
    def moment(self) -> tuple[dt.datetime, int]:
        """Sorts events by time, and by sequence where times are equal."""
        return self.at, self.sequence


def _common(row: Row) -> dict[str, Any]:
    return {
        "at": row["event_at"],
        "user": row["user_id"],
        "anonymous": row["anonymous_id"],
        "session": row["session_id"],
        "device": row["device_platform"],
        "row": row,
    }


def _is_bot(row: Row) -> bool:
    """By a text of the seed in the user agent, or by what IAB and YAUAA say of it."""
    if row["iab_is_bot"] or any(
        (row[name] or "").startswith("Robot") for name in ("yauaa_device_class", "yauaa_agent_class")
    ):
        return True
    return row["useragent"] is not None and any(text in f"^{row['useragent']}$" for text in _bot_texts())


@cache
def _bot_texts() -> list[str]:
    with BOTS.open(newline="") as file:
        return [row["pattern"] for row in csv.DictReader(file)]


def read_snowplow(row: Row) -> Iterable[Event]:
    bought = row["event_name"] in ("transaction", "purchase") or row["ecommerce_action"] == "transaction"
    value = row["ecommerce_revenue"] if row["tr_total"] is None else row["tr_total"]
    refund, line = row["ecommerce_action"] == "refund", row["event_name"] == "transaction_item"
    amount = row["ecommerce_refund_amount"]
    if bought:
        order, currency = (
            row["tr_orderid"] or row["ecommerce_transaction_id"],
            row["tr_currency"] or row["ecommerce_currency"],
        )
    elif refund:
        order, currency = (
            row["ecommerce_refund_id"] or row["ecommerce_transaction_id"],
            row["ecommerce_refund_currency"],
        )
    elif line:
        order, currency = row["ti_orderid"] or row["tr_orderid"], row["ti_currency"] or row["tr_currency"]
    else:
        order = currency = None
    referrer = row["refr_medium"] if row["refr_medium"] != "internal" else None
    channel = row["mkt_medium"] or row["mkt_source"] or referrer
    yield Event(
        "snowplow", "site", row["event_id"], row["event_name"] or row["event"] or "unknown", **_common(row),
        channel=channel and channel.lower(), category=row["ti_category"],
        view=row["event_name"] in ("page_view", "screen_view"), bot=_is_bot(row),
        converts=bought, value=value if bought else None, currency=currency, order=order, line=line, refunds=refund,
        only_refund=refund and not bought, refunded=abs(amount) if refund and amount is not None else None,
        action=row["ecommerce_action"],
    )  # fmt: skip


def read_mobile(row: Row) -> Iterable[Event]:
    journey = row["_key"].hex()
    steps = [row["initial_event"], row["event_2"], row["event_3"], row["event_out"]]
    last = max(number for number, step in enumerate(steps, 1) if step is not None)
    ordered = row["order_type"].upper() != "USER_VISIT"
    completed = ordered and row["status"].upper() == "COMPLETED"
    for number, step in enumerate(steps, 1):
        if step is not None:
            yield Event(
                "mobile", "app", f"{journey}-{number}", step, **_common(row), sequence=number,
                converts=completed and number == last, order=journey if ordered else None,
            )  # fmt: skip


def read_web(row: Row) -> Iterable[Event]:
    key, described = row["_key"].hex(), {**row, "operating_system": row["platform"]}
    yield Event(
        "web", "community", key, row["event_name"], **_common(described), category=row["entity_type"], view=True
    )


ACTIONS = {
    "page_view": "product_view",
    "add_to_cart": "add_to_cart",
    "remove_from_cart": "remove_from_cart",
    "purchase": "transaction",
}
"""The actions of the storefront, in the words that all shops share."""


def read_clickstream(row: Row) -> Iterable[Event]:
    bought = row["event_name"] == "purchase"
    yield Event(
        "clickstream", "site", row["_key"].hex(), row["event_name"], **_common(row), category=row["category"],
        view=row["event_name"] == "page_view", converts=bought,
        value=row["price"] * row["quantity"] if bought else None, currency=row["currency"],
        order=row["order_id"] if bought else None, line=bought, action=ACTIONS.get(row["event_name"]),
    )  # fmt: skip


def is_order_event(row: Row) -> bool:
    """Whether a row of commerce is an event of an order."""
    name, words = _normalized(row["event_name"]), COMPLETIONS | REVERSALS | REFUNDS | PARTIAL_REFUNDS
    if row["refunded_order_id"] is not None:
        return True
    return row["order_id"] is not None and (name.startswith("order_") or name in words)


def is_only_refund(row: Row) -> bool:
    """Whether a row of commerce is about a refund and nothing else."""
    total, name = row["order_total"], _normalized(row["event_name"])
    negative = total is not None and total < 0
    return row["refunded_order_id"] is not None or negative or name in REFUNDS | PARTIAL_REFUNDS


def completes_order(row: Row) -> bool | None:
    """True for an event that completes its order, False for one that reverses it, None for any other."""
    name, status = _normalized(row["event_name"]), _normalized(row["order_status"] or "")
    if name in REVERSALS or status in REVERSALS:
        return False
    return True if name in COMPLETIONS else None


def _normalized(text: str) -> str:
    return re.sub("[ .-]", "_", text.strip().lower())


def read_commerce(row: Row) -> Iterable[Event]:
    ordered, only = is_order_event(row), is_only_refund(row)
    completes = ordered and not only and completes_order(row) is True
    amount = row["refund_amount"] or (row["order_total"] if only else None) or None
    status = _normalized(row["order_status"] or "")
    refund = ordered and (only or bool(row["refund_amount"]) or status in REFUNDS)
    yield Event(
        "commerce", "shop", row["event_id"], row["event_name"], **_common(row), channel=row["channel"],
        view=row["event_name"] == "page_view", converts=completes, value=row["order_total"] if completes else None,
        currency=row["currency"], order=row["refunded_order_id"] or row["order_id"], orders=ordered, refunds=refund,
        only_refund=ordered and only, refunded=abs(amount) if refund and amount else None,
        action=row["event_name"] if row["event_name"] in ("product_view", "add_to_cart", "remove_from_cart") else None,
    )  # fmt: skip


def read_events(row: Row) -> Iterable[Event]:
    converts, refunded = row["is_conversion"], row["refund_value"]
    yield Event(
        "events", row["identity_space"], row["event_id"], row["event_name"], **_common(row), channel=row["channel"],
        category=row["category"], view=row["is_view"], converts=converts, value=row["value"] if converts else None,
        currency=row["currency"], order=row["order_id"], line=row["is_order_line"], refunds=refunded is not None,
        only_refund=refunded is not None and not converts, refunded=refunded and abs(refunded), action=row["action"],
    )  # fmt: skip


READERS = {
    "snowplow": read_snowplow,
    "mobile": read_mobile,
    "web": read_web,
    "clickstream": read_clickstream,
    "commerce": read_commerce,
    "events": read_events,
}
"""By stream, what turns a row of silver into its events."""


@dataclass(frozen=True)
class World:
    """The events up to a date, in order, and who each anonymous id is as of that date.

    `events` are those that figures count; `all_events` has those of bots as well. `stands_for`: by identity space and
    anonymous id, the user id and the time at which both were last seen together. `seeded`: by seed, rows that its table
    has beside those of its file.
    """

    events: list[Event]
    all_events: list[Event]
    as_of: dt.date
    stands_for: Mapping[Person, tuple[str, dt.datetime]]
    seeded: Mapping[str, Sequence[Row]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        silver: Mapping[str, Iterable[Row]],
        as_of: dt.date | None = None,
        seeded: Mapping[str, Sequence[Row]] | None = None,
    ) -> World:
        """From silver's rows by stream; `as_of` defaults to the last event date."""
        unsorted = (event for stream, rows in silver.items() for row in rows for event in READERS[stream](row))
        events = sorted(unsorted, key=lambda event: (*event.moment, event.id))
        last = as_of or max(event.date for event in events)
        events = [event for event in events if event.date <= last]
        counted = [event for event in events if not event.bot]
        links: dict[Person, tuple[dt.datetime, str]] = {}
        for event in counted:
            if event.user is not None and event.anonymous is not None:
                key = (event.space, event.anonymous)
                links[key] = max(links.get(key, (event.at, event.user)), (event.at, event.user))
        return cls(counted, events, last, {key: (user, at) for key, (at, user) in links.items()}, seeded or {})

    def person(self, event: Event) -> Person | None:
        """The person of an event; None where it has no id."""
        if event.user is not None:
            return event.space, event.user
        if event.anonymous is None:
            return None
        return self.stitched(event.space, event.anonymous)

    def stitched(self, space: str, anonymous: str) -> Person:
        """The person that an anonymous id stands for."""
        return space, self.stands_for.get((space, anonymous), (anonymous,))[0]

    def of_stream(self, stream: str) -> list[Event]:
        return [event for event in self.events if event.stream == stream]
