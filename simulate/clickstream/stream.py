"""The clickstream's declaration: what follows what in a session, and files every five minutes."""

from __future__ import annotations

from simulate.clickstream.flaws import FLAWS
from simulate.clickstream.records import (
    ADD_TO_CART,
    EVENT_TYPES,
    PAGE_VIEW,
    PRODUCTS_A_SESSION,
    PURCHASE,
    REMOVE_FROM_CART,
    SEARCH,
    event_number,
    write_records,
)
from simulate.formats import Json
from simulate.landing import RecordFiles
from simulate.scripted_sessions import ScriptedSessions
from simulate.scripts import Scripts, walks
from simulate.stream import Stream

VIEW_A, VIEW_B, VIEW_C = (event_number(PAGE_VIEW, product) for product in range(3))
ADD_A, ADD_B = (event_number(ADD_TO_CART, product) for product in range(2))
REMOVE_B = event_number(REMOVE_FROM_CART, 1)
BUY_A, BUY_B = (event_number(PURCHASE, product) for product in range(2))
FIND = event_number(SEARCH)

START = {VIEW_A: 0.65, FIND: 0.35}
FOLLOW = {
    FIND: {VIEW_A: 0.62, VIEW_B: 0.15, FIND: 0.13},
    VIEW_A: {VIEW_B: 0.46, FIND: 0.21, ADD_A: 0.06},
    VIEW_B: {VIEW_C: 0.36, FIND: 0.16, VIEW_A: 0.14, ADD_B: 0.05},
    VIEW_C: {VIEW_A: 0.26, VIEW_B: 0.2, FIND: 0.14},
    ADD_A: {VIEW_B: 0.4, BUY_A: 0.15},
    ADD_B: {VIEW_C: 0.3, BUY_B: 0.14, REMOVE_B: 0.2},
    REMOVE_B: {VIEW_C: 0.4, VIEW_A: 0.2},
}
SCRIPTS = Scripts(walks("clickstream", START, FOLLOW), goals=[BUY_A, BUY_B], crawl=[VIEW_A, VIEW_B, VIEW_C] * 20)
NAMES = [(name,) for name in EVENT_TYPES for _ in range(PRODUCTS_A_SESSION)]

CLICKSTREAM = Stream(
    name="clickstream",
    source=ScriptedSessions("clickstream", "site", SCRIPTS, NAMES, BUY_A, write_records),
    format=Json(),
    transport=RecordFiles(
        ("year=%Y/month=%m/day=%d/hour=%H/minute=%M/events-%Y%m%d-%H%M%S.jsonl.gz",), parts_an_hour=12
    ),
    flaws=FLAWS,
)
