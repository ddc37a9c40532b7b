"""Every record is accepted or rejected exactly once, and personal data does not get through."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.commerce import COMMERCE, CommerceEvent
from contracts.stream import column
from events.concurrency import parallel_map
from events.conform import Conformers
from events.decode import OVERSIZE
from events.json.outline import nesting
from events.rejections import REASONS

IDENTITY = ["_source_file", "_source_version", "_line"]


@given(
    st.lists(
        st.one_of(st.binary(max_size=40), st.text(max_size=20).map(lambda t: json.dumps({"event_id": t}).encode()))
    )
)
def test_every_record_is_in_exactly_one_of_the_two(conform: Any, raws: list[bytes]) -> None:
    """A record that is neither accepted nor rejected would be lost without a trace."""
    result = conform(raws)
    both = pl.concat([result.accepted.select(IDENTITY), result.refused.select(IDENTITY)])
    assert sorted(both["_line"]) == list(range(1, len(raws) + 1))
    assert set(result.refused["reason"]) <= set(REASONS)
    assert {row["_line"]: row["raw"] for row in result.refused.iter_rows(named=True)}.items() <= dict(
        enumerate(raws, 1)
    ).items()


def records(raws: list[bytes | None], hour: dt.datetime, file: str = "f") -> pa.Table:
    sizes = [None if raw is not None else {"offset": 7, "length": 99, "sha256": "ab"} for raw in raws]
    return pa.Table.from_pydict(
        {
            "_arrival_hour": pa.array([hour] * len(raws), pa.timestamp("us", "UTC")),
            "_source_file": [file] * len(raws),
            "_source_version": ["v"] * len(raws),
            "_line": pa.array(range(1, len(raws) + 1), pa.int64()),
            "raw": pa.array(raws, pa.large_binary()),
            "header": pa.nulls(len(raws), pa.large_string()),
            "oversize": pa.array(sizes, OVERSIZE),
        }
    )


def test_an_oversize_record_is_refused_with_its_whereabouts(hour: dt.datetime, event: Any) -> None:
    """An oversize record has no bytes to judge, but its detail must say where they are."""
    result = Conformers(COMMERCE, b"key").conform(records([event(), None], hour))
    assert result.accepted["_line"].to_list() == [1]
    refused = result.refused.row(0, named=True)
    assert (refused["_line"], refused["reason"], refused["raw"]) == (2, "oversize", None)
    assert refused["detail"] == "99 bytes at offset 7, sha256 ab"


def test_batches_come_back_in_their_order(hour: dt.datetime, event: Any) -> None:
    """Threads finish in any order, but the order of rows must be the same in every run."""
    batches = [records([event(f"{n}-{i}") for i in range(1 + n % 3)], hour, f"f{n}") for n in range(12)]
    conformed = parallel_map(Conformers(COMMERCE, b"key").conform, batches, threads=3)
    assert [each.accepted["_source_file"][0] for each in conformed] == [f"f{n}" for n in range(12)]


@pytest.mark.parametrize("required", ["event_id", "event_type", "event_timestamp"])
@pytest.mark.parametrize("value", ["", " \t\n\u00a0\u2003", None, ...])
def test_what_is_required_may_not_be_missing_or_empty(outcome: Any, event: Any, required: str, value: Any) -> None:
    """Producers send an empty text for a value that they do not know."""
    record = json.loads(event()) | {required: value}
    if value is ...:
        del record[required]
    refused = outcome(json.dumps(record).encode())
    assert refused["reason"] == "missing"
    assert refused["detail"].endswith("required")


@pytest.mark.parametrize("blank", ["", " ", "\r\n\t", "\u2028\u3000"])
def test_a_blank_text_names_nothing(outcome: Any, event: Any, blank: str) -> None:
    """Three guests with an empty id are not one person, and an empty address has no hash."""
    item = {"product": {"id": blank, "name": blank, "category": "toys", "price": 1}, "quantity": 1}
    row = outcome(event(session_id=blank, customer={"customer_id": blank, "email": blank}, order={"items": [item]}))
    assert [row[name] for name in ("session_id", "user_id", "customer_email")] == [None] * 3
    found = row["items"][0]
    assert (found["product_id"], found["product_name"], found["product_category"]) == (None, None, "toys")


def test_an_order_without_an_id_is_none(outcome: Any, event: Any) -> None:
    """Three records with an empty id would be one order."""
    refused = outcome(
        event(event_type="order_completed", order={"order_id": " ", "currency": "EUR", "total_amount": 1})
    )
    assert (refused["reason"], refused["detail"]) == (
        "rule", "an order event names its order, currency and total, unless it is a refund"
    )  # fmt: skip


def test_free_text_keeps_its_white_space(outcome: Any, event: Any) -> None:
    """White space in free text is a value; empty text is null, like a missing field."""
    model = type("Noted", (CommerceEvent,), {"__annotations__": {"note": str}, "note": column("note", free_text=True)})
    assert [outcome(event(note=note), model=model)["note"] for note in (" ", " a", "")] == [" ", " a", None]


def test_a_column_keeps_what_another_one_forgets(outcome: Any, event: Any) -> None:
    """Two columns with the same path may read it differently."""
    fields = {"note": column("note", free_text=True), "name": column("note")}
    model = type("Twice", (CommerceEvent,), {"__annotations__": {"note": str, "name": str}, **fields})
    row = outcome(event(note=" "), model=model)
    assert (row["note"], row["name"]) == (" ", None)


def test_the_first_reason_counts_and_all_are_told(outcome: Any, event: Any) -> None:
    """One reason per record keeps counts right; the detail lists all, for whoever mends the producer."""
    refused = outcome(event(event_id=True, order={"total_amount": "1e18", "tax": "x"}))
    assert refused["reason"] == "type"
    assert refused["detail"] == (
        "event_id: text wanted, boolean found; order_tax: 'x' is no decimal(24,6); "
        "order_total: '1e18' is out of the range of decimal(24,6)"
    )


MICROSECOND = dt.timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (dt.datetime(2024, 5, 1, 12), None),
        (dt.datetime(2024, 5, 1, 12) + MICROSECOND, "clock"),
        (dt.datetime(1990, 1, 1), None),
        (dt.datetime(1990, 1, 1) - MICROSECOND, "clock"),
    ],
)
def test_the_clocks_edges(outcome: Any, event: Any, at: dt.datetime, reason: str | None) -> None:
    """Events may be up to one hour after the arrival hour's end, and not before the first event date."""
    assert outcome(event(event_timestamp=at.isoformat())).get("reason") == reason


