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
    CHECKOUT,
    CONSENT,
    CONSENT_ASKED,
    CRASH,
    DELIVERY,
    ERROR,
    EVENT_KINDS,
    ITEM,
    LINK,
    ORDER,
    PAGE,
    PING,
    PRODUCT,
    REFUND,
    REMOVAL,
    SALE,
    SCREEN,
    SEARCH,
    SECOND_ITEM,
    SHIPPED,
    TAP,
    VITALS,
)
from simulate.stream import Stream

START = {PAGE: 0.75, SCREEN: 0.23, SHIPPED: 0.02}
FOLLOW = {
    PAGE: {PING: 0.33, PAGE: 0.17, SEARCH: 0.09, LINK: 0.03, CART: 0.03, PRODUCT: 0.07}
    | {CONSENT_ASKED: 0.015, VITALS: 0.02, ERROR: 0.006},
    PING: {PING: 0.32, PAGE: 0.27, SEARCH: 0.05, CART: 0.04},
    SEARCH: {PAGE: 0.75, SEARCH: 0.1},
    LINK: {PAGE: 0.4},
    PRODUCT: {PING: 0.27, PAGE: 0.2, CART: 0.15},
    CART: {PAGE: 0.34, ORDER: 0.12, CHECKOUT: 0.2, REMOVAL: 0.06},
    REMOVAL: {PAGE: 0.5},
    ORDER: {ITEM: 1.0},
    ITEM: {SECOND_ITEM: 1.0},
    CHECKOUT: {DELIVERY: 0.65, PAGE: 0.1},
    DELIVERY: {SALE: 0.65},
    SALE: {REFUND: 0.5},
    CONSENT_ASKED: {CONSENT: 0.8, PAGE: 0.1},
    CONSENT: {PAGE: 0.5, PING: 0.3},
    VITALS: {PING: 0.4, PAGE: 0.3},
    ERROR: {PAGE: 0.4},
    SCREEN: {TAP: 0.51, SCREEN: 0.23, CRASH: 0.01},
    TAP: {SCREEN: 0.65, APP_ORDER: 0.012},
}
SCRIPTS = Scripts(
    walks("snowplow", START, FOLLOW),
    goals=[ORDER, SALE, APP_ORDER],
    crawl=[PAGE] * 60,
    views=[PAGE, SCREEN],
    beats=[PING],
)
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
