"""What a stream declares about itself: the vocabulary of a contract file.

Belongs here: value objects. Not here: how they are carried out (`events/`), where anything is stored (`resources/`),
and any one stream's facts (its own file beside this one). Knows neither Dagster nor storage.
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

# The column types that have parameters, as annotations of a model.
Instant = Annotated[pl.Datetime, "us", "UTC"]
Money = Annotated[pl.Decimal, 24, 6]


class Personal(StrEnum):
    """What becomes of a personal field on its way out of bronze: a keyed hash of it, or nothing.

    `HASH_EMAILS` is for ids that the producer chooses: a pseudonym stays as it is, an email address is hashed.
    """

    HASH = "hash"
    HASH_EMAILS = "hash_emails"
    DROP = "drop"


class Scope(StrEnum):
    """Within what a key is unique: the event date (look-ups prune to days) or all of the stream's history."""

    EVENT_DATE = "event_date"
    EVER = "ever"


def column(
    path: str | tuple[str, ...] | None = None,
    *,
    each: Mapping[str, str] | None = None,
    compute: pl.Expr | None = None,
    json: bool = False,
    free_text: bool = False,
    rounded: bool = False,
    personal: Personal | None = None,
    nullable: bool = True,
    **rules: Any,
) -> Any:
    """One silver column: where it comes from in the decoded record, and pandera's rules for it.

    `path` is dotted (`customer.email`); of several the first that has a value is taken. In Snowplow's events it may
    lead into an entity: `contexts_com_acme_user_1.id` is that field of the event's first such entity. `compute` makes
    the column of others, which are typed by then; with neither, this stream does not fill it. `each` maps the fields
    of a list's structs to paths within one element. `json` keeps whatever is there as JSON text.

    A text names something, unless it is `free_text`: what is only white space is null then. Empty text is null in both.

    `rounded` makes a boolean column that the platform fills: whether an amount of the record was rounded. Amounts are
    the columns, and the fields of list elements, of type `Money`. In a contract with such a column they are rounded
    half to even where they have more decimals than `Money`. All other decimals are never rounded: a record whose
    value has too many decimals is rejected.
    """
    paths = (path,) if isinstance(path, str) else path or ()
    metadata = {
        "paths": paths,
        "each": each,
        "compute": compute,
        "json": json,
        "free_text": free_text,
        "rounded": rounded,
        "personal": personal,
    }
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
    """One JSON object a line, or what `JsonConcatenated` is where an object's first record is not alone on a line."""


@dataclass(frozen=True)
class JsonConcatenated:
    """JSON objects and elements of arrays, with line breaks, commas, other white space or nothing between them."""


@dataclass(frozen=True)
class Csv:
    """Separated values (RFC 4180) under a header, known by holding the names `columns` in any order.

    `delimiter` is one character of ASCII, `encoding` one that Python knows. With `ignore_case` names are the contract's
    whatever the case of their letters. Raises `ValueError` for anything else, and for columns that are the same.
    """

    columns: tuple[str, ...]
    delimiter: str = ","
    encoding: str = "utf-8"
    ignore_case: bool = False

    def __post_init__(self) -> None:
        if len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '"\r\n':
            raise ValueError(f"Csv wants one character of ASCII for its delimiter, and not {self.delimiter!r}")
        try:
            "".join(self.columns).encode(self.encoding)
        except (LookupError, UnicodeEncodeError) as error:
            raise ValueError(f"Csv wants an encoding of text that has all of its columns: {error}") from error
        if len({name.casefold() if self.ignore_case else name for name in self.columns}) < len(self.columns):
            raise ValueError(f"Csv names a column twice: {self.columns}")


@dataclass(frozen=True)
class EnrichedTsv:
    """Snowplow's enriched events, one a line of 131 tab-separated fields, and its bad rows in JSON among them."""


Framing = JsonLines | JsonConcatenated | Csv | EnrichedTsv


@dataclass(frozen=True)
class KafkaRecord:
    """A record may be a Kafka message in an object of its own: topic, partition, offset, key, timestamp, value."""


@dataclass(frozen=True)
class Clock:
    """Which event times are believable, relative to the arrival hour."""

    ahead: dt.timedelta = dt.timedelta(hours=1)
    earliest: dt.datetime = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class RejectedShare:
    """Shares of an hour's records (0 to 1) above which rejection warns or fails; duplicates have their own."""

    warn: float = 0.01
    error: float = 0.20
    duplicates_warn: float = 0.10


