"""Enriched events as Snowplow's pipeline writes them."""

from __future__ import annotations

import json
from typing import Any

from events.enriched import FIELDS

VENDOR = "com.snowplowanalytics.snowplow"
PAGE = "contexts_com_snowplowanalytics_snowplow_web_page_1"


def line(**fields: str) -> str:
    """An enriched event with the given fields; the others are those of a page view."""
    known = {"event_id": "e1", "event": "page_view", "event_name": "page_view", "platform": "web"}
    known["collector_tstamp"] = "2026-01-01 10:00:05.000"
    return "\t".join((known | fields).get(name, "") for name in FIELDS)


def entities(*found: tuple[str, Any], vendor: str = VENDOR) -> str:
    data = [{"schema": f"iglu:{vendor}/{name}/jsonschema/1-0-2", "data": value} for name, value in found]
    return json.dumps({"schema": f"iglu:{VENDOR}/contexts/jsonschema/1-0-0", "data": data})
