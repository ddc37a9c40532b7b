"""Messages about records that are not JSON objects."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from landed import outcome, outcomes

from contracts.commerce import COMMERCE
from contracts.snowplow import SNOWPLOW
from contracts.web import WEB
from events.enriched import FIELDS

FAULTS = [
    ('{"a":1 "b":2}', "no JSON: expected a comma or closing bracket at byte 7, found '\"'"),
    ('{"a":[1}', "no JSON: expected a comma or closing bracket at byte 7, found '}'"),
    ('{"a":1,}', "no JSON: expected a key in quotes at byte 7, found '}'"),
    ("{a:1}", "no JSON: expected a key in quotes at byte 1"),
    ('{"a" 1}', "no JSON: expected a colon at byte 5"),
    ('{"a":secret}', "no JSON: expected a value at byte 5"),
    ('{"a":[1,]}', "no JSON: expected a value at byte 8, found ']'"),
    ('{"a":01}', "no JSON: a number that JSON does not know at byte 5"),
    ('{"a":"\\x"}', "no JSON: an escape that JSON does not know at byte 6"),
    ('{"a":"\\u12"}', "no JSON: an escape that JSON does not know at byte 6"),
    ('{"a":"\t"}', "no JSON: an unescaped control character at byte 6"),
    ('{"a":"text', "no JSON: it ends before its last bracket at byte 10"),
    ('{"a":1', "no JSON: it ends before its last bracket at byte 6"),
    ('{"é":"é"', "no JSON: it ends before its last bracket at byte 10"),
    ("{} {}", "text after the object at byte 3"),
    ("[1]", "not a JSON object: it begins with '['"),
    ('"secret"', "not a JSON object: it begins with '\"'"),
    ("secret", "not a JSON object"),
    ('{"a":' * 64 + "[", "nested deeper than 64 at byte 320"),
]


@pytest.mark.parametrize(("raw", "detail"), FAULTS)
def test_a_fault_is_named_with_its_place(raw: str, detail: str) -> None:
    """The message says what is wrong and where, and shows nothing but JSON's own marks."""
    beside = outcomes(COMMERCE, ["{}", raw, raw])
    assert [(row["reason"], row["detail"]) for row in beside[1:]] == [("malformed", detail)] * 2
    assert "secret" not in detail


def test_the_place_is_in_what_was_read() -> None:
    """The position is within a message's value, or within an enriched event's field."""
    message = json.dumps({"topic": "event", "partition": 0, "offset": 7, "value": '{"a" 1}'})
    assert outcome(WEB, message)["detail"] == "value: no JSON: expected a colon at byte 5"
    fields = {"event_id": "e", "collector_tstamp": "2026-01-01 10:00:00", "contexts": '{"a" 1}'}
    line = "\t".join(fields.get(name, "") for name in FIELDS)
    assert outcome(SNOWPLOW, line)["detail"] == "contexts: no JSON: expected a colon at byte 5"


DOCUMENTS = st.dictionaries(st.text(max_size=3), st.lists(st.one_of(st.text(max_size=3), st.integers()), max_size=3))


@given(DOCUMENTS.map(json.dumps), st.integers(0, 60))
def test_what_is_cut_off_ends_where_it_ends(document: str, length: int) -> None:
    """Truncated files are the most frequent fault."""
    cut = document[: 1 + length % (len(document) - 1)]
    detail = outcome(COMMERCE, cut)["detail"]
    ends = f"no JSON: it ends before its last bracket at byte {len(cut)}"
    assert detail == ends or "that JSON does not know at byte" in detail  # a number or escape in two
