"""The mobile stream's declaration: a session is some journeys, one record each, without a separator between records."""

from __future__ import annotations

from simulate.formats import Json
from simulate.landing import RecordFiles
from simulate.mobile.flaws import CORRUPTIONS, FLAWS
from simulate.mobile.journeys import CHANCES, JOURNEYS
from simulate.mobile.records import write_records
from simulate.scripted_sessions import ScriptedSessions
from simulate.scripts import Scripts, walks
from simulate.stream import Stream

ANOTHER = 0.7  # the chance that another journey follows
START = dict(enumerate(CHANCES.values()))
NEXT = {number: ANOTHER * chance for number, chance in START.items()}
SCRIPTS = Scripts(walks("mobile", START, dict.fromkeys(START, NEXT)))
NAMES = [journey.event_names for journey in JOURNEYS]

MOBILE = Stream(
    name="mobile",
    source=ScriptedSessions("mobile", "app", SCRIPTS, NAMES, 0, write_records),
    format=Json(CORRUPTIONS),
    transport=RecordFiles(("%Y/%m/%d/%H/mobile-1-%Y-%m-%d-%H-%M-%S-{part}.gz",), separator=b""),
    flaws=FLAWS,
)
