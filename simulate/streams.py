"""The list of streams that can be simulated. A new one is one folder and one line here."""

from __future__ import annotations

from simulate.clickstream.stream import CLICKSTREAM
from simulate.commerce.stream import COMMERCE
from simulate.events.stream import EVENTS
from simulate.mobile.stream import MOBILE
from simulate.snowplow.stream import SNOWPLOW
from simulate.stream import Stream
from simulate.web.stream import WEB

STREAMS: dict[str, Stream] = {stream.name: stream for stream in (CLICKSTREAM, COMMERCE, EVENTS, MOBILE, SNOWPLOW, WEB)}
