"""Unknown fields of records, as the drift check reports them: path and type, but no values."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.commerce import COMMERCE
from contracts.mobile import MOBILE
from contracts.snowplow import SNOWPLOW
from contracts.stream import Stream
from contracts.web import WEB
from events.conform import Conformers
from events.enriched import FIELDS

CONFORMERS = {stream: Conformers(stream, b"key") for stream in (COMMERCE, MOBILE, SNOWPLOW, WEB)}


def unknown(raws: Sequence[bytes | None], stream: Stream = COMMERCE, header: str | None = None) -> Counter:
    """The unknown fields of some records, which are CSV rows if there is a header."""
    columns = {"raw": pa.array(raws, pa.large_binary()), "header": pa.array([header] * len(raws), pa.large_string())}
    conformers = CONFORMERS.get(stream) or Conformers(stream, b"key")
    return conformers.unknown(pa.table(columns))


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b'{"event_id": "e", "customer": {"email": "a@b.c"}, "order": {"items": [{"quantity": 1}]}}', {}),
        (b'{"a": 1, "b": "x", "c": true, "d": null, "e": 1.5}', dict(zip("abcde", "itbnm", strict=True))),
        (b'{"l": [1, 2], "o": {"within": {"this": "nothing more is said"}}}', {"l": "l", "o": "o"}),
        (b'{"customer": {"phone": "1"}, "session": {"geo": {"lat": 1}}}', {"customer.phone": "t", "session.geo": "o"}),
        (b'{"order": {"items": [{"gift": true}, {"gift": false, "product": {"id": 1, "ean": 2}}]}}',
         {"order.items[].gift": "b", "order.items[].product.ean": "i"}),
        (b'{"event_id": {"below": "a leaf, what is there belongs to it"}}', {}),
        (b'{"customer": {"first_name": "Ann", "last_name": "Lee"}}', {}),
        (b'{"order": "no object", "session": [1]}', {}),
    ],
)  # fmt: skip
def test_fields_are_found_wherever_they_are(raw: bytes, fields: dict[str, str]) -> None:
    """To classify a field one must know its path and type."""
    types = {"i": "integer", "t": "text", "b": "boolean", "n": "null", "m": "number", "l": "array", "o": "object"}
    assert unknown([raw]) == {(path, types[kind]): 1 for path, kind in fields.items()}


def test_records_are_counted_not_occurrences() -> None:
    """The count says how many records of an hour have the field, for each of its types."""
    raws = [b'{"order": {"items": [{"gift": 1}, {"gift": 2}]}}', b'{"new": 1}', b'{"new": 2}', b'{"new": "x"}']
    expected = {("order.items[].gift", "integer"): 1, ("new", "integer"): 2, ("new", "text"): 1}
    assert unknown(raws) == expected


def test_what_a_contract_declares_is_known() -> None:
    """Ignored, volatile and dropped fields are known, so they are no drift."""
    record = [b'{"tracking": {"id": 1}, "sent_at": "x", "secret": "y"}']
    assert len(unknown(record)) == 3
    changed = dataclasses.replace(COMMERCE, ignored=("tracking",), volatile=("sent_at",), dropped={"secret": "drop"})  # type: ignore[dict-item]
    assert unknown(record, changed) == {}


def test_records_that_are_no_objects_have_no_fields() -> None:
    """Malformed records are rejected, and reported as such."""
    raws = [b"[1]", b'"x"', b"{", b"\xff", None, b'{"a":' * 65 + b"1" + b"}" * 65]
    assert unknown(raws) == {}


def test_other_formats_are_seen_through() -> None:
    """Unknown fields are found in CSV, in Kafka messages, and in objects sent as text."""
    header = "USER_ID,NEW,CREATED_AT"
    assert unknown([b"1,x,2024-01-01", b"2,,2024-01-01"], MOBILE, header) == {("NEW", "text"): 2}
    message = b'{"topic":"event","partition":0,"offset":7,"key":null,"timestamp":1,"value":"{\\"a\\": 1}"}'
    assert unknown([message], WEB) == {("a", "integer"): 1}
    assert unknown([b"{\"props\": \"{'device': 'x', 'battery': 9}\"}"], WEB) == {("props.battery", "integer"): 1}


def test_names_of_a_header_have_no_limit_of_their_own() -> None:
    """Any landed header is read; a field without a name is no field."""
    name = "x" * 200_000
    assert unknown([b"1,x,", b"1,,"], MOBILE, f"USER_ID, {name} ,") == {(name, "text"): 2}


def test_entities_of_enriched_events_are_fields() -> None:
    """Each major version of a schema is a column of its own."""
    contexts = b'{"schema":"iglu:x/contexts/jsonschema/1-0-0","data":[{"schema":"iglu:com.acme/cart/jsonschema/2-0-1",'
    fields = [b""] * len(FIELDS)
    fields[FIELDS.index("contexts")] = contexts + b'"data":{"total":1}}]}'
    line = b"\t".join(fields)
    assert unknown([line, line, b"damaged"], SNOWPLOW) == {("contexts_com_acme_cart_2", "array"): 2}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)

OBJECTS = st.dictionaries(st.text(max_size=5) | st.just("order"), JSON)


@given(st.lists(st.binary(max_size=30) | OBJECTS.map(lambda value: json.dumps(value).encode())))
def test_no_record_is_too_odd(raws: list[bytes]) -> None:
    """Drift is a hint, so it must not stop an hour."""
    for stream in CONFORMERS:
        unknown(raws, stream)
