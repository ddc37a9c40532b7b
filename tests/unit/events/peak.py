"""A process that decodes hostile content, and prints how far its peak memory rose, in MiB.

`python peak.py` prints a JSON object: by case, the numbers of records and of oversize records, and the peak so far.
"""

from __future__ import annotations

import gzip
import io
import json
import resource
from collections.abc import Iterator

from contracts.stream import Csv, Framing, JsonConcatenated, JsonLines
from events import decode

MEGABYTE = 1 << 20
LINES, VALUES, CSV = JsonLines(), JsonConcatenated(), Csv(("a", "b"))


def contents() -> Iterator[tuple[str, Framing, bytes]]:
    """Cases as (name, framing, content); some are compressed to stay small."""
    yield "line", LINES, gzip.compress(b"x" * MEGABYTE) * 200
    yield "blank lines", LINES, gzip.compress(b" \n" * (MEGABYTE // 2)) * 4
    yield "tiny lines", LINES, b"1\n" * 1_000_000
    yield "tiny objects", VALUES, b"{}" * 1_000_000
    yield "keys", VALUES, b'{"x":0' + b"".join(b',"k%d":1' % key for key in range(1_000_000)) + b"}"
    yield "deep", VALUES, b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    yield "deep lists", VALUES, b"[" * 100_000 + b"]" * 100_000
    yield "string", VALUES, gzip.compress(b'{"a":"') + gzip.compress(b"x\\" * MEGABYTE) * 20 + gzip.compress(b'"}{}')
    yield "element", VALUES, gzip.compress(b'[{"a":[') + gzip.compress(b'{},"",' * MEGABYTE) * 4
    yield "space", VALUES, gzip.compress(b"{}" + b" " * MEGABYTE) * 40
    yield "truncated", VALUES, b'{"a":"tr' * 50_000
    yield "braces", VALUES, b"{x}," * 100_000
    yield "bare lines", LINES, gzip.compress(b"\n" * MEGABYTE) * 20
    yield "returns", LINES, gzip.compress(b"\r" * MEGABYTE) * 20
    yield "broad lines", LINES, (gzip.compress(b" \t" * (MEGABYTE >> 1)) * 40 + gzip.compress(b"\r\n")) * 2
    yield "commas", VALUES, gzip.compress(b"[{}") + gzip.compress(b" ,\n" * MEGABYTE) * 10
    yield "brackets", VALUES, gzip.compress(b"[]" * MEGABYTE) * 10
    yield (
        "blank rows",
        CSV,
        gzip.compress(b"\r\n" * MEGABYTE) * 10 + gzip.compress(b"a,b\n") + gzip.compress(b"\n \r" * MEGABYTE),
    )
    yield (
        "escaped quotes",
        CSV,
        gzip.compress(b'a,b\n1,"') + gzip.compress(b'""' * MEGABYTE) * 6 + gzip.compress(b'\n"\n'),
    )
    yield "returns in objects", LINES, b'{"a":[\r' * 200_000
    yield "open quote", CSV, b'a,b\n1,"x\n' + b"1,2\n" * 1_000_000
    yield "broken quotes", CSV, b"a,b\n" + b'1,""x"\n' * 100_000


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def main() -> None:
    start, found = peak(), {}
    for name, framing, landed in contents():
        batches = decode.records(io.BytesIO(landed), "f", (framing,))
        counts = [(batch.num_rows, batch.num_rows - batch.column("oversize").null_count) for batch in batches]
        found[name] = [sum(rows for rows, _ in counts), sum(large for _, large in counts), peak() - start]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
