"""Conform: records become silver's typed rows, or are refused with a reason; every record is exactly one of the two.

Belongs here: the contract's pandera model and clock, personal data's hashing, keys. Not here: how a record becomes
values (`documents`, `enriched`), which problem counts (`problems`), duplicates (`dedup`).
"""

from __future__ import annotations

import hmac
import threading
from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from contracts.lineage import LINEAGE
from contracts.rules import REQUIRED, Broken, broken
from contracts.stream import EnrichedTsv, Personal, Stream
from events.casts import Extraction
from events.digest import as_column, digest_of
from events.documents import Documents
from events.enriched import Enriched
from events.problems import Problems
from events.shown import shown
from events.text import Room, Texts

MAX_KNOWN_HASHES = 200_000  # people come back; so much of their hashes fits in 50 MB
SEPARATOR = "\x1f"  # between the parts of a key
OLDEST = pl.CompatLevel.oldest()


@dataclass(frozen=True)
class Conformed:
    """`accepted`: silver's columns, lineage, `_key` and `_content`, in the order of their event dates; `refused`:
    lineage, `raw`, and why (`problems.REFUSED`).

    `raws` are the bytes of all records, `places` those of the accepted among them.
    """

    accepted: pl.DataFrame
    refused: pl.DataFrame
    places: pl.Series
    raws: pa.ChunkedArray

    def raw(self, chosen: pl.Series) -> pl.Series:
        """The bytes of the accepted records that a mask chooses."""
        return _taken(self.raws, self.places.filter(chosen))


class Conformer:
    """Conforms batches of one stream's records. `secret` keys the hashes of personal data in the identity space.

    `known_hashes` are those of values met before, which conformers of one stream and secret may share.
    """

    def __init__(self, stream: Stream, secret: bytes, known_hashes: dict[str, str] | None = None) -> None:
        self.stream = stream
        self.secret = hmac.digest(secret, stream.identity_space.encode(), "sha256")
        self.known_hashes = {} if known_hashes is None else known_hashes
        self.room = Room()
        self.form = Enriched(stream) if EnrichedTsv() in stream.decoding else Documents(stream)
        self.hashed = {name: personal for name in stream.types if (personal := stream.source_of(name)["personal"])}

    def contents(self, records: pa.Table) -> pl.Series:
        """The content of accepted records (`raw`, `header`): equal for records that say the same."""
        found = self.form.extract(Texts.of(records.column("raw"), self.room), records.column("header"))
        return as_column("_content", found.contents)

    def unknown(self, records: pa.Table) -> Counter[tuple[str, str]]:
        """How many records (`raw`, `header`) have a field that the contract does not know, by path and JSON type; also
        an unused time that cannot be read."""
        return self.form.unknown(Texts.of(records.column("raw"), self.room), records.column("header"))

    def conform(self, records: pa.Table) -> Conformed:
        """`records`: lineage columns, `raw` (binary, null where oversize), `header` and `oversize`.

        Never raises on bad data.
        """
        rows = pl.int_range(len(records), dtype=pl.UInt32, eager=True).alias("_row")
        lineage = pl.DataFrame(pl.from_arrow(records.select([*LINEAGE]))).with_columns(rows)
        extraction = self.form.extract(Texts.of(records.column("raw"), self.room), records.column("header"))
        problems = extraction.problems
        _oversize(records.column("oversize"), problems)
        typed = self._complete(extraction, lineage)
        sound = np.ones(len(records), np.bool_)
        sound[problems.rows()] = False
        checked = self._check(typed).without(set(np.flatnonzero(~sound).tolist()))
        sound[checked.rows()] = False
        problems.entries += checked.entries
        refused = problems.worst()
        refused = refused.join(lineage, on="_row", how="left", maintain_order="left")
        refused = refused.with_columns(_taken(records.column("raw"), refused["_row"]))
        accepted = typed[_by_event_date(typed["event_at"], sound)]
        content = as_column("_content", extraction.contents[accepted["_row"].to_numpy()])
        accepted = accepted.with_columns(content, self._keys(accepted, content))
        return Conformed(accepted.drop("_row"), refused.drop("_row"), accepted["_row"], records.column("raw"))

    def _complete(self, extraction: Extraction, lineage: pl.DataFrame) -> pl.DataFrame:
        """Silver's columns in the contract's order: what is computed is there, personal data is hashed."""
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
        """The columns that tell which of `count` records have a rounded amount, given their rows."""
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
        hashes = [*map(known.get, texts)]  # most are known: nothing is to be done for each of them in Python
        for place in [place for place, found in enumerate(hashes) if found is None]:
            hashes[place] = known.setdefault(texts[place], self._digest(texts[place]))
        return values.replace_strict(unique, pl.Series(hashes, dtype=pl.String), default=None)

    def _digest(self, value: str) -> str:
        return hmac.digest(self.secret, value.encode(), "sha256").hex()

    def _check(self, typed: pl.DataFrame) -> Problems:
        """What the contract's model and clock refuse; of rows whose values have the wrong types it means nothing."""
        clock, problems = self.stream.clock, Problems()
        latest = pl.col("_arrival_hour") + pl.duration(hours=1) + clock.ahead
        times = typed.lazy().select("_row", "event_at", "_arrival_hour")
        outside = times.filter((pl.col("event_at") > latest) | (pl.col("event_at") < clock.earliest)).collect()
        why = shown(outside["event_at"]) + " is not believable"
        problems.add(outside["_row"], "clock", why, "event_at")
        for found in broken(self.stream.rules, typed.select(self.stream.ruled)):
            self._tell(typed, found, problems)
        return problems

    def _tell(self, typed: pl.DataFrame, found: Broken, problems: Problems) -> None:
        """What a broken rule says of each row that breaks it; never a personal value."""
        name, rows = found.column, found.rows.arg_true()
        if found.rule == REQUIRED:
            problems.add(rows, "missing", "required", name)
            return
        details = [found.rule] * len(rows)
        if name and name not in self.hashed and not typed.schema[name].is_nested():
            for place, value in enumerate(shown(typed[name].gather(rows))):
                if value is not None and len(value) <= 40:
                    details[place] = f"{found.rule}: {value}"
        problems.add(rows, "rule", details, name)

    def _keys(self, accepted: pl.DataFrame, content: pl.Series) -> pl.Series:
        """Sixteen bytes that stand for the key: a digest of the producer's id, or the content where it gives none."""
        if not self.stream.key:
            return content.alias("_key")
        (ids,) = accepted.select(pl.concat_str(self.stream.key, separator=SEPARATOR, ignore_nulls=True))
        return as_column("_key", digest_of(Texts.of(pa.chunked_array([ids.to_arrow(compat_level=OLDEST)]), self.room)))


