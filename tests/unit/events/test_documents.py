"""JSON and CSV records: wrappers, objects sent as text, CSV rows, and values that only some streams send."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import hmac
import json
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from landed import conformer, outcome, outcomes, table

from contracts.clickstream import CLICKSTREAM, ClickstreamEvent
from contracts.mobile import MOBILE
from contracts.stream import Csv, Instant, column
from contracts.web import WEB

POST = {
    "user_id": "u1",
    "event_type": "post",
    "session_id": "s1",
    "props": {"device": "Mobile", "browser": "Firefox", "platform": "Linux", "ip_address": "::1"},
    "occurred_at": "2026-01-01T10:00:00.000000Z",
}
VIEW = {
    "timestamp": "2026-01-01T10:00:00+00:00",
    "user_id": "u1",
    "session_id": "s1",
    "event_type": "purchase",
    "product_id": "p1",
    "category": "toys",
    "quantity": 2,
    "price": 9.5,
}
JOURNEY = {
    "USER_ID": "u1",
    "INITIAL_EVENT": "LAUNCH_APP",
    "OS_USER": "iOS_16",
    "LATITUDE": "19.43",
    "LONGITUDE": -99.13,
    "ORDER_TYPE": "PURCHASE",
    "STATUS": "completed",
    "CREATED_AT": "2026-01-01 10:00:00",
}


def message(value: Any, offset: int = 7, **more: Any) -> str:
    """A landed Kafka message."""
    return json.dumps({"topic": "event", "partition": 0, "offset": offset, "key": None, "value": value} | more)


def test_a_message_is_its_value() -> None:
    """The event may be the message's value as text or object, or the record itself."""
    found = outcomes(WEB, [message(json.dumps(POST)), message(POST), json.dumps(POST)])
    assert [row["session_id"] for row in found] == ["s1"] * 3


def test_the_wrapper_is_no_part_of_the_content() -> None:
    """A message that was sent twice has two offsets but is one event."""
    landed = table([message(json.dumps(POST), offset=1), message(json.dumps(POST), offset=2), json.dumps(POST)])
    assert len(set(conformer(WEB).contents(landed))) == 1


def test_numbers_in_a_message_stay_as_they_were_sent() -> None:
    """A number of twenty digits must not become a double."""
    raw = message(POST).replace('"s1"', "12345678901234567890.10")
    assert outcome(WEB, raw)["session_id"] == "12345678901234567890.10"


def test_a_message_that_is_no_text_says_so() -> None:
    """The drain writes its bytes as base64."""
    found = outcomes(WEB, [message(None, value_base64="/w=="), message(None)])
    assert [row["detail"] for row in found] == [
        "a Kafka message whose value is not UTF-8",
        "a Kafka message without a value",
    ]


@pytest.mark.parametrize("value", [None, "", "no JSON", "[1]", 7])
def test_a_message_without_an_event_is_malformed(value: Any) -> None:
    """It may be a tombstone, or something that another team sent to the topic."""
    assert outcome(WEB, message(value))["reason"] == "malformed"


def test_an_event_may_have_fields_called_like_the_wrappers() -> None:
    """Only an object with all four keys is a message."""
    assert outcome(WEB, json.dumps(POST | {"topic": "cats", "value": "x"}))["event_name"] == "post"


@pytest.mark.parametrize(
    "props",
    [
        "{'device': 'Mobile', 'geo_location': {'country': 'DE'}, 'ok': True, 'none': None}",
        '{"device": "Mobile", "geo_location": "{\'country\': \'DE\'}"}',
        {"device": "Mobile", "geo_location": "{'country': 'DE'}"},
    ],
)
def test_an_object_may_come_as_text(props: Any) -> None:
    """Producers in Python print objects that they should have encoded."""
    assert outcome(WEB, json.dumps(POST | {"props": props}))["device"] == "Mobile"


def test_an_empty_text_is_no_object_and_no_error() -> None:
    """An empty text means null."""
    row = outcome(WEB, json.dumps(POST | {"props": "", "session_id": ""}))
    assert (row["device"], row["session_id"], row["device_platform"]) == (None, None, None)


@pytest.mark.parametrize("props", ["{'device': Mobile}", "__import__('os')", "{" * 99, "['Mobile']", "7"])
def test_a_text_that_is_no_object_is_refused(props: str) -> None:
    """A text that looks like Python is read, never run."""
    refused = outcome(WEB, json.dumps(POST | {"props": props}))
    assert (refused["reason"], refused["detail"]) == ("type", "props: object wanted, text found")


