"""What a stream declares about itself: the classes and functions that contract files use.

Belongs here: value objects. Not here: how they are carried out (`events/`), where anything is stored (`lake/`,
`resources/`), and the facts of one stream (its own file beside this one).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any

import pandera.polars as pa
import polars as pl

from contracts.layout import HIVE, PLAIN, Layout
from contracts.rules import looked_at
from contracts.times import TimeForm
from partitions import Window

# The column types that have parameters, as annotations of a model.
Instant = Annotated[pl.Datetime, "us", "UTC"]
Money = Annotated[pl.Decimal, 24, 6]


class Personal(StrEnum):
    """What becomes of a personal field when it leaves bronze: it is hashed with a key, or dropped.

    `HASH_EMAILS` is for ids that the producer chooses: an email address is hashed, any other id stays as it is.
    """

    HASH = "hash"
    HASH_EMAILS = "hash_emails"
    DROP = "drop"


class Scope(StrEnum):
    """Where a key is unique: within an event date (lookups read only that day), or in the stream's whole history."""

    EVENT_DATE = "event_date"
    EVER = "ever"


def column(
    path: str | tuple[str, ...] | None = None,
    *,
    each: Mapping[str, str | None] | None = None,
    compute: pl.Expr | None = None,
    joined: bool = False,
    time: TimeForm | None = None,
    decimal_comma: bool = False,
    json: bool = False,
    free_text: bool = False,
    rounded: bool = False,
    personal: Personal | None = None,
    nullable: bool = True,
    **rules: Any,
) -> Any:
    """One silver column: where it comes from in the decoded record, and pandera's rules for it.

    `path` is dotted (`customer.email`, see `paths`); of several, the first one with a value counts. If they are
    `joined`, it is all of them with a blank in between, and null if one is missing. In Snowplow's events it may lead
    into an entity: `contexts_com_acme_user_1.id` is field `id` of the event's first such entity. With `json`, the paths
    `contexts` and `unstruct_event` hold all entities but personal ones, by column name.

    `compute` makes the column from typed columns; with a path as well, also from the value there. With neither, the
    stream does not fill the column. `each` maps the fields of a list's structs to paths within one element, or to None.
    Without `path` its paths are those of the record, which make a list of one element, or with `json` an object. `json`
    keeps any value as JSON text. `time` is the form of a time, if not ISO 8601. `decimal_comma`: texts like `1.234,50`.

    A text with only white space is null, unless the column is `free_text`. Empty text is always null.

    `rounded` makes a boolean column that the platform fills: whether an amount of the record was rounded. Amounts are
    the columns, and the fields of list elements, of type `Money`. In a contract with such a column, amounts with more
    decimals than `Money` are rounded half to even. All other decimals are never rounded: a record with too many
    decimals in a value is rejected.
    """
    paths = (path,) if isinstance(path, str) else path or ()
    metadata: dict[str, Any] = {"paths": paths, "joined": joined, "each": each, "compute": compute, "json": json}
    metadata |= {"personal": personal, "time": time, "decimal_comma": decimal_comma}
    metadata |= {"free_text": free_text, "rounded": rounded}
    return pa.Field(nullable=nullable, metadata=metadata, **rules)


class Envelope(pa.DataFrameModel):
    """The columns that every stream's silver table has."""

    event_id: str = column(description="The producer's id of the event")
    event_name: str = column(description="What happened")
    event_at: Instant = column(nullable=False, description="When it happened, UTC, microseconds")
    user_id: str = column(description="The producer's id of the identified person")
    anonymous_id: str = column(description="The producer's id of the unidentified device or browser")
    session_id: str = column(description="The producer's id of the visit")
    device_platform: str = column(description="web, mobile, desktop, tablet or backend, as the producer calls it")

    class Config:
        strict = True


@dataclass(frozen=True)
class JsonLines:
    """One JSON object per line. An object whose first record is not alone on its line is read as `JsonConcatenated`."""


