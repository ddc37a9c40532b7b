"""A stream's JSON and CSV records become typed columns.

Belongs here: CSV rows as objects, Kafka's wrapper around a record, the fields that a contract knows. Not here: JSON
itself (`json`), what the columns mean together (`conform`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from contracts.paths import names_of_path
from contracts.stream import Csv, Stream
from events.array_types import Mask
from events.byte_spans import ByteSpans
from events.contract_columns import columns_of
from events.delimited import OPEN, TRAILING, rows_as_json
from events.header import fits, names_of
from events.json import Extraction, Projection, digest, extract
from events.pairs import Pairs
from events.siphash import Digests
from events.values import MISSING, NULL, TEXT, Values

_MESSAGE = ("topic", "partition", "offset", "value")  # an object with all of these keys is a Kafka message
_BINARY = "value_base64"  # beside a null value: the bytes of one that is no text


class Documents:
    """One stream's records as JSON objects."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.tables = [framing for framing in stream.decoding if isinstance(framing, Csv)] or [Csv(())]
        columns, known = columns_of(stream), [*_known_paths(stream)]
        self.known_fields = [*dict.fromkeys(names_of_path(path)[0] for path in known)]
        self.messages = Projection(located=(*_MESSAGE, _BINARY))
        self.projection = Projection(columns, nulls=stream.nulls, volatile=stream.volatile, embedded=stream.literals)
        self.pairs = [Pairs(path, _below(path, known)) for path in stream.pairs]
        inside = tuple(f"{path}." for path in stream.pairs)
        paths = [path for column in columns for path in column.all_paths if not path.startswith(inside)]
        self.located = Projection(
            located=paths, elements=stream.pairs, volatile=stream.volatile, embedded=stream.literals
        )
        unused = [column for column in columns if column.unused]
        self.drift = Projection(unused, nulls=stream.nulls, embedded=stream.literals, known=known)

    def extract(self, records: ByteSpans, header: pa.ChunkedArray) -> Extraction:
        """Typed columns of records (JSON or CSV), one row each. Anything else is rejected."""
        why: dict[int, str] = {}
        objects, wrapped = self._objects(records, header, why)
        result = self._extract_with_pairs(objects) if self.pairs else extract(objects, self.projection)
        if result.errors:
            for row in result.errors.rows.tolist():
                why.setdefault(row, ("value: " if wrapped[row] else "") + result.errors.message(row))
        result.rejections.add(why, "malformed", why.values())
        return result

    def digest(self, records: ByteSpans, header: pa.ChunkedArray) -> Digests:
        """The digest of each record's content."""
        return digest(self._objects(records, header, {})[0], self.projection)

    def unknown(self, records: ByteSpans, header: pa.ChunkedArray) -> Counter[tuple[str, str]]:
        """The number of records by path and JSON type of fields that the contract does not know, and of unused times
        that cannot be read."""
        why: dict[int, str] = {}
        objects, _ = self._objects(records, header, why)
        objects.kinds[[*why]] = MISSING
        drift = extract(objects, self.drift).drift
        found = extract(objects, self.located) if self.pairs else Extraction()
        return sum((pairs.unknown(found) for pairs in self.pairs), drift)

    def _extract_with_pairs(self, objects: Values) -> Extraction:
        """As `extract`, for columns of which some have paths into pairs."""
        result = extract(objects, self.located)
        for pairs in self.pairs:
            result.values |= pairs.values(result)
        typed = extract(result.values, self.projection)
        result.columns, result.rounded = typed.columns, typed.rounded
        result.rejections.entries += typed.rejections.entries
        return result

    def _objects(self, records: ByteSpans, header: pa.ChunkedArray, why: dict[int, str]) -> tuple[Values, Mask]:
        """Where the records' objects are, and which came in a Kafka message. `why` tells which are malformed."""
        if header.null_count < len(header):
            records = self._rows_of_csv(records, header, why)
        if self.stream.wrapper:
            return self._out_of_messages(records, why)
        kinds = np.where(records.given, TEXT, MISSING).astype(np.uint8)
        return Values(records.data, kinds, records.starts, records.ends), np.zeros(len(kinds), np.bool_)

    def _rows_of_csv(self, records: ByteSpans, header: pa.ChunkedArray, why: dict[int, str]) -> ByteSpans:
        """The records with CSV rows as JSON objects of texts; records without a header stay as they are."""
        headers = header.combine_chunks().dictionary_encode()
        places = headers.indices.fill_null(-1).to_numpy()
        for place, line in enumerate(headers.dictionary.to_pylist()):
            rows = np.flatnonzero((places == place) & records.given)
            framing = next((framing for framing in self.tables if fits(line, framing)), self.tables[0])
            names = names_of(line, framing, self.known_fields)
            records, counts = rows_as_json(records, rows, names, framing.delimiter)
            wrong = counts != len(names)
            why.update(zip(rows[wrong].tolist(), (_misfit(count, names) for count in counts[wrong]), strict=True))
        return records

    def _out_of_messages(self, records: ByteSpans, why: dict[int, str]) -> tuple[Values, Mask]:
        """The values of Kafka messages, and which records are messages; others stay as they are."""
        found = extract(records, self.messages).values
        wrapped = np.all([found[name].kinds != MISSING for name in _MESSAGE], axis=0) & records.given
        value = found["value"]
        gone, binary = wrapped & (value.kinds == NULL), found[_BINARY].kinds != MISSING
        why.update(dict.fromkeys(np.flatnonzero(gone).tolist(), "a Kafka message without a value"))
        why.update(dict.fromkeys(np.flatnonzero(gone & binary).tolist(), "a Kafka message whose value is not UTF-8"))
        kinds = np.where(wrapped, value.kinds, np.where(records.given, TEXT, MISSING)).astype(np.uint8)
        starts, ends = np.where(wrapped, value.starts, records.starts), np.where(wrapped, value.ends, records.ends)
        return Values(records.data, kinds, starts, ends), wrapped


def _misfit(count: int, names: Sequence[str]) -> str:
    """What is wrong with a CSV row, by its number of fields."""
    wrong = {OPEN: "a quoted field does not end", TRAILING: "there is text behind a quoted field"}
    return f"no row of CSV: {wrong[count]}" if count in wrong else f"{count} fields, {len(names)} in the header"


def _known_paths(stream: Stream) -> Iterator[str]:
    """The paths that the contract names; those within list elements have `[]` for the element."""
    sources = [stream.source_of(name) for name in stream.types]
    for source in sources:
        inner = [path for path in (source["each"] or {}).values() if path]
        yield from (f"{path}.[].{below}" for path in source["paths"] for below in inner)
        yield from source["paths"] or inner
    yield from (*stream.dropped, *stream.ignored, *stream.volatile, *stream.pairs)


def _below(parent: str, paths: Sequence[str]) -> list[str]:
    """What follows the parent's path in the paths below it."""
    return [path.removeprefix(f"{parent}.") for path in dict.fromkeys(paths) if path.startswith(f"{parent}.")]
