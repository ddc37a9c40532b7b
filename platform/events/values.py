"""The values of one column as they were found in the bytes of records: a kind and a span each, not parsed yet.

Belongs here: what a found value is, which `json` and `tab_separated` fill in. Not here: finding or typing values.
"""

from __future__ import annotations

from typing import NamedTuple

from events.array_types import Bytes, Positions

# A value's kind. An ESCAPED text has JSON escapes. CONSTANT is NaN or Infinity, which producers write although JSON
# does not have them.
MISSING, NULL, TEXT, ESCAPED, NUMBER, CONSTANT, BOOLEAN, OBJECT, ARRAY = range(9)
KIND_NAMES = ("nothing", "null", "text", "text", "number", "NaN or Infinity", "boolean", "object", "array")


class Values(NamedTuple):
    """One column's values, a row each: value `i` is `data[starts[i]:ends[i]]` and of kind `kinds[i]`.

    A text's span is without its quotes. The spans of MISSING and NULL values are undefined.
    """

    data: Bytes
    kinds: Bytes
    starts: Positions
    ends: Positions

    def raw(self, row: int) -> bytes:
        """The bytes of one value, as sent."""
        return self.data[self.starts[row] : self.ends[row]].tobytes()
