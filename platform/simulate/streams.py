"""The list of streams that can be simulated: a new one is one module and one line here."""

from __future__ import annotations

from simulate.commerce import Commerce
from simulate.stream import Stream

STREAMS: dict[str, Stream] = {stream.name: stream for stream in (Commerce(),)}
