"""The declaration of the events stream: what follows what in a session of the app."""

from __future__ import annotations

from simulate.events.flaws import FLAWS, amend
from simulate.events.records import ADD, BUY, NAMES, OPEN, RETURN, VIEW, write_records
from simulate.formats import Json
from simulate.landing import RecordFiles
from simulate.scripted_sessions import ScriptedSessions
from simulate.scripts import Scripts, walks
from simulate.stream import Stream

START = {OPEN: 0.8, VIEW: 0.2}
FOLLOW = {
    OPEN: {VIEW: 0.55, OPEN: 0.2},
    VIEW: {OPEN: 0.25, VIEW: 0.25, ADD: 0.1},
    ADD: {BUY: 0.2, VIEW: 0.4, OPEN: 0.1},
    BUY: {RETURN: 0.1, OPEN: 0.3},
    RETURN: {OPEN: 0.3},
}
SCRIPTS = Scripts(walks("events", START, FOLLOW), goals=[BUY])

EVENTS = Stream(
    name="events",
    source=ScriptedSessions("events", "events", SCRIPTS, [(name,) for name in NAMES], BUY, write_records),
    format=Json(),
    transport=RecordFiles(("%Y/%m/%d/%H/events-{part}.jsonl.gz",)),
    flaws=FLAWS,
    amendments=[amend],
)
