"""The streams of the platform: one contract file each, listed here."""

from contracts.commerce import COMMERCE
from contracts.stream import Stream

STREAMS: tuple[Stream, ...] = (COMMERCE,)
