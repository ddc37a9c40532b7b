"""What must hold for any file: decoding loses no byte of it, and conforming loses no record.

Not here: files to try them on (`corpus`, `spoiling`).
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
from spoiling import Spoilt

from contracts.stream import Stream
from events.compression import Unreadable, blocks
from events.conform import Conformer
from events.decode import RECORDS, records
from events.detection import detect, read_head
from events.rejections import REASONS
from events.value_cutter import ValueCutter

HOUR = datetime(2026, 1, 1, tzinfo=UTC)
IDENTITY = ["_source_file", "_line"]
SPACE = b" \t\r\n\v\f"


@dataclass(frozen=True)
class Decoded:
    """The records of one numbered file as bronze holds them."""

    number: int
    table: pa.Table

    @classmethod
    def of(cls, number: int, stream: Stream, file: Spoilt) -> Decoded | None:
        """The records of a file, after checking that no byte is lost; None if the file is refused."""
        try:
            batches = list(records(io.BytesIO(file.content), file.name, stream.decoding, file.limit))
            plain = b"".join(blocks(io.BytesIO(file.content), file.name))
        except Unreadable:
            return None
        found = pa.Table.from_batches(batches, RECORDS)
        assert_whole(plain, found, stream)
        n = len(found)
        return cls(
            number,
            found.append_column("_arrival_hour", pa.repeat(pa.scalar(HOUR, pa.timestamp("us", "UTC")), n))
            .append_column("_source_file", pa.repeat(str(number), n))
            .append_column("_source_version", pa.repeat("v", n)),
        )


def assert_whole(plain: bytes, found: pa.Table, stream: Stream) -> None:
    """Records are in the content in order, with only separators around them."""
    head = read_head(iter([plain]))
    detected = detect(head, stream.decoding, 1)
    separators = SPACE + b",[]" if isinstance(detected.cutter, ValueCutter) else SPACE
    at = head.skipped + detected.begin
    for raw, oversize in zip(found.column("raw").to_pylist(), found.column("oversize").to_pylist(), strict=True):
        if raw is None:
            start, end = oversize["offset"], oversize["offset"] + oversize["length"]
            assert hashlib.sha256(plain[start:end]).hexdigest() == oversize["sha256"]
        else:
            start = plain.find(raw, at)
            end = start + len(raw)
        assert start >= at, f"{raw!r} is not in the content from {at} on"
        assert not plain[at:start].strip(separators), f"lost at {at}: {plain[at:start]!r}"
        at = end
    assert not plain[at:].strip(separators), f"lost at {at}: {plain[at:]!r}"


def assert_named(stream: Stream, accepted: pl.DataFrame) -> None:
    """No text is empty, and none is blank except free text."""
    for name, dtype in stream.types.items():
        source = stream.source_of(name)
        if isinstance(dtype, pl.List):
            items = accepted[name].explode(empty_as_null=False, keep_nulls=False).struct.unnest()
            texts = {field: items[field] for field, kind in items.schema.items() if kind == pl.String}
        else:
            texts = {name: accepted[name]} if dtype == pl.String and not source["json"] else {}
        for field, values in texts.items():
            shown = values if source["free_text"] else values.str.strip_chars()
            assert "" not in shown, f"{name}: {field} is blank"


def assert_conserved(conformer: Conformer, files: Sequence[Decoded]) -> Counter[str]:
    """Each record is accepted or rejected once; returns the counts by reason."""
    table = pa.concat_tables([file.table for file in files])
    found = conformer.conform(table)
    landed = pl.DataFrame(pl.from_arrow(table.select([*IDENTITY, "raw"])))
    both = pl.concat([found.accepted.select(IDENTITY), found.refused.select(IDENTITY)])
    assert both.sort(IDENTITY).equals(landed.select(IDENTITY).sort(IDENTITY))
    raws = found.refused.join(landed, on=IDENTITY, how="left", maintain_order="left")
    assert raws["raw"].equals(raws["raw_right"], null_equal=True)
    assert set(found.refused["reason"]) <= set(REASONS)
    assert not found.refused["detail"].null_count()
    types = conformer.stream.types
    assert dict(found.accepted.select(list(types)).schema) == types
    assert_named(conformer.stream, found.accepted)
    kept = landed.with_row_index().join(found.accepted, on=IDENTITY, how="semi", maintain_order="left")["index"]
    contents = conformer.contents(table.select(["raw", "header"]).take(kept.to_arrow()))
    assert len(contents) == len(kept)
    assert not contents.null_count()
    conformer.unknown(table)
    return Counter(found.refused["reason"], accepted=len(found.accepted))