def test_the_clock_depends_on_the_hour_of_arrival_alone(outcome: Any, event: Any) -> None:
    """A record that is replayed years later gets the same verdict."""
    late = event(event_timestamp="2030-01-01T00:00:00Z")
    assert outcome(late)["reason"] == "clock"
    assert "reason" not in outcome(late, at=dt.datetime(2029, 12, 31, 22, tzinfo=dt.UTC))


PERSON = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "customer_id": "c1"}


def test_an_email_becomes_a_keyed_hash_of_the_identity_space(outcome: Any, event: Any) -> None:
    """Hashes of two identity spaces must not match, and without the key nobody can guess addresses."""
    raw = event(customer=PERSON)
    hashed = outcome(raw)["customer_email"]
    secret = hmac.digest(b"key", b"shop", "sha256")
    assert hashed == hmac.new(secret, b"ada@example.com", hashlib.sha256).hexdigest()
    others = [outcome(raw, identity_space="site")["customer_email"], outcome(raw, key=b"other")["customer_email"]]
    assert len({hashed, *others}) == 3
    assert outcome(event(customer={"email": None}))["customer_email"] is None


@pytest.mark.parametrize(
    "spoilt",
    [
        {"event_id": None},
        {"event_id": ["x"]},
        {"order": {"currency": "euro", "total_amount": "x"}},
        {"event_timestamp": "2199-01-01"},
        {"customer": PERSON | {"email": ["ada@example.com"]}},
        {"customer": PERSON | {"email": {"a": "ada@example.com"}}},
        {},
    ],
)
def test_nobody_is_named_in_what_comes_out(conform: Any, event: Any, spoilt: dict[str, Any]) -> None:
    """Details are shown in logs and the UI, and silver has many readers; only bronze keeps the record itself."""
    result = conform([event(**{"customer": PERSON, **spoilt})])
    shown = str(result.accepted.rows()) + str(result.refused.drop("raw").rows())
    assert not [value for value in ("ada@example.com", "Ada", "Lovelace") if value in shown]


