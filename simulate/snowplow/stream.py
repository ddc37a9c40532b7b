"""The snowplow stream's declaration: what follows what in a visit, and files of enriched lines."""

from __future__ import annotations

from simulate.landing import RecordFiles
from simulate.scripted_sessions import ScriptedSessions
from simulate.scripts import Scripts, walks
from simulate.snowplow.corruptions import CORRUPTIONS
from simulate.snowplow.enriched import EnrichedTsv
from simulate.snowplow.flaws import FLAWS, amend
from simulate.snowplow.records import write_records
from simulate.snowplow.vocabulary import (
    APP_ORDER,
    CART,
    EVENT_KINDS,
    ITEM,
    LINK,
    ORDER,
    PAGE,
    PING,
    SCREEN,
    SEARCH,
    SECOND_ITEM,
    SHIPPED,
    TAP,
)
from simulate.stream import Stream

START = {PAGE: 0.75, SCREEN: 0.23, SHIPPED: 0.02}
FOLLOW = {
    PAGE: {PING: 0.36, PAGE: 0.22, SEARCH: 0.1, LINK: 0.03, CART: 0.05},
    PING: {PING: 0.32, PAGE: 0.3, SEARCH: 0.05, CART: 0.04},
    SEARCH: {PAGE: 0.75, SEARCH: 0.1},
    LINK: {PAGE: 0.4},
    CART: {PAGE: 0.42, ORDER: 0.12},
    ORDER: {ITEM: 1.0},
    ITEM: {SECOND_ITEM: 1.0},
    SCREEN: {TAP: 0.52, SCREEN: 0.23},
    TAP: {SCREEN: 0.65, APP_ORDER: 0.012},
}
SCRIPTS = Scripts(walks("snowplow", START, FOLLOW), goals=[ORDER, APP_ORDER], crawl=[PAGE] * 60)
NAMES = [(kind.name,) for kind in EVENT_KINDS]

SNOWPLOW = Stream(
    name="snowplow",
    source=ScriptedSessions("snowplow", "site", SCRIPTS, NAMES, PAGE, write_records),
    format=EnrichedTsv(CORRUPTIONS),
    transport=RecordFiles(("%Y/%m/%d/%H/part-{part}.gz", "%Y/%m/%d/%H/part-{part}.tsv")),
    flaws=FLAWS,
    amendments=(amend,),
    personal={
        "user_ipaddress": "ip",
        "user_fingerprint": "digits",
        "geo_zipcode": "digits",
        "geo_latitude": "degrees",
        "geo_longitude": "degrees",
    },
)
