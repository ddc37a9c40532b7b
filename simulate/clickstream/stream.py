"""The clickstream's declaration: the scripts of its sessions, and files every five minutes."""

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
from simulate.sessions import Scripts
from simulate.stream import Stream

VIEW_A, VIEW_B, VIEW_C = (event_number(PAGE_VIEW, product) for product in range(3))
ADD_A, ADD_B = (event_number(ADD_TO_CART, product) for product in range(2))
REMOVE_B = event_number(REMOVE_FROM_CART, 1)
BUY_A, BUY_B = (event_number(PURCHASE, product) for product in range(2))
FIND = event_number(SEARCH)

SCRIPTS = Scripts(
    [
        *[[VIEW_A]] * 6,
        *[[VIEW_A, VIEW_B]] * 4,
        *[[FIND, VIEW_A, VIEW_B, VIEW_C]] * 3,
        *[[FIND, FIND, VIEW_A]] * 2,
        *[[VIEW_A, ADD_A]] * 2,
        *[[VIEW_A, ADD_A, BUY_A]] * 2,
        [VIEW_A, VIEW_B, ADD_B, REMOVE_B, VIEW_C],
        [FIND, VIEW_A, ADD_A, VIEW_B, ADD_B, BUY_A, BUY_B],
        [VIEW_A, ADD_A, VIEW_B, ADD_B, REMOVE_B, BUY_A],
        [BUY_A],
    ]
)
NAMES = [(name,) for name in EVENT_TYPES for _ in range(PRODUCTS_A_SESSION)]

CLICKSTREAM = Stream(
    name="clickstream",
    source=ScriptedSessions("clickstream", SCRIPTS, NAMES, BUY_A, write_records),
    format=Json(),
    transport=RecordFiles(
        ("year=%Y/month=%m/day=%d/hour=%H/minute=%M/events-%Y%m%d-%H%M%S.jsonl.gz",), parts_an_hour=12
    ),
    flaws=FLAWS,
)
