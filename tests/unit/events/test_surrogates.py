r"""Lone surrogates: half of a cut emoji, such as \ud83d, is valid JSON (RFC 8259, section 8.2) and counts as U+FFFD.

No encoding has such a character, so that neither Parquet nor a warehouse could take it as it is.
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from landed import conformer, outcome, table

from contracts.commerce import COMMERCE
from contracts.snowplow import SNOWPLOW
from contracts.stream import Stream
from contracts.web import WEB
from events.enriched import FIELDS

HALVES = [r"\ud83d", r"\ude00", r"\ude00\ud83d", r"\uD83D\uD83D", r"\ud83dx", r"\ud83d\n", r"\ud83d\u0041"]
POST = r'{"user_id":"u","event_type":"post","occurred_at":"2026-01-01T10:00:00Z","session_id":"s%s"}'


def sent(escapes: str) -> str:
    """The text without its escapes."""
    text: str = json.loads(f'"{escapes}"')
    return "".join("\ufffd" if "\ud800" <= letter < "\ue000" else letter for letter in text)


def judged(stream: Stream, raw: str) -> tuple[Any, ...]:
    row = {name: value for name, value in outcome(stream, raw).items() if name != "raw"}
    return row, conformer(stream).contents(table([raw]))[0], conformer(stream).unknown(table([raw]))


@pytest.mark.parametrize("half", [*HALVES, r"\ud83d\ude00", r"\ud83d\ud83d\ude00", r"\\ud83d"])
def test_the_text_is_kept(half: str) -> None:
    """A cut emoji must not cost the event, and a complete one stays as it is."""
    assert outcome(WEB, POST % half)["session_id"] == "s" + sent(half)


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize(
    "form", ['{"session":{"channel":"%s"}}', '{"x%s":1}', '{"x":[{"y":"%s"}]}', '{"order":{"%s":{}}}']
)
def test_a_record_is_what_it_were_with_the_replacement(half: str, form: str) -> None:
    """In values, keys and unknown fields; for columns, content and drift."""
    base = '{"event_id":"e","event_type":"v","event_timestamp":"2024-05-01",'
    plain = json.dumps(sent(half), ensure_ascii=False)[1:-1]
    assert judged(COMMERCE, base + form[1:] % half) == judged(COMMERCE, base + form[1:] % plain)


def message(value: str) -> str:
    return f'{{"topic":"event","partition":0,"offset":7,"value":{value}}}'


@pytest.mark.parametrize(
    "raw",
    [
        message(POST % r"\ud83d"),
        message(json.dumps(POST % r"\ud83d")),
        message(json.dumps(POST % "X").replace("X", r"\ud83d")),
        (POST % r"\ud83d").replace("}", r""","props":"{'device': '\\ud83d'}"}"""),
        (POST % r"\ud83d").replace("}", r""","props":"{'device': '\ud83d'}"}"""),
        (POST % r"\ud83d").replace("}", r""","props":"{'device': '\\U0000d83d', }"}"""),
        (POST % r"\ud83d").replace("}", r""","props":"{\"device\": \"\\ud83d\"}"}"""),
    ],
)
def test_it_may_be_wrapped_or_printed(raw: str) -> None:
    """In a Kafka message, as object or text, and in an object sent as text."""
    row = outcome(WEB, raw)
    assert (row["session_id"], row["device"]) == ("s\ufffd", "\ufffd" if "props" in raw else None)


def line(**values: str) -> str:
    fields = {"event_id": "e", "collector_tstamp": "2026-01-01 10:00:00", **values}
    return "\t".join(fields.get(name, "") for name in FIELDS)


SESSION = "iglu:com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-2"
COLUMN = "contexts_com_snowplowanalytics_snowplow_client_session_1"


@given(st.lists(st.sampled_from([*HALVES, r"\ud83d\ude00", "x", r"\"", r"\\", r"\n", "é"]), max_size=6).map("".join))
def test_json_that_is_kept_as_text_can_be_parsed(escapes: str) -> None:
    """Warehouses refuse a whole file because of one lone surrogate."""
    data = f'{{"userId":"{escapes}","{escapes}k":[]}}'
    contexts = f'{{"schema":"iglu:x/contexts/jsonschema/1-0-0","data":[{{"schema":"{SESSION}","data":{data}}}]}}'
    kept = outcome(SNOWPLOW, line(contexts=contexts))[COLUMN]
    assert json.loads(kept) == [{"userId": sent(escapes), sent(escapes) + "k": []}]
    decoded = pl.Series([kept]).str.json_decode(pl.List(pl.Struct({"userId": pl.String})))
    assert decoded[0][0] == {"userId": sent(escapes)}


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        (
            '{"schema":"iglu:x.badrows/%s/jsonschema/1","data":{"failure":{"type":"%s"}}}',
            "bad row: \ufffd, \ufffd",
        ),
        (line(contexts='{"data":[{"schema":"%s%s","data":{}}]}'), "'\ufffd\ufffd' for a schema"),
    ],
)
def test_a_detail_shows_the_replacement(raw: str, detail: str) -> None:
    """Rejected records are written to a table as well."""
    assert detail in outcome(SNOWPLOW, raw % (r"\ud83d", r"\ud83d"))["detail"]


def test_a_value_in_a_detail_is_shown_with_it() -> None:
    """The file could not be written otherwise."""
    raw = '{"event_id":"e","event_type":"v","event_timestamp":"2024-05-01","order":{"tax":"\\ud83d"}}'
    assert outcome(COMMERCE, raw)["detail"] == "order_tax: '\ufffd' is no decimal(24,6)"


def test_surrogates_as_bytes_are_no_utf8() -> None:
    """Surrogates encoded as bytes are not valid UTF-8."""
    raw = (POST % "X").encode().replace(b"X", b"\xed\xa0\x80")
    landed = table([POST % ""])
    column = landed.schema.get_field_index("raw")
    spoilt = landed.set_column(column, "raw", [[raw]]).cast(landed.schema)
    assert conformer(WEB).conform(spoilt).refused["detail"].to_list() == ["the bytes are not UTF-8 at byte 87"]
