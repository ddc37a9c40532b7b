"""Conform records to their contract: each becomes one typed row of silver, or is rejected with a reason.

Belongs here: the contract's rules and clock, hashing of personal data, keys. Not here: how a record becomes typed
columns (`documents`, `enriched`), which of several reasons counts (`rejections`), duplicates (`dedup`).
"""

from __future__ import annotations

import hmac
import threading
from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from contracts.lineage import LINEAGE
from contracts.rules import REQUIRED, Broken, broken
from contracts.stream import EnrichedTsv, Personal, Stream
from events.array_types import Int64s, Mask
from events.byte_spans import ByteSpans, Scratch
from events.display import as_texts
from events.documents import Documents
from events.enriched import Enriched
from events.json import Extraction
from events.rejections import Rejections
from events.siphash import as_column, text_digests

MAX_KNOWN_HASHES = 200_000  # enough for people who come back; takes 50 MB
SEPARATOR = "\x1f"  # between the parts of a key
OLDEST = pl.CompatLevel.oldest()


@dataclass(frozen=True)
class Conformed:
    """`accepted`: silver's columns, lineage, `_key` and `_content`, ordered by event date. `refused`: lineage, `raw`,
    and `reason`, `column` and `detail`.

    `raws` are the bytes of all records; `places` are the accepted records' positions in `raws`.
    """

    accepted: pl.DataFrame
    refused: pl.DataFrame
    places: pl.Series
    raws: pa.ChunkedArray

    def raw(self, chosen: pl.Series) -> pl.Series:
        """The bytes of the accepted records for which the mask `chosen` is true."""
        return _taken(self.raws, self.places.filter(chosen))


class Conformer:
    """Conforms batches of one stream's records. Personal data is hashed with `secret` and the stream's identity space.

    `known_hashes` are hashes of values met before; conformers of one stream and secret may share them.
    """

    def __init__(self, stream: Stream, secret: bytes, known_hashes: dict[str, str] | None = None) -> None:
        self.stream = stream
        self.secret = hmac.digest(secret, stream.identity_space.encode(), "sha256")
        self.known_hashes = {} if known_hashes is None else known_hashes
        self.scratch = Scratch()
        self.form = Enriched(stream) if EnrichedTsv() in stream.decoding else Documents(stream)
        self.hashed = {name: personal for name in stream.types if (personal := stream.source_of(name)["personal"])}

    def contents(self, records: pa.Table) -> pl.Series:
        """Sixteen bytes for each accepted record's content (`raw`, `header`): equal for records that say the same."""
        return as_column("_content", self.form.digest(self._raws(records), records.column("header")))

    def unknown(self, records: pa.Table) -> Counter[tuple[str, str]]:
        """The number of records (`raw`, `header`) by path and JSON type of fields that the contract does not know, and
        of unused times that cannot be read."""
        return self.form.unknown(self._raws(records), records.column("header"))

    def conform(self, records: pa.Table) -> Conformed:
        """`records`: lineage columns, `raw` (binary, null where oversize), `header` and `oversize`.

        Never raises on bad data.
        """
        rows = pl.int_range(len(records), dtype=pl.UInt32, eager=True).alias("_row")
        lineage = pl.DataFrame(pl.from_arrow(records.select([*LINEAGE]))).with_columns(rows)
        extraction = self.form.extract(self._raws(records), records.column("header"))
        rejections = extraction.rejections
        _reject_oversize(records.column("oversize"), rejections)
        typed = self._complete(extraction, lineage)
        valid = np.ones(len(records), np.bool_)
        valid[rejections.rows()] = False
        checked = self._check(typed).without(set(np.flatnonzero(~valid).tolist()))
        valid[checked.rows()] = False
        rejections.entries += checked.entries
        refused = rejections.worst()
        refused = refused.join(lineage, on="_row", how="left", maintain_order="left")
        refused = refused.with_columns(_taken(records.column("raw"), refused["_row"]))
        accepted = typed[_by_event_date(typed["event_at"], valid)]
        content = as_column("_content", extraction.contents[accepted["_row"].to_numpy()])
        accepted = accepted.with_columns(content, self._keys(accepted, content))
        return Conformed(accepted.drop("_row"), refused.drop("_row"), accepted["_row"], records.column("raw"))

    def _raws(self, records: pa.Table) -> ByteSpans:
        return ByteSpans.of(records.column("raw"), self.scratch)

    def _complete(self, extraction: Extraction, lineage: pl.DataFrame) -> pl.DataFrame:
        """Silver's columns in the contract's order, with computed columns, and personal data hashed."""
        types = self.stream.types
        columns = extraction.columns | self._flags(extraction.rounded, len(lineage))
        frame = lineage.with_columns(series.alias(name) for name, series in columns.items())
        computed = {name: self.stream.source_of(name)["compute"] for name in types}
        fills = [pl.lit(None, dtype=types[n]).alias(n) for n in types if n not in columns]
        frame = frame.with_columns(fills)
        frame = frame.with_columns(e.cast(types[name]).alias(name) for name, e in computed.items() if e is not None)
        for name, personal in self.hashed.items():
            frame = frame.with_columns(self._hash(frame[name], personal))
        return frame.select(*types, *lineage.columns)

    def _flags(self, rounded: list[int], count: int) -> dict[str, pl.Series]:
        """The columns that flag rounded amounts: true in the `rounded` rows of `count` records."""
        found = np.zeros(count, np.bool_)
        found[rounded] = True
        return {name: pl.Series(found) for name in self.stream.types if self.stream.source_of(name)["rounded"]}

    def _hash(self, values: pl.Series, personal: Personal) -> pl.Series:
        if personal is Personal.HASH_EMAILS:
            addresses = values.str.contains("@", literal=True).fill_null(False)
            if not addresses.any():
                return values
            hashed = self._hash(values.filter(addresses), Personal.HASH)
            return values.scatter(addresses.arg_true(), hashed)
        unique = values.drop_nulls().unique()
        texts, known = unique.to_list(), self.known_hashes
        if len(known) > MAX_KNOWN_HASHES:
            known.clear()
        hashes = [*map(known.get, texts)]  # most are known: no Python code runs for each of them
        for place in [place for place, found in enumerate(hashes) if found is None]:
            hashes[place] = known.setdefault(texts[place], self._digest(texts[place]))
        return values.replace_strict(unique, pl.Series(hashes, dtype=pl.String), default=None)

    def _digest(self, value: str) -> str:
        return hmac.digest(self.secret, value.encode(), "sha256").hex()

    def _check(self, typed: pl.DataFrame) -> Rejections:
        """What the contract's rules and clock reject. Ignore the answer for rows that were rejected before."""
        clock, rejections = self.stream.clock, Rejections()
        latest = pl.col("_arrival_hour") + pl.duration(hours=1) + clock.ahead
        times = typed.lazy().select("_row", "event_at", "_arrival_hour")
        outside = times.filter((pl.col("event_at") > latest) | (pl.col("event_at") < clock.earliest)).collect()
        why = as_texts(outside["event_at"]) + " is not believable"
        rejections.add(outside["_row"], "clock", why, "event_at")
        for found in broken(self.stream.rules, typed.select(self.stream.ruled)):
            self._reject(typed, found, rejections)
        return rejections

    def _reject(self, typed: pl.DataFrame, found: Broken, rejections: Rejections) -> None:
        """Reject the rows that break a rule; the detail shows the value unless it is personal."""
        name, rows = found.column, found.rows.arg_true()
        if found.rule == REQUIRED:
            rejections.add(rows, "missing", "required", name)
            return
        details = [found.rule] * len(rows)
        if name and name not in self.hashed and not typed.schema[name].is_nested():
            for place, value in enumerate(as_texts(typed[name].gather(rows))):
                if value is not None and len(value) <= 40:
                    details[place] = f"{found.rule}: {value}"
        rejections.add(rows, "rule", details, name)

    def _keys(self, accepted: pl.DataFrame, content: pl.Series) -> pl.Series:
        """Sixteen bytes per record for its key: a digest of the producer's id, or the content where there is no id."""
        if not self.stream.key:
            return content.alias("_key")
        (ids,) = accepted.select(pl.concat_str(self.stream.key, separator=SEPARATOR, ignore_nulls=True))
        texts = ByteSpans.of(pa.chunked_array([ids.to_arrow(compat_level=OLDEST)]), self.scratch)
        keys = as_column("_key", text_digests(texts))
        given = accepted.select(pl.any_horizontal(pl.col(self.stream.key).is_not_null())).to_series()
        return keys if given.all() else keys.zip_with(given, content.alias("_key"))


