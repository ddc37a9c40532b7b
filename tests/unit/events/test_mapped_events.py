"""Streams made of a mapping: records of three producers get the same columns; a wrong mapping says what is wrong."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from landed import conformer, outcome, outcomes, table

from contracts.events import EVENTS
from contracts.mapped_events import mapped_stream
from contracts.mapping import Constant, DateAndTime, EventMapping, Items
from contracts.stream import Stream
from contracts.times import Epoch, LocalTime

FACTS = {"version": "1.0.0", "owner": "team:data", "description": "Events", "identity_space": "shop"}


def stream(*, nulls: tuple[str, ...] = ("",), **mapped: Any) -> Stream:
    """A stream with a mapping, in which names and times are `event` and `time` unless they are given."""
    return mapped_stream(
        EventMapping(**{"event_name": "event", "event_at": "time", **mapped}), name="other", nulls=nulls, **FACTS
    )


ORDERS = stream(
    event_name=Constant("order"),
    event_at="Date",
    time=LocalTime("%d.%m.%Y %H:%M", "Europe/Berlin"),
    user_id="Customer",
    order_id="Invoice",
    currency=Constant("EUR"),
    items=Items(product_id="SKU", product_name="Description", unit_price="Price", quantity="Qty"),
    conversions=("order",),
    delimiter=";",
    encoding="cp1252",
    decimal_comma=True,
    properties=("Country", "Coupon"),
)
HEADER = "Invoice;Date;Customer;SKU;Description;Price;Qty;Country;Coupon"


def order(row: str) -> dict[str, Any]:
    return outcome(ORDERS, row, HEADER)


def test_a_row_of_an_order_export_is_a_conversion() -> None:
    """Local summer time, a decimal comma with dots between thousands, and one item made of the row's own fields."""
    row = order("A7;29.07.2024 00:39;c9;s1;Tisch, groß;1.234,50;2;DE;")
    assert row["event_at"] == dt.datetime(2024, 7, 28, 22, 39, tzinfo=dt.UTC)
    assert (row["event_name"], row["user_id"], row["order_id"]) == ("order", "c9", "A7")
    assert (row["value"], row["currency"], row["is_conversion"]) == (Decimal(2469), "EUR", True)
    assert row["items"] == [
        {"product_id": "s1", "product_name": "Tisch, groß", "product_category": None,
         "unit_price": Decimal("1234.5"), "quantity": 2}
    ]  # fmt: skip
    assert (row["product_id"], row["product_name"], row["price"], row["quantity"]) == (
        "s1", "Tisch, groß", Decimal("1234.5"), 2
    )  # fmt: skip
    assert row["properties"] == '{"Country":"DE"}'
    assert (row["is_order_line"], row["refund_value"], row["identity_space"]) == (True, None, "shop")


def test_a_returned_line_is_a_refund() -> None:
    row = order("C7;30.07.2024 09:00;c9;s1;;1.234,50;-1;;")
    assert (row["is_conversion"], row["refund_value"], row["value"]) == (False, Decimal("1234.5"), Decimal("-1234.5"))
    assert row["items"][0]["quantity"] == -1


def test_a_row_without_an_item_has_no_value() -> None:
    row = order("A8;30.07.2024 09:00;c9;;;;;;")
    assert (row["items"], row["value"], row["is_conversion"]) == (None, None, True)


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        ("A;31.02.2024 09:00;c;s;;1,00;1;;", "type", "'31.02.2024 09:00' is no time like %d.%m.%Y %H:%M"),
        ("A;31.03.2024 02:30;c;s;;1,00;1;;", "type", "'31.03.2024 02:30' is no time like %d.%m.%Y %H:%M"),
        ("A;;c;s;;1,00;1;;", "missing", "event_at: required"),
        ("A;30.07.2024 09:00;c;s;;1.50;1;;", "type", "items: unit_price: '1.50' has no decimal comma"),
        ("A;30.07.2024 09:00;c;s;;1,00;x;;", "type", "items: quantity: 'x' is no 64-bit integer"),
        ("A;30.07.2024 09:00;c;s;;1,00;1000001;;", "rule", "quantity is from -1000000 to 1000000"),
        ("A;30.07.2024 09:00;c;s;;1000000000000,00;2;;", "rule", "value: less_than_or_equal_to(1000000000000)"),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason(row: str, reason: str, detail: str) -> None:
    found = order(row)
    assert found["reason"] == reason
    assert detail in found["detail"]


