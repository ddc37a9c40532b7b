"""The snowplow stream's declaration: the scripts of visits, and files of enriched lines."""

from __future__ import annotations

from simulate.landing import RecordFiles
from simulate.scripted_sessions import ScriptedSessions
from simulate.sessions import Scripts
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

SCRIPTS = Scripts(
    [
        *[[PAGE]] * 5,
        *[[PAGE, PING, PING]] * 4,
        *[[PAGE, SEARCH, PAGE, LINK]] * 3,
        *[[PAGE, PAGE, PING, CART]] * 2,
        [PAGE, SEARCH, PAGE, CART, ORDER, ITEM, SECOND_ITEM, PAGE],
        [PAGE, CART, ORDER, ITEM, SECOND_ITEM],
        *[[SCREEN, TAP, SCREEN]] * 2,
        [SCREEN, TAP, APP_ORDER, SCREEN],
        [SHIPPED],
    ]
)

NAMES = [(kind.name,) for kind in EVENT_KINDS]

SNOWPLOW = Stream(
    name="snowplow",
    source=ScriptedSessions("snowplow", SCRIPTS, NAMES, PAGE, write_records),
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