@dataclass(frozen=True)
class JsonConcatenated:
    """JSON objects and array elements, with white space, commas or nothing between them."""


@dataclass(frozen=True)
class Csv:
    """CSV (RFC 4180) with a header, recognized by the names `columns`, which the header must have in any order.

    `delimiter` is one ASCII character, `encoding` one that Python knows. With `ignore_case` the case of names does not
    matter. Raises `ValueError` for any other delimiter or encoding, and for a column that is named twice.
    """

    columns: tuple[str, ...]
    delimiter: str = ","
    encoding: str = "utf-8"
    ignore_case: bool = False

    def __post_init__(self) -> None:
        if len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '"\r\n':
            raise ValueError(f"Csv: the delimiter must be one character of ASCII, not {self.delimiter!r}")
        try:
            "".join(self.columns).encode(self.encoding)
        except (LookupError, UnicodeEncodeError) as error:
            raise ValueError(f"Csv: the encoding must be one that can write all of its columns: {error}") from error
        if len({name.casefold() if self.ignore_case else name for name in self.columns}) < len(self.columns):
            raise ValueError(f"Csv names a column twice: {self.columns}")


@dataclass(frozen=True)
class EnrichedTsv:
    """Snowplow's enriched events: lines of 131 tab-separated fields, with its bad rows as JSON between them."""


Framing = JsonLines | JsonConcatenated | Csv | EnrichedTsv


@dataclass(frozen=True)
class KafkaRecord:
    """A record may be a Kafka message as an object with topic, partition, offset, key, timestamp and value."""


@dataclass(frozen=True)
class Clock:
    """Which event times are accepted: from `earliest` to `ahead` after the end of the arrival hour."""

    ahead: dt.timedelta = dt.timedelta(hours=1)
    earliest: dt.datetime = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class RejectedShare:
    """Shares of an hour's records (0 to 1) above which the check of rejected records warns or fails."""

    warn: float = 0.01
    error: float = 0.20
    duplicates_warn: float = 0.10