def test_events_of_an_app() -> None:
    """Milliseconds since 1970 as numbers or texts, and a person within an object; an address is hashed."""
    app = stream(
        event_at="ts",
        time=Epoch("ms"),
        user_id="user.id",
        anonymous_id="user.device",
        device_platform=Constant("mobile"),
        page_path="screen",
        properties=("props.plan", "props.count"),
        views=("screen",),
    )
    number, text, bad, wrong = outcomes(
        app,
        [
            '{"event":"screen","ts":1700000000123,"user":{"id":7,"device":"d1"},"screen":"/home","props":{"plan":"pro"}}',
            '{"event":"tap","ts":"1700000000123","user":{"id":"ada@example.com"},"props":{"count":[1, 2]}}',
            '{"event":"tap","ts":"2024-01-01","user":{}}',
            '{"event":"tap","ts":1700000000,"user":{}}',
        ],
    )
    assert number["event_at"] == text["event_at"] == dt.datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=dt.UTC)
    assert (number["user_id"], number["anonymous_id"], number["device_platform"]) == ("7", "d1", "mobile")
    assert (number["is_view"], text["is_view"], number["properties"]) == (True, False, '{"plan":"pro"}')
    assert (len(text["user_id"]), text["properties"]) == (64, '{"count":[1,2]}')
    assert bad["detail"] == "event_at: '2024-01-01' is no number of ms since 1970"
    assert wrong["reason"] == "clock"


GA4 = mapped_stream(
    EventMapping(
        event_name="event_name",
        event_at="event_timestamp",
        time=Epoch("us"),
        user_id="user_id",
        anonymous_id="user_pseudo_id",
        session_id="event_params.ga_session_id",
        session_of_person=True,
        page_path=("event_params.page_location", "event_params.firebase_screen"),
        order_id="ecommerce.transaction_id",
        value=("ecommerce.purchase_revenue", "ecommerce.refund_value"),
        currency=("event_params.currency", "currency"),
        items=Items(path="items", product_id="item_id", unit_price="price", quantity="quantity"),
        properties=("event_params.page_title", "event_params.engaged"),
        conversions=("purchase",),
        refunds=("refund",),
    ),
    name="ga4",
    pairs=("event_params",),
    ignored=("user_properties", "event_params.term"),
    **FACTS,
)
PURCHASE = {
    "event_name": "purchase",
    "event_timestamp": "1700000000123456",
    "user_pseudo_id": "p.1",
    "event_params": [
        {"key": "ga_session_id", "value": {"string_value": None, "int_value": "1700000000"}},
        {"key": "page_location", "value": {"string_value": "/thanks"}},
        {"key": "page_location", "value": {"string_value": "/second"}},
        {"key": "currency", "value": "USD"},
        {"key": "engaged", "value": {"double_value": 0.5}},
        {"key": "term", "value": {"string_value": "shoes"}},
    ],
    "ecommerce": {"transaction_id": "T1", "purchase_revenue": 19.9},
    "items": [{"item_id": "i1", "price": 9.95, "quantity": "2"}],
}


def test_an_export_with_parameters_in_pairs() -> None:
    """The first pair of a key counts; of a typed value, the member that is given."""
    row = outcome(GA4, json.dumps(PURCHASE))
    assert row["event_at"] == dt.datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=dt.UTC)
    assert (row["session_id"], row["page_path"], row["anonymous_id"]) == ("p.1-1700000000", "/thanks", "p.1")
    assert (row["order_id"], row["value"], row["currency"]) == ("T1", Decimal("19.9"), "USD")
    assert (row["properties"], row["is_conversion"], row["is_order_line"]) == ('{"engaged":0.5}', True, False)
    assert (row["items"][0]["product_id"], row["items"][0]["quantity"]) == ("i1", 2)


def test_a_refund_has_its_own_amount() -> None:
    refund = {**PURCHASE, "event_name": "refund", "ecommerce": {"transaction_id": "T1", "refund_value": 5}}
    row = outcome(GA4, json.dumps(refund))
    assert (row["is_conversion"], row["refund_value"]) == (False, Decimal(5))


@pytest.mark.parametrize(
    ("pairs", "detail"),
    [
        ({"ga_session_id": 1}, "event_params: array wanted, object found"),
        (["ga_session_id"], "event_params: an element is no object"),
        ([{"key": "ga_session_id", "value": {"int_value": [1]}}], "session_id: text wanted, array found"),
        ([{"key": "ga_session_id", "value": [1]}], "session_id: text wanted, array found"),
    ],
)
def test_something_else_than_pairs_is_rejected(pairs: object, detail: str) -> None:
    row = outcome(GA4, json.dumps({**PURCHASE, "event_params": pairs}))
    assert (row["reason"], row["detail"].split(";")[0]) == ("type", detail)


@pytest.mark.parametrize("pairs", [None, [], [{}], [{"key": None, "value": 1}], [{"key": "currency"}]])
def test_absent_pairs_are_null(pairs: object) -> None:
    record = {**PURCHASE, "event_params": pairs, "currency": "USD"}
    row = outcome(GA4, json.dumps(record))
    assert (row["session_id"], row["page_path"], row["properties"], row["currency"]) == (None, None, None, "USD")


def test_other_keys_are_drift() -> None:
    """They are named as if they were fields. Keys that are mapped or ignored are known."""
    record = {**PURCHASE, "event_params": [*PURCHASE["event_params"], {"key": "source", "value": 1}], "geo": {}}
    unknown = conformer(GA4).unknown(table([json.dumps(record)] * 2))
    assert unknown == {("event_params.source", "pair"): 2, ("geo", "object"): 2}


