"""The snowplow stream: what trackers on a shop's site, in its app and on its servers saw, enriched.

The scripts of visits belong here; visitors, fields and flaws are in `simulate.snowplow`.
"""

from __future__ import annotations

from simulate.files import Files
from simulate.scripted_sessions import Visits
from simulate.sessions import Scripts
from simulate.snowplow.corruptions import MALFORMED
from simulate.snowplow.enriched import EnrichedTsv
from simulate.snowplow.flaws import FLAWS, amend
from simulate.snowplow.records import written
from simulate.snowplow.vocabulary import (
    APP_ORDER,
    CART,
    ITEM,
    KINDS,
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

SNOWPLOW = Stream(
    name="snowplow",
    identity_space="site",
    source=Visits("snowplow", SCRIPTS, [(kind.name,) for kind in KINDS], PAGE, written),
    format=EnrichedTsv(MALFORMED),
    transport=Files(("%Y/%m/%d/%H/part-{part}.gz", "%Y/%m/%d/%H/part-{part}.tsv")),
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