def test_the_first_time_that_is_there_counts() -> None:
    """Producers of two generations use different names for the time."""
    other = {key: value for key, value in POST.items() if key != "occurred_at"} | {"timestamp": "2026-01-01T09:00:00Z"}
    both = POST | {"timestamp": "2026-01-01T09:00:00Z"}
    empty = POST | {"occurred_at": "", "timestamp": "2026-01-01T09:00:00Z"}
    assert [row["event_at"].hour for row in outcomes(WEB, [json.dumps(event) for event in (other, both, empty)])] == [
        9, 10, 9,
    ]  # fmt: skip


HEADER = "USER_ID,INITIAL_EVENT,STATUS,ORDER_TYPE,CREATED_AT,CITY"


def test_a_row_of_csv_is_read_by_its_header() -> None:
    """Fields may come in any order, and quoted."""
    row = outcome(MOBILE, 'u1,LAUNCH_APP,COMPLETED,PURCHASE,2026-01-01 10:00:00,"Mexico, ""D.F."""', HEADER)
    assert (row["user_id"], row["status"], row["city"]) == ("u1", "COMPLETED", 'Mexico, "D.F."')


@pytest.mark.parametrize(
    ("raw", "detail"),
    [("u1,LAUNCH_APP", "2 fields, 6 in the header"), ('u1,"LAUNCH_APP,COMPLETED', "no row of CSV")],
)
def test_a_row_that_does_not_fit_its_header_is_malformed(raw: str, detail: str) -> None:
    """Its fields would get wrong names."""
    refused = outcome(MOBILE, raw, HEADER)
    assert (refused["reason"], detail in refused["detail"]) == ("malformed", True)


def test_a_field_may_be_as_long_as_a_record() -> None:
    """Only the record's size is limited, not a field's."""
    row = outcome(MOBILE, f'u1,LAUNCH_APP,COMPLETED,PURCHASE,2026-01-01 10:00:00,"{"x" * 200_000}"', HEADER)
    assert row["city"] == "x" * 200_000


def test_a_row_is_read_as_the_contract_says() -> None:
    """The first CSV framing that the header fits counts, and names are spelt as the contract spells them."""
    tables = (Csv(("USER_ID", "STATUS"), delimiter=";", ignore_case=True), Csv(("USER_ID", "TAIL")))
    stream = dataclasses.replace(MOBILE, name="tables", decoding=tables)
    header, row = (
        "user_id;Initial_Event;status;ORDER_TYPE;Created_At;city;",
        "u1;LAUNCH_APP;ok;x;2026-01-01 10:00:00;Bonn;",
    )
    found = outcome(stream, row, header)
    assert (found["user_id"], found["initial_event"], found["city"]) == ("u1", "LAUNCH_APP", "Bonn")
    assert conformer(stream).unknown(table([row], header)) == {}
    other = outcome(
        stream, "u1,LAUNCH_APP,ok,x,2026-01-01 10:00:00,", "USER_ID,INITIAL_EVENT,STATUS,ORDER_TYPE,CREATED_AT,TAIL"
    )
    assert other["status"] == "ok"


def test_bytes_that_are_no_text_spoil_their_row_only() -> None:
    """Invalid bytes reject their own row, with the reason."""
    landed = table(["u1,LAUNCH_APP,ok,x,2026-01-01 10:00:00,Bonn"] * 2, HEADER)
    raws = [landed["raw"][0].as_py().replace(b"Bonn", b"\xff"), landed["raw"][1].as_py()]
    result = conformer(MOBILE).conform(landed.set_column(4, "raw", pa.array(raws, pa.large_binary())))
    assert result.accepted["_line"].to_list() == [2]
    assert result.refused.select("reason", "detail").rows() == [("malformed", "the bytes are not UTF-8 at byte 119")]