def content(outcome: Any, raw: str, **options: Any) -> bytes:
    """A record's content, which is its key if the contract has no key."""
    found: bytes = outcome(raw.encode(), no_key=True, **options)["_key"]
    return found


BASE = '{"event_id":"e","event_timestamp":"2024-05-01","event_type":"v","x":{"a":1,"b":[1,2]}}'


@pytest.mark.parametrize(
    "same",
    [
        '{"x":{"b":[1,2],"a":1},"event_type":"v","event_id":"e","event_timestamp":"2024-05-01"}',
        '{ "event_id" : "e", "event_timestamp":"2024-05-01",\t"event_type":"v","x":{"a":1,"b":[ 1, 2 ]} }\r',
        '{"event_id":"\\u0065","event_timestamp":"2024-05-01","event_type":"v","x":{"a":1,"b":[1,2]}}',
    ],
)
def test_the_same_record_written_differently_is_the_same(outcome: Any, same: str) -> None:
    """A retry by another serializer is a duplicate, not a conflict that somebody must examine."""
    assert content(outcome, same) == content(outcome, BASE)


@pytest.mark.parametrize(("old", "new"), [("[1,2]", "[2,1]"), ('"a":1', '"a":2'), ('"a":1', '"a":"1"'), ('"x"', '"y"')])
def test_another_value_is_another_content(outcome: Any, old: str, new: str) -> None:
    """A difference in a field that no column keeps is still a different content."""
    assert content(outcome, BASE.replace(old, new)) != content(outcome, BASE)


def test_volatile_fields_are_left_out_of_the_content(outcome: Any) -> None:
    """The time of sending differs in every retry and says nothing about the event."""
    base, options = BASE[:-1] + ',"sent":1,"y":{"t":1,"u":1}}', {"volatile": ("sent", "y.t")}
    assert content(outcome, base.replace('"sent":1', '"sent":2'), **options) == content(outcome, base, **options)
    assert content(outcome, base.replace('"t":1', '"t":2'), **options) == content(outcome, base, **options)
    assert content(outcome, base.replace('"u":1', '"u":2'), **options) != content(outcome, base, **options)
    assert content(outcome, base.replace('"sent":1', '"sent":2')) != content(outcome, base)


def test_the_key_is_the_producers_id_or_else_the_content(outcome: Any) -> None:
    """Volatile fields must not decide whether two records are one event."""
    other = BASE.replace('"a":1', '"a":2')
    stored = bytes.fromhex("80c043a17b1474e4e5e489bc9df9f247")  # of the id "e"; another one is another key for good
    assert outcome(BASE.encode())["_key"] == outcome(other.encode())["_key"] == stored
    assert outcome(BASE.encode(), no_key=True)["_key"] != outcome(other.encode(), no_key=True)["_key"]


def test_brackets_inside_texts_do_not_nest() -> None:
    """Brackets inside a text do not nest, also after escaped quotes."""
    assert nesting(b'{"a": "[[[[", "b": "\\"[[", "c": [{}]}') == 3


def test_contents_tell_records_of_one_key_apart(outcome: Any) -> None:
    """Contents that are computed later must equal those that were used as keys."""
    other = BASE.replace('"a":1', '"a":2')
    landed = pa.table({"raw": pa.array([BASE, other], pa.large_binary()), "header": pa.nulls(2, pa.large_string())})
    found = Conformers(COMMERCE, b"key").contents(landed)
    assert found.to_list() == [content(outcome, BASE), content(outcome, other)]


@pytest.mark.parametrize("texts", [["12.34", "12.340"], ["1e2", "100", "100.00", '"100"']])
def test_one_amount_has_many_spellings(outcome: Any, texts: list[str]) -> None:
    """Producers write the same number in different ways."""
    record = '{"event_id":"e","event_type":"v","event_timestamp":"2024-05-01","order":{"total_amount":%s}}'
    assert len({outcome((record % text).encode())["order_total"] for text in texts}) == 1
