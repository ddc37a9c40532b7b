"""Records that fuzzing found: each is rejected for its own fault and does not affect others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from landed import outcomes

from contracts.clickstream import CLICKSTREAM
from contracts.stream import Stream
from contracts.web import WEB

POST = {"user_id": "u1", "event_type": "post", "occurred_at": "2026-01-01T10:00:00Z"}
MESSAGE = {"topic": "event", "partition": 0, "offset": 7, "value": POST}

VISIT = {"user_id": "u1", "session_id": "s1", "product_id": "p1", "category": "toys", "event_type": "page_view"}
GOOD = {WEB: POST, CLICKSTREAM: VISIT | {"timestamp": "2026-01-01T10:00:00Z"}}


def text(record: Any, old: str = "", new: str = "") -> str:
    """A record as JSON, with one text replaced, perhaps by invalid JSON."""
    return json.dumps(record).replace(old, new)


KINDS = "isin(['page_view', 'add_to_cart', 'remove_from_cart', 'purchase', 'search'])"
FINDS = [
    (WEB, text(MESSAGE, '"u1"', "nan"), "malformed", "no JSON: expected a value at byte 69"),
    (WEB, text(MESSAGE, '"u1"', "[" * 70 + "]" * 70), "malformed", "nested deeper than 64 at byte 131"),
    (WEB, text(POST | {"props": "{}"}, '"u1"', "nan"), "malformed", "no JSON: expected a value at byte 12"),
    (WEB, text(POST | {"props": "{(1, 2): 3}"}), "type", "props: object wanted, text found"),
    (WEB, text(POST | {"props": "{'a': '" + "x" * 70_000 + "'}"}), "type", "props: object wanted, text found"),
    (
        CLICKSTREAM,
        text(VISIT | {"event_type": 10**20}),
        "missing",
        f"event_at: required; event_name: {KINDS}: {10**20}",
    ),
]


@pytest.mark.parametrize(("stream", "raw", "reason", "detail"), FINDS)
def test_a_find_is_refused_and_its_neighbour_is_not(stream: Stream, raw: str, reason: str, detail: str) -> None:
    """Each of these once made conform fail, and with it the whole hour."""
    found = outcomes(stream, [json.dumps(GOOD[stream]), raw])
    assert (found[1]["reason"], found[1]["detail"], "reason" in found[0]) == (reason, detail, False)