class Conformers:
    """A `Conformer` for each thread; they share the hashes of personal values that they have met."""

    def __init__(self, stream: Stream, secret: bytes) -> None:
        self.stream, self.secret = stream, secret
        self.known_hashes: dict[str, str] = {}
        self.local = threading.local()

    def conform(self, records: pa.Table) -> Conformed:
        """As `Conformer.conform`."""
        return self._own().conform(records)

    def contents(self, records: pa.Table) -> pl.Series:
        """As `Conformer.contents`."""
        return self._own().contents(records)

    def unknown(self, records: pa.Table) -> Counter[tuple[str, str]]:
        """As `Conformer.unknown`."""
        return self._own().unknown(records)

    def _own(self) -> Conformer:
        if not hasattr(self.local, "conformer"):
            self.local.conformer = Conformer(self.stream, self.secret, self.known_hashes)
        conformer: Conformer = self.local.conformer
        return conformer


def _taken(raws: pa.ChunkedArray, rows: pl.Series) -> pl.Series:
    """The bytes of some records. They are taken chunk by chunk: `take` on the whole column would copy all of it."""
    wanted = rows.to_numpy()
    order = np.argsort(wanted, kind="stable")
    begins = np.cumsum([0, *map(len, raws.chunks)])
    cuts = np.searchsorted(wanted[order], begins)
    spans = zip(raws.chunks, begins, cuts, cuts[1:], strict=False)
    parts = [chunk.take(pa.array(wanted[order[first:last]] - begin)) for chunk, begin, first, last in spans]
    return pl.Series("raw", pa.chunked_array(parts, raws.type), dtype=pl.Binary).gather(np.argsort(order))


def _by_event_date(times: pl.Series, valid: Mask) -> Int64s:
    """The valid rows, sorted by event date. Rows of one date stay in order."""
    rows = np.flatnonzero(valid)
    return rows[np.argsort(times.gather(rows).dt.date().to_physical().to_numpy(), kind="stable")]


def _reject_oversize(column: pa.ChunkedArray, rejections: Rejections) -> None:
    """Reject the records above the size limit. Bronze holds no bytes of them."""
    rows = pc.indices_nonzero(pc.is_valid(column)).to_pylist()
    details = ("{length} bytes at offset {offset}, sha256 {sha256}".format(**column[row].as_py()) for row in rows)
    rejections.add(rows, "oversize", details)
