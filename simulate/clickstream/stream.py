"""The clickstream: what visitors of the storefront look at, put into the cart and buy, in a file every five minutes.

The scripts of its sessions belong here; its records and their flaws are in `simulate.clickstream`.
"""

from __future__ import annotations

from simulate.clickstream.flaws import FLAWS
from simulate.clickstream.records import CART, GOODS, KINDS, PURCHASE, SEARCH, UNCART, VIEW, event, written
from simulate.files import Files
from simulate.formats import Json
from simulate.scripted_sessions import Visits
from simulate.sessions import Scripts
from simulate.stream import Stream

LOOK, LOOK_ON, LOOK_BACK = event(VIEW), event(VIEW, 1), event(VIEW, 2)
TAKE, TAKE_ON, RETURN_ON = event(CART), event(CART, 1), event(UNCART, 1)
BUY, BUY_ON, FIND = event(PURCHASE), event(PURCHASE, 1), event(SEARCH)

SCRIPTS = Scripts(
    [
        *[[LOOK]] * 6,
        *[[LOOK, LOOK_ON]] * 4,
        *[[FIND, LOOK, LOOK_ON, LOOK_BACK]] * 3,
        *[[FIND, FIND, LOOK]] * 2,
        *[[LOOK, TAKE]] * 2,
        *[[LOOK, TAKE, BUY]] * 2,
        [LOOK, LOOK_ON, TAKE_ON, RETURN_ON, LOOK_BACK],
        [FIND, LOOK, TAKE, LOOK_ON, TAKE_ON, BUY, BUY_ON],
        [LOOK, TAKE, LOOK_ON, TAKE_ON, RETURN_ON, BUY],
        [BUY],
    ]
)

CLICKSTREAM = Stream(
    name="clickstream",
    identity_space="site",
    source=Visits("clickstream", SCRIPTS, [(kind,) for kind in KINDS for _ in range(GOODS)], BUY, written),
    format=Json(),
    transport=Files(("year=%Y/month=%m/day=%d/hour=%H/minute=%M/events-%Y%m%d-%H%M%S.jsonl.gz",), parts_an_hour=12),
    flaws=FLAWS,
)