def test_a_text_may_stand_for_null() -> None:
    """The app's backend sends the text Null."""
    row = outcome(MOBILE, json.dumps(JOURNEY | {"EVENT_2": "Null", "PAYMENT_METHOD": "", "LATITUDE": "Null"}))
    assert (row["event_2"], row["payment_method"], row["latitude"]) == (None, None, None)
    assert outcome(MOBILE, json.dumps(JOURNEY | {"USER_ID": "Null"}))["reason"] == "missing"
    raw = json.dumps(JOURNEY | {"EVENT_2": "Null", "PAYMENT_METHOD": "N-ll"})
    escaped = outcome(MOBILE, raw.replace("Null", r"\u004e\u0075\u006c\u006c").replace("N-ll", r"\u004eull!"))
    assert (escaped["event_2"], escaped["payment_method"]) == (None, "Null!")


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\u2003\u3000", "\t", "\n\r"])
def test_a_blank_text_names_nothing_wherever_it_stands(blank: str) -> None:
    """Blank texts are null in a record, a message, an object sent as text, and a CSV row."""
    sent = POST | {"session_id": blank, "username": blank, "props": str({"device": blank, "browser": blank})}
    for row in outcomes(WEB, [json.dumps(sent), message(json.dumps(sent)), message(sent)]):
        assert [row[name] for name in ("session_id", "username", "device", "browser")] == [None] * 4
    assert outcome(WEB, json.dumps(POST | {"user_id": blank}))["detail"] == "user_id: required"
    assert outcome(WEB, json.dumps(POST | {"description": f"{blank}a"}))["description"] == f"{blank}a"
    row = outcome(MOBILE, f'u1,LAUNCH_APP,COMPLETED,PURCHASE,2026-01-01 10:00:00,"{blank}"', HEADER)
    assert (row["user_id"], row["city"]) == ("u1", None)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ('"19.43"', 19.43), ("1.5e1", 15.0), ("-0.0", 0.0), ("90", 90.0),
        ("90.1", "rule"), ("NaN", "type"), ("1e400", "type"), ('"x"', "type"), ("true", "type"), ("[]", "type"),
    ],
)  # fmt: skip
def test_numbers_that_need_not_be_exact(value: str, found: float | str) -> None:
    """Doubles hold measured values such as coordinates."""
    raw = json.dumps(JOURNEY).replace('"19.43"', value)
    row = outcome(MOBILE, raw)
    assert row.get("reason", row.get("latitude")) == found


@pytest.mark.parametrize(("system", "platform"), [("iOS_16", "mobile"), ("Windows_11", "desktop"), ("Null", None)])
def test_a_column_may_be_computed_of_others(system: str, platform: str | None) -> None:
    """A computed column holds what the producer did not send itself."""
    assert outcome(MOBILE, json.dumps(JOURNEY | {"OS_USER": system}))["device_platform"] == platform


def test_an_id_is_hashed_where_it_is_an_address() -> None:
    """The hash depends on the identity space, so streams of one space can still be joined."""
    plain, address = outcomes(CLICKSTREAM, [json.dumps(VIEW), json.dumps(VIEW | {"user_id": "ada@example.com"})])
    secret = hmac.digest(b"key", b"site", "sha256")
    assert plain["user_id"] == "u1"
    assert address["user_id"] == hmac.new(secret, b"ada@example.com", hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("change", "outcome_"),
    [
        ({}, None),
        ({"event_type": "page_view", "quantity": None, "price": None}, None),
        ({"event_type": "search", "product_id": None, "category": None, "search_query": "toys"}, None),
        ({"event_type": "page_view", "category": ""}, "rule"),
        ({"event_type": "add_to_cart", "price": None}, "rule"),
        ({"event_type": "page_view", "search_query": "toys"}, "rule"),
        ({"event_type": "wish"}, "rule"),
        ({"quantity": 0}, "rule"),
        ({"price": 10**12 + 1}, "rule"),
        ({"price": "9.50"}, None),
        ({"session_id": None}, "missing"),
    ],
)
def test_the_clickstreams_rules(change: dict[str, Any], outcome_: str | None) -> None:
    """The required fields depend on the kind of event."""
    assert outcome(CLICKSTREAM, json.dumps(VIEW | change)).get("reason") == outcome_


class Sent(ClickstreamEvent):
    """A model with a time that nothing depends on, one in a rule, and one in a computed column."""

    sent_at: Instant = column(("sent_at", "sentAt"))
    checked_at: Instant = column("checked_at", ge=dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    opened_at: Instant = column("opened_at")
    opened_on: str = column(compute=pl.col("opened_at").dt.to_string("%Y-%m-%d"))


SENT = dataclasses.replace(CLICKSTREAM, model=Sent)


@pytest.mark.parametrize(
    ("value", "kind"),
    [("today", "text that is no timestamp"), (7, "number"), (True, "boolean"), ({}, "object"), ([], "array")],
)
def test_a_wrong_time_that_nothing_depends_on_is_null_and_drift(value: Any, kind: str) -> None:
    """The contract decides this: a time that a rule or another column reads still rejects its record."""
    assert SENT.unused_times == {"sent_at"}
    raw = json.dumps(VIEW | {"sent_at": value})
    assert outcome(SENT, raw)["sent_at"] is None
    assert conformer(SENT).unknown(table([raw, json.dumps(VIEW), raw])) == {("sent_at", kind): 2}
    for name in ("checked_at", "opened_at"):
        refused = outcome(SENT, json.dumps(VIEW | {name: value}))
        assert (refused["reason"], refused["column"]) == ("type", name)
