"""The mobile stream's declaration: every session is one record, and records follow each other without a separator."""

from __future__ import annotations

from simulate.formats import Json
from simulate.landing import RecordFiles
from simulate.mobile.flaws import CORRUPTIONS, FLAWS
from simulate.mobile.journeys import JOURNEYS
from simulate.mobile.records import write_records
from simulate.scripted_sessions import ScriptedSessions
from simulate.sessions import Scripts
from simulate.stream import Stream

SCRIPTS = Scripts([[number] for number in range(len(JOURNEYS))])
NAMES = [journey.event_names for journey in JOURNEYS]

MOBILE = Stream(
    name="mobile",
    source=ScriptedSessions("mobile", SCRIPTS, NAMES, 0, write_records),
    format=Json(CORRUPTIONS),
    transport=RecordFiles(("%Y/%m/%d/%H/mobile-1-%Y-%m-%d-%H-%M-%S-{part}.gz",), separator=b""),
    flaws=FLAWS,
)
