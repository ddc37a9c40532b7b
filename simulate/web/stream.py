"""The web stream: what members of the community site do, taken from Kafka.

The scripts of their sessions belong here; records, their flaws and Kafka's wrapper are in `simulate.web`.
"""

from __future__ import annotations

from simulate import defects
from simulate.formats import Json
from simulate.plan import Slot
from simulate.scripted_sessions import Visits
from simulate.sessions import Scripts
from simulate.stream import Stream
from simulate.web.flaws import FLAWS
from simulate.web.kafka import Log
from simulate.web.records import (
    COMMENT,
    EVENT_TYPES,
    LIKE,
    LOGIN,
    POST,
    SHARE,
    VIEW_ARTICLE,
    VIEW_POST,
    written,
)

SCRIPTS = Scripts(
    [
        *[[VIEW_POST]] * 3,
        *[[VIEW_ARTICLE, VIEW_ARTICLE, LIKE]] * 3,
        *[[LOGIN, VIEW_POST, COMMENT]] * 3,
        *[[LOGIN, POST]] * 2,
        [LOGIN, VIEW_ARTICLE, LIKE, SHARE, VIEW_POST, COMMENT, VIEW_POST],
        [LOGIN],
    ]
)


def _records(slot: Slot) -> int:
    return defects.landed(WEB, slot)


WEB = Stream(
    name="web",
    identity_space="community",
    source=Visits("web", SCRIPTS, [(name,) for name in EVENT_TYPES], POST, written),
    format=Json(),
    transport=Log("event", _records),
    flaws=FLAWS,
    personal={
        "username": "name",
        "props.ip_address": "ip",
        "request.ip_address": "ip",
        "props.geo_location.city": "name",
    },
)