def test_a_name_may_have_a_dot() -> None:
    """In a path, a dot within a name has a backslash."""
    flat = stream(event_at=r"Time\.", user_id=r"user\.id", properties=(r"app.v\.2",))
    row = outcome(flat, "buy,2024-01-02,u1", "event,Time.,user.id")
    line = outcome(flat, '{"event": "buy", "Time.": "2024-01-02", "user.id": "u1", "app": {"v.2": 3}}')
    assert row["user_id"] == line["user_id"] == "u1"
    assert line["properties"] == '{"v.2":3}'
    assert conformer(flat).unknown(table(['{"user.id": 1, "Time": 2}'])) == {("Time", "integer"): 1}


@pytest.mark.parametrize("mapped", [ORDERS, GA4], ids=["orders", "ga4"])
def test_no_record_stops_the_others(mapped: Stream) -> None:
    """Whatever is cut from a record, and where there is no record at all."""
    line = json.dumps(PURCHASE)
    cut = [line[:at] + line[at + 9 :] for at in range(0, len(line), 3)]
    assert len(outcomes(mapped, [*cut, "null", "[]", "{}", ""])) == len(cut) + 4
    assert outcomes(mapped, [], HEADER) == []


def test_the_shipped_mapping_takes_json_and_csv() -> None:
    """Columns that a file lacks are null."""
    line = '{"event_id":"e1","event":"page_view","time":"2024-01-02T03:04:05Z","properties":{"a":[1]},"page":"/"}'
    found, row = (
        outcome(EVENTS, line),
        outcome(EVENTS, "e2,refund,2024-01-02 03:04:05,-5,EUR", "event_id,event,time,value,currency"),
    )
    assert (found["properties"], found["is_view"], found["page_path"]) == ('{"a":[1]}', True, "/")
    assert (row["refund_value"], row["is_conversion"], row["user_id"]) == (Decimal(5), False, None)


APART = stream(event_at=DateAndTime("Day", "at.clock"), time=LocalTime("%Y%m%d %H:%M", "Europe/Berlin"))
ISO_APART = stream(event_at=DateAndTime("Day", "Clock"), event_name=Constant("order"), nulls=("-",))


@pytest.mark.parametrize("day", ['"20240728"', "20240728", r'"\u0032\u0030240728"'])
def test_a_date_and_a_time_in_two_fields(day: str) -> None:
    """The form is that of both, with a blank between them. A number is as good as a text."""
    row = outcome(APART, f'{{"event": "buy", "Day": {day}, "at": {{"clock": "00:39"}}}}')
    assert row["event_at"] == dt.datetime(2024, 7, 27, 22, 39, tzinfo=dt.UTC)


def test_a_date_and_a_time_in_two_columns() -> None:
    """Without a form they are ISO 8601. Both name the columns by which CSV is recognized."""
    assert ISO_APART.decoding[0].columns == ("Day", "Clock")
    rows = outcomes(ISO_APART, ["2024-07-28,10:00:01.5", "2024-07-28,-", ",10:00", "28.7.2024,10:00"], "Day,Clock")
    assert rows[0]["event_at"] == dt.datetime(2024, 7, 28, 10, 0, 1, 500000, tzinfo=dt.UTC)
    assert [(row["reason"], row["detail"]) for row in rows[1:3]] == [("missing", "event_at: required")] * 2
    assert (rows[3]["reason"], rows[3]["detail"]) == ("type", "event_at: '28.7.2024 10:00' is no timestamp")


def test_names_of_events_become_actions() -> None:
    """An event that the mapping does not name does nothing with products."""
    mapped = stream(actions={"view_item": "product_view", "buy": "transaction"})
    lines = [json.dumps({"event": name, "time": "2024-01-02"}) for name in ("view_item", "buy", "login")]
    assert [row["action"] for row in outcomes(mapped, lines)] == ["product_view", "transaction", None]
    assert outcome(stream(), lines[0])["action"] is None


def test_an_event_without_an_id_has_its_content_for_a_key() -> None:
    """So the id of an event is optional, and events without one are not taken for each other."""
    line = '{%s"event": "buy", "time": "2024-01-02", "value": %d, "currency": "EUR"}'
    raws = [line % (known, value) for known in ("", '"event_id": "e", ') for value in (1, 2)]
    first, second, known, amended = outcomes(EVENTS, raws)
    assert first["_key"] == first["_content"] != second["_key"]
    assert known["_key"] == amended["_key"] != known["_content"]


@pytest.mark.parametrize(
    ("mapped", "message"),
    [
        ({"value": "total"}, "amounts need a currency"),
        ({"conversions": ["buy", "pay"], "refunds": ["pay"]}, "conversions and refunds: pay"),
        ({"properties": ("a.name", "b.name")}, "two properties have the same last name: a.name, b.name"),
        ({"views": "page_view"}, r"views are names in parentheses: \('page_view',\)"),
        ({"actions": {"cart": "add"}}, "no actions: add; there are product_view, "),
        ({"delimiter": ";;"}, "the delimiter must be one character"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(mapped: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        stream(**mapped)


def test_an_unknown_field_of_a_mapping_is_named() -> None:
    with pytest.raises(TypeError, match="'usr_id'"):
        stream(usr_id="user")
    with pytest.raises(ValueError, match="name at least one field"):
        Items(path="lines")