@dataclass(frozen=True)
class Stream:
    """A contract: where a stream lands, how it is decoded and typed, what makes two records one event, who owns it.

    `decoding` are the framings that its objects may have: the first that fits an object's head, else the last. Objects
    are gzip, zstd or plain UTF-8, told by content. `wrapper` is a transport's envelope that records may come in,
    `literals` are dotted paths where an object may come as text, in JSON or as a Python literal; `nulls` are texts
    that stand for null.

    `key` names the silver columns that are the producer's event id; empty means the producer gives none, and the
    record's content is its key. `volatile` are dotted paths of the record left out of its content, and `fingerprint`
    one that stands for all of the content where it has a value. `dropped` are personal fields of the record that no
    column keeps, `ignored` others that none wants; any further field is drift. `freshness` is how far behind the end
    of an arrival hour its newest event may lie. Changing columns or rules wants a new `version`: files judged under
    another version are judged again when their hour is next materialized.
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
    prefix: str | None = None
    layouts: tuple[Layout, ...] = (PLAIN, HIVE)

    def __post_init__(self) -> None:
        missing = [name for name in Envelope.to_schema().columns if name not in self.schema.columns]
        unknown = [name for name in self.key if name not in self.schema.columns]
        nullable = [name for name in self.key if name not in unknown and self.schema.columns[name].nullable]
        unique = [name for name, spec in self.schema.columns.items() if spec.unique]
        checks = [*self.schema.checks, *(check for spec in self.schema.columns.values() for check in spec.checks)]
        warning = [str(check.error or check.name) for check in checks if check.raise_warning]
        flags = [name for name in self.types if self.source_of(name)["rounded"] and self.types[name] != pl.Boolean]
        if missing or unknown or nullable or unique or warning or flags:
            raise ValueError(
                f"contract {self.name!r}: envelope columns missing {missing}, "
                f"key columns unknown {unknown}, key columns nullable {nullable}, "
                f"columns said to be unique {unique}, as only a key is, rules that only warn {warning}, "
                f"columns declared as rounded that are no booleans {flags}"
            )

    def __hash__(self) -> int:
        return hash((self.name, self.version))

    @cached_property
    def schema(self) -> pa.DataFrameSchema:
        """The pandera schema of silver's own columns (the model, compiled)."""
        return self.model.to_schema()

    @cached_property
    def rules(self) -> pa.DataFrameSchema:
        """The part of `schema` that values of the right types can break."""
        schema = self.schema
        ruled = {name: spec for name, spec in schema.columns.items() if spec.checks or not spec.nullable}
        return pa.DataFrameSchema(ruled, checks=schema.checks, name=self.name)

    @cached_property
    def ruled(self) -> list[str]:
        """The columns that `rules` look at, in order."""
        several = (looked_at(check, self.types) for check in self.rules.checks)
        found = {*self.rules.columns}.union(*several)
        return [name for name in self.types if name in found]

    @cached_property
    def types(self) -> dict[str, pl.DataType]:
        """Silver's own columns and their polars types, in order."""
        found = {name: spec.dtype.type for name, spec in self.schema.columns.items()}
        return {name: dtype() if isinstance(dtype, type) else dtype for name, dtype in found.items()}

    @cached_property
    def unused_times(self) -> frozenset[str]:
        """Times that nothing depends on: nullable, in no key, no rule, no computed column. One that cannot be read is
        null and counts as drift, where any other rejects its record."""
        computed = [source for name in self.types if (source := self.source_of(name)["compute"]) is not None]
        used = {*self.key, *self.ruled}.union(*(expression.meta.root_names() for expression in computed))
        return frozenset(
            name for name, dtype in self.types.items() if isinstance(dtype, pl.Datetime) and name not in used
        )

    @cached_property
    def rounds(self) -> bool:
        """Whether amounts are rounded, as there is a column that tells so."""
        return any(self.source_of(name)["rounded"] for name in self.types)

    def source_of(self, name: str) -> dict[str, Any]:
        """What `column()` declared of a column, by the names of its arguments, with `paths` for `path`."""
        return dict(self.schema.columns[name].metadata or {})

    @property
    def folder(self) -> str:
        """The stream's prefix in the landing zone, without slashes at its ends."""
        return (self.prefix or self.name).strip("/")

    def arrival_hour(self, relative_path: str) -> dt.datetime | None:
        """The UTC hour that a path below `folder` names, or None when no layout fits it."""
        for layout in self.layouts:
            if hour := layout.hour(relative_path):
                return hour
        return None
