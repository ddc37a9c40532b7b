"""Prepare: what becomes machine code is compiled when the platform is set up, not when the first event comes.

    python -m events.prepare

Belongs here: the batch that every compiled function is called with. Not here: any of these functions.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pyarrow as pa

from contracts import STREAMS
from contracts.stream import Stream
from events.conform import Conformer
from events.decode import OVERSIZE, records
from events.recent import Recent


def main() -> None:
    """Frame, conform and count no records of every stream, which calls all that there is to be called."""
    lineage = {name: pa.string() for name in Stream.LINEAGE} | {
        "_arrival_hour": pa.timestamp("us", "UTC"),
        "_line": pa.int64(),
    }
    schema = pa.schema([*lineage.items(), ("raw", pa.large_binary()), ("header", pa.string()), ("oversize", OVERSIZE)])
    Recent().again(np.empty(0, np.uint64))
    for stream in STREAMS:
        list(records(BytesIO(b"\n"), "none", stream.decoding))
        Conformer(stream, b"none").conform(schema.empty_table())


if __name__ == "__main__":
    main()
