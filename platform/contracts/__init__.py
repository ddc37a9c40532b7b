"""The platform's streams: one contract file each, and the list of them."""

from contracts.clickstream import CLICKSTREAM
from contracts.commerce import COMMERCE
from contracts.events import EVENTS
from contracts.mobile import MOBILE
from contracts.snowplow import SNOWPLOW
from contracts.stream import Stream
from contracts.web import WEB

STREAMS: tuple[Stream, ...] = (SNOWPLOW, MOBILE, WEB, CLICKSTREAM, COMMERCE, EVENTS)
