"""The web stream's declaration: the scripts of its sessions, and messages of a Kafka topic."""

from __future__ import annotations

from simulate.defects import count_landed
from simulate.formats import Json
from simulate.plan import PlannedFile
from simulate.scripted_sessions import ScriptedSessions
from simulate.sessions import Scripts
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
NAMES = [(name,) for name in EVENT_TYPES]


def _count(file: PlannedFile) -> int:
    return count_landed(WEB, file)


WEB = Stream(
    name="web",
    source=ScriptedSessions("web", SCRIPTS, NAMES, POST, write_records),
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
