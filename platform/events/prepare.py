"""Compile all machine code when the platform is set up, so that the first event does not wait for it.

    python -m events.prepare

Belongs here: a batch of records that calls every compiled function. Not here: any of these functions.
"""

from __future__ import annotations

from io import BytesIO
from itertools import chain

import numpy as np
import pyarrow as pa

from contracts import STREAMS
from contracts.lineage import LINEAGE
from contracts.stream import Csv
from events.conform import Conformer
from events.decode import records
from events.dedup.bloom_filter import BloomFilter
from events.row_identity import identity_digest
from partitions import EPOCH

REST = ["raw", "header", "oversize"]


def main() -> None:
    """Decode and conform a few records of every stream, and use the Bloom filter and the identity sum."""
    BloomFilter(0).add(np.empty(0, np.uint64))
    BloomFilter(0).might_contain(np.empty(0, np.uint64))
    coded = pa.array(["nine"]).dictionary_encode()
    identity_digest(coded, coded, pa.array([9]))
    for stream in STREAMS:
        tables = [framing for framing in stream.decoding if isinstance(framing, Csv)]
        rows = [(framing.delimiter.join(framing.columns) + '\n"\n"' * 9).encode(framing.encoding) for framing in tables]
        contents = [b'{"a": 1}\n' * 9, *rows]
        for batch in chain(*(records(BytesIO(content), "nine", stream.decoding) for content in contents)):
            arrival = pa.repeat(pa.scalar(EPOCH, pa.timestamp("us", "UTC")), len(batch))
            source = pa.repeat(pa.scalar("nine"), len(batch)).dictionary_encode()
            lineage = (arrival, source, source, batch.column("_line"))
            table = pa.table([*lineage, *batch.select(REST)], [*LINEAGE, *REST])
            Conformer(stream, b"none").conform(table)


if __name__ == "__main__":
    main()
