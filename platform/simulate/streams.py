"""The list of streams that can be simulated: a new one is one module and one line here."""

from __future__ import annotations

from simulate.clickstream import CLICKSTREAM
from simulate.commerce import COMMERCE
from simulate.mobile import MOBILE
from simulate.snowplow import SNOWPLOW
from simulate.stream import Stream
from simulate.web import WEB

STREAMS: dict[str, Stream] = {stream.name: stream for stream in (CLICKSTREAM, COMMERCE, MOBILE, SNOWPLOW, WEB)}
