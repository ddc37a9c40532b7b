"""The mobile stream: journeys through an app, one record each, run together as Firehose delivers them.

What a journey is and how it is written is in `simulate.mobile`.
"""

from __future__ import annotations

from simulate.files import Files
from simulate.formats import Json
from simulate.mobile.flaws import FLAWS, MALFORMED
from simulate.mobile.journeys import JOURNEYS
from simulate.mobile.records import written
from simulate.scripted_sessions import Visits
from simulate.sessions import Scripts
from simulate.stream import Stream

MOBILE = Stream(
    name="mobile",
    identity_space="app",
    source=Visits("mobile", Scripts([[n] for n in range(len(JOURNEYS))]), [j.names for j in JOURNEYS], 0, written),
    format=Json(MALFORMED),
    transport=Files(("%Y/%m/%d/%H/mobile-1-%Y-%m-%d-%H-%M-%S-{part}.gz",), separator=b""),
    flaws=FLAWS,
)