class Conformers:
    """A `Conformer` for each thread; they share the hashes of personal values that they have met."""

    def __init__(self, stream: Stream, secret: bytes) -> None:
        self.stream, self.secret = stream, secret
        self.known_hashes: dict[str, str] = {}
        self.local = threading.local()

    def conform(self, records: pa.Table) -> Conformed:
        """As `Conformer.conform`."""
        return self._mine().conform(records)

    def contents(self, records: pa.Table) -> pl.Series:
        """As `Conformer.contents`."""
        return self._mine().contents(records)

    def unknown(self, records: pa.Table) -> Counter[tuple[str, str]]:
        """As `Conformer.unknown`."""
        return self._mine().unknown(records)

    def _mine(self) -> Conformer:
        if not hasattr(self.local, "conformer"):
            self.local.conformer = Conformer(self.stream, self.secret, self.known_hashes)
        conformer: Conformer = self.local.conformer
        return conformer


def _taken(raws: pa.ChunkedArray, rows: pl.Series) -> pl.Series:
    """The bytes of some records, piece by piece: taken from the whole column, all of it would be copied."""
    wanted = rows.to_numpy()
    order = np.argsort(wanted, kind="stable")
    begins = np.cumsum([0, *map(len, raws.chunks)])
    cuts = np.searchsorted(wanted[order], begins)
    spans = zip(raws.chunks, begins, cuts, cuts[1:], strict=False)
    parts = [chunk.take(pa.array(wanted[order[first:last]] - begin)) for chunk, begin, first, last in spans]
    return pl.Series("raw", pa.chunked_array(parts, raws.type), dtype=pl.Binary).gather(np.argsort(order))


def _by_event_date(times: pl.Series, sound: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The rows that are sound, in the order of their event dates and of theirs within one."""
    rows = np.flatnonzero(sound)
    return rows[np.argsort(times.gather(rows).dt.date().to_physical().to_numpy(), kind="stable")]


def _oversize(column: pa.ChunkedArray, problems: Problems) -> None:
    """The records of which bronze holds no bytes are problems."""
    rows = pc.indices_nonzero(pc.is_valid(column)).to_pylist()
    details = ("{length} bytes at offset {offset}, sha256 {sha256}".format(**column[row].as_py()) for row in rows)
    problems.add(rows, "oversize", details)
