"""Empty ids and impossible times, from landing to gold: they make no person and stop no run."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal

import hostile
import pytest
import reading
from driving import Platform

from events.enriched import FIELDS

pytestmark = [pytest.mark.integration, pytest.mark.verify]
HOUR = dt.datetime(2026, 3, 1, 10)
VENDOR = "com.snowplowanalytics.snowplow"
BLANKS = ("", " ", "\t\u00a0\u2003")
CLIENT = f"{VENDOR}/client_session"
ACTION, TRANSACTION = f"{VENDOR}.ecommerce/snowplow_ecommerce_action", f"{VENDOR}.ecommerce/transaction"


def line(event_id: str, **fields: str) -> str:
    """An enriched event."""
    known = {"event_id": event_id, "event_name": "screen_view", "platform": "mob"}
    known["collector_tstamp"] = "2026-03-01 10:00:05.000"
    return "\t".join((known | fields).get(name, "") for name in FIELDS) + "\n"


def entity(schema: str, **data: object) -> dict[str, object]:
    return {"schema": f"iglu:{schema}/jsonschema/1-0-2", "data": data}


def described(kind: str, data: object) -> str:
    return json.dumps({"schema": f"iglu:{VENDOR}/{kind}/jsonschema/1-0-0", "data": data})


def session(user: object, visit: object) -> str:
    return described("contexts", [entity(CLIENT, userId=user, sessionId=visit)])


def events() -> Iterator[str]:
    """Users whose app has no id, an app without users in four requests, times outside the calendar, and an order."""
    for number, blank in enumerate((*BLANKS, None)):
        yield line(f"blank-{number}", user_id=f"u-{number}", network_userid="n", contexts=session(blank, blank))
    for number in range(4):
        yield line(f"app-{number}", network_userid=f"n-{number}", contexts=session("app", "visit"))
    times = {"dvce_created_tstamp": "2026-03-01 10:00:00", "dvce_sent_tstamp": "9999-05-28 13:13:23.260"}
    yield line("sent-late", **times)
    yield line("created-early", dvce_created_tstamp="0001-01-01 00:00:00", dvce_sent_tstamp="2026-03-01 10:00:06")
    yield line("known", user_id="u-0", derived_tstamp="2026-03-01 10:00:01",
               dvce_created_tstamp="0001-01-01 00:00:00", refr_device_tstamp="9999-12-31 23:59:59.999999")  # fmt: skip
    shop = described("contexts", [entity(TRANSACTION, transaction_id=" ", revenue="12.50", currency="EUR")])
    action = described("unstruct_event", entity(ACTION, type="transaction"))
    for number in range(2):
        yield line(f"order-{number}", user_id="u-0", contexts=shop, unstruct_event=action)


@pytest.fixture(scope="module")
def platform(make_platform) -> Platform:
    """An hour of the shop's guests and of trackers, up to gold."""
    platform = make_platform("nameless")
    guests = [hostile.order(number, customer={"customer_id": blank}) for number, blank in enumerate(BLANKS)]
    nameless = hostile.order(9, order={"order_id": BLANKS[1], "currency": "EUR", "total_amount": 1})
    platform.land(HOUR, "guests.json.gz", [*guests, nameless])
    platform.land(HOUR, "events.tsv", "".join(events()).encode(), "snowplow")
    platform.ingest(HOUR)
    platform.gold()
    return platform


def test_times_of_no_calendar_are_refused_alone(platform: Platform) -> None:
    """The others of the hour are in silver, also an event whose device clock says the year 1."""
    sql = "SELECT reason, count(*) FROM rejected GROUP BY 1"
    assert reading.query(platform.data, sql, "snowplow") == [("clock", 2)]
    reading.assert_conserved(platform.data, "snowplow")


def test_guests_are_no_customer(platform: Platform) -> None:
    """Each of their orders counts, and no guest is a person with a history."""
    assert reading.gold(platform.data, "SELECT count(*), count(customer_id) FROM marts.fct_orders") == [(3, 0)]
    of_the_shop = "SELECT count(*) FROM analytics.analytics_customer_summary WHERE identity_space = 'shop'"
    assert reading.gold(platform.data, of_the_shop) == [(0,)]
    assert reading.query(platform.data, "SELECT reason FROM rejected") == [("rule",)]


def test_only_real_ids_make_people(platform: Platform) -> None:
    """Four users without an app id are four people.

    An app is one person, however many cookies the collector gives it.
    """
    everybody = "identity_space = 'all' AND device_platform = 'all' AND app_id = 'all'"
    dau = f"SELECT dau FROM marts.daily_active_users WHERE {everybody} AND event_date = DATE '2026-03-01'"
    assert reading.gold(platform.data, dau) == [(5,)]


def test_orders_without_an_id_are_orders_each(platform: Platform) -> None:
    """A blank id would make them one order."""
    purchases = "SELECT DISTINCT purchase_id, value, currency FROM marts.attribution_credits WHERE stream = 'snowplow'"
    assert [row[1:] for row in reading.gold(platform.data, purchases)] == [(Decimal("12.50"), "EUR")] * 2