@dataclass(frozen=True)
class Stream:
    """A contract: where a stream lands, how it is decoded and typed, what makes two records one event, who owns it.

    `decoding` are the framings that its objects may have: the first one that fits an object's head counts, else the
    last one. Objects are gzip, zstd or plain UTF-8, detected by content. `wrapper` is a transport's wrapper that
    records may have. `literals` are dotted paths of objects that may come as text, in JSON or as a Python literal.
    `pairs` are dotted paths of arrays of objects with `key` and `value`; a column's path goes on with a key, as if the
    array were an object. `nulls` are texts that mean null.

    `key` names the silver columns that are the producer's event id; where all of them are null, the record's content is
    its key.
    `volatile` are dotted paths that do not count for the content. `fingerprint` is a field that replaces the whole
    content if it has a value. `dropped` are personal fields that no column keeps, `ignored` other fields that no column
    keeps; any further field is drift. Snowplow's entities count as fields; with `*` for its end, a path names all that
    begin like it. `freshness` is how far the newest event of an arrival hour may lie before the hour's end. Events
    further back are late; more than `late_share` (0 to 1) of them make a check warn. `topic` is a topic of Kafka whose
    messages are landed; it needs a `wrapper`. A change of columns or rules needs a new `version`: files that were
    judged under another version are judged again when their hour is next materialized.
    """

    name: str
    version: str
    owner: str
    description: str
    identity_space: str
    model: type[pa.DataFrameModel]
    decoding: tuple[Framing, ...] = (JsonLines(),)
    wrapper: KafkaRecord | None = None
    literals: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    scope: Scope = Scope.EVENT_DATE
    volatile: tuple[str, ...] = ()
    fingerprint: str | None = None
    dropped: Mapping[str, Personal] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    clock: Clock = Clock()
    rejected_share: RejectedShare = RejectedShare()
    freshness: dt.timedelta = dt.timedelta(hours=2)
    late_share: float = 0.10
    prefix: str | None = None
    topic: str | None = None
    layouts: tuple[Layout, ...] = (PLAIN, HIVE)

    def __post_init__(self) -> None:
        missing = [name for name in Envelope.to_schema().columns if name not in self.schema.columns]
        unknown = [name for name in self.key if name not in self.schema.columns]
        unique = [name for name, spec in self.schema.columns.items() if spec.unique]
        checks = [*self.schema.checks, *(check for spec in self.schema.columns.values() for check in spec.checks)]
        warning = [str(check.error or check.name) for check in checks if check.raise_warning]
        flags = [name for name in self.types if self.source_of(name)["rounded"] and self.types[name] != pl.Boolean]
        if missing or unknown or unique or warning or flags:
            raise ValueError(
                f"contract {self.name!r}: envelope columns missing {missing}, "
                f"key columns unknown {unknown}, "
                f"columns declared unique {unique} (only a key is unique), rules that only warn {warning}, "
                f"rounded columns that are not boolean {flags}"
            )

        if self.topic and not self.wrapper:
            raise ValueError(f"contract {self.name!r}: a topic needs wrapper=KafkaRecord()")

    def __hash__(self) -> int:
        return hash((self.name, self.version))

    @cached_property
    def schema(self) -> pa.DataFrameSchema:
        """The model as a pandera schema of silver's own columns."""
        return self.model.to_schema()

    @cached_property
    def rules(self) -> pa.DataFrameSchema:
        """The columns and checks of `schema` that values of the right types can fail."""
        schema = self.schema
        ruled = {name: spec for name, spec in schema.columns.items() if spec.checks or not spec.nullable}
        return pa.DataFrameSchema(ruled, checks=schema.checks, name=self.name)

    @cached_property
    def ruled(self) -> list[str]:
        """The columns that `rules` read, in order."""
        several = (looked_at(check, self.types) for check in self.rules.checks)
        found = {*self.rules.columns}.union(*several)
        return [name for name in self.types if name in found]

    @cached_property
    def types(self) -> dict[str, pl.DataType]:
        """Silver's own columns and their Polars types, in order."""
        found = {name: spec.dtype.type for name, spec in self.schema.columns.items()}
        return {name: dtype() if isinstance(dtype, type) else dtype for name, dtype in found.items()}

    @cached_property
    def unused_times(self) -> frozenset[str]:
        """Times that nothing depends on: no key, no rule, no computed column.

        If such a time cannot be read it is null and counts as drift; any other time rejects its record.
        """
        computed = [source for name in self.types if (source := self.source_of(name)["compute"]) is not None]
        used = {*self.key, *self.ruled}.union(*(expression.meta.root_names() for expression in computed))
        return frozenset(
            name for name, dtype in self.types.items() if isinstance(dtype, pl.Datetime) and name not in used
        )

    @cached_property
    def rounds(self) -> bool:
        """Whether amounts are rounded, which a `rounded` column declares."""
        return any(self.source_of(name)["rounded"] for name in self.types)

    def source_of(self, name: str) -> dict[str, Any]:
        """The arguments of a column's `column()` by name, with `paths` for `path`."""
        return dict(self.schema.columns[name].metadata or {})

    @property
    def folder(self) -> str:
        """The stream's prefix in the landing zone, without slashes at its ends."""
        return (self.prefix or self.name).strip("/")

    def hour_inside(self, parts: tuple[str, ...], window: Window) -> dt.datetime | None:
        """The UTC hour of a folder, given by the parts of its path, if it is an hour's folder inside the window."""
        return next(
            (layout.hour("/".join([*parts, ""])) for layout in self.layouts if layout.covers(parts, window)), None
        )

    def arrival_hour(self, relative_path: str) -> dt.datetime | None:
        """The UTC hour that a path below `folder` names, or None if no layout fits."""
        for layout in self.layouts:
            if hour := layout.hour(relative_path):
                return hour
        return None
