"""The flaws of enriched events, and their amendments. Each flaw spoils one thing in the line of a page view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random

from simulate.common_flaws import BIGINT_END, TOO_MANY, with_value, with_wrong_time
from simulate.snowplow.enriched import STAMP
from simulate.stream import Flaw, Record


def _set_time(record: Record, at: datetime) -> None:
    record["derived_tstamp"] = at.strftime(STAMP)
    record["true_tstamp"] = ""


FLAWS: Mapping[str, Sequence[Flaw]] = {
    "missing": (with_value("event_id", ""), with_value("collector_tstamp", "")),
    "type": (
        with_value("domain_sessionidx", "first"),
        with_value("br_viewwidth", "1.5e"),
        with_value("doc_height", str(BIGINT_END)),
        with_value("br_cookies", "maybe"),
        with_value("se_value", "a lot"),
        with_value("tr_total", "12,50"),
        with_value("collector_tstamp", "just now"),
        with_value("derived_tstamp", "2026-02-30 25:61:00"),
    ),
    "rule": (with_value("ti_quantity", str(TOO_MANY)), with_value("tr_total", "1000000000000.01")),
    "clock": with_wrong_time(_set_time),
}


def amend(record: Record, random: Random) -> None:
    """Change the page's title, and with it the fingerprint. The id and the times stay."""
    record["page_title"] += " (sale)"
    if record["event_fingerprint"]:
        record["event_fingerprint"] = f"{random.getrandbits(128):032x}"
