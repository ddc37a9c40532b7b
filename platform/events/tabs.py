"""Tabs: where the fields of tab-separated lines stand.

Belongs here: the one pass over the bytes. Not here: what the fields are (`enriched`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from events.columns import Rows
from events.compiled import compiled
from events.tokens import Bytes, Places, not_utf8


@compiled
def split(data: Bytes, starts: Places, ends: Places, wanted: Rows, spans: npt.NDArray[np.uint32], counts: Rows) -> None:
    """How many tab-separated fields each line has; `spans` of the wanted ones by their place, where all are there."""
    for row in range(len(starts)):
        at, end = np.int64(starts[row]), np.int64(ends[row])
        first, count = at, 0
        while at <= end:
            if at == end or data[at] == 0x09:
                if count < len(wanted) and wanted[count] >= 0:
                    spans[0, wanted[count], row], spans[1, wanted[count], row] = first, at
                count += 1
                first = at + 1
            at += 1
        counts[row] = count
        if count != len(wanted) or not_utf8(data, np.int64(starts[row]), end) >= 0:
            spans[:, :, row] = 0
            counts[row] = count if count != len(wanted) else -1
