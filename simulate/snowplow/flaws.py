"""What can be wrong with one enriched event of the right number of fields, one thing at a time, and what may differ.

A flaw spoils a page view in place; everything else about it is good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random

from simulate.common_flaws import BIGINT_END, TOO_MANY, holds, unbelievable
from simulate.snowplow.enriched import STAMP
from simulate.stream import Flaw, Record


def _clock(record: Record, at: datetime) -> None:
    record["derived_tstamp"] = at.strftime(STAMP)
    record["true_tstamp"] = ""


FLAWS: Mapping[str, Sequence[Flaw]] = {
    "missing": (holds("event_id", ""), holds("collector_tstamp", "")),
    "type": (
        holds("domain_sessionidx", "first"),
        holds("br_viewwidth", "1.5e"),
        holds("doc_height", str(BIGINT_END)),
        holds("br_cookies", "maybe"),
        holds("se_value", "a lot"),
        holds("tr_total", "12,50"),
        holds("collector_tstamp", "just now"),
        holds("derived_tstamp", "2026-02-30 25:61:00"),
    ),
    "rule": (holds("ti_quantity", str(TOO_MANY)), holds("tr_total", "1000000000000.01")),
    "clock": unbelievable(_clock),
}


def amend(record: Record, random: Random) -> None:
    """Another event under the same id: another title, and with it another fingerprint."""
    record["page_title"] += " (sale)"
    if record["event_fingerprint"]:
        record["event_fingerprint"] = f"{random.getrandbits(128):032x}"
