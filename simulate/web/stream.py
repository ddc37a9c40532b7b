"""The web stream's declaration: what follows what in a session, and messages of a Kafka topic."""

from __future__ import annotations

from simulate.defects import count_landed
from simulate.formats import Json
from simulate.plan import PlannedFile
from simulate.scripted_sessions import ScriptedSessions
from simulate.scripts import Scripts, walks
from simulate.stream import Stream
from simulate.web.flaws import FLAWS
from simulate.web.kafka import KafkaFiles
from simulate.web.records import (
    COMMENT,
    EVENT_TYPES,
    LIKE,
    LOGIN,
    POST,
    SHARE,
    VIEW_ARTICLE,
    VIEW_POST,
    write_records,
)

START = {LOGIN: 0.35, VIEW_POST: 0.35, VIEW_ARTICLE: 0.3}
FOLLOW = {
    LOGIN: {VIEW_POST: 0.5, VIEW_ARTICLE: 0.3, POST: 0.08},
    VIEW_POST: {VIEW_POST: 0.36, VIEW_ARTICLE: 0.22, COMMENT: 0.07, POST: 0.03},
    VIEW_ARTICLE: {VIEW_ARTICLE: 0.32, VIEW_POST: 0.24, LIKE: 0.12, SHARE: 0.01},
    POST: {VIEW_POST: 0.5},
    COMMENT: {VIEW_POST: 0.45, SHARE: 0.08},
    LIKE: {VIEW_ARTICLE: 0.45, SHARE: 0.05},
    SHARE: {VIEW_POST: 0.3},
}
SCRIPTS = Scripts(walks("web", START, FOLLOW), crawl=[VIEW_POST, VIEW_ARTICLE] * 30)
NAMES = [(name,) for name in EVENT_TYPES]


def _count(file: PlannedFile) -> int:
    return count_landed(WEB, file)


WEB = Stream(
    name="web",
    source=ScriptedSessions("web", "community", SCRIPTS, NAMES, POST, write_records),
    format=Json(),
    transport=KafkaFiles("event", _count),
    flaws=FLAWS,
    personal={
        "username": "name",
        "props.ip_address": "ip",
        "request.ip_address": "ip",
        "props.geo_location.city": "name",
    },
)
