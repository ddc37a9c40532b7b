"""Snowplow's enriched events become typed columns. They are lines of tab-separated fields; three fields hold JSON.

Belongs here: the format's fields, how entities become columns, Snowplow's bad rows. Not here: which of the columns a
contract keeps.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import numpy as np
import polars as pl
import pyarrow as pa

from contracts.stream import Stream
from events.array_types import Int64s, Mask, Positions
from events.byte_spans import ByteSpans
from events.contract_columns import columns_of
from events.display import shortened
from events.json import Column, Elements, Extraction, Projection, extract
from events.rejections import refuse_non_objects
from events.siphash import Digests
from events.tab_separated import digest_fields, locate_fields
from events.values import ARRAY, ESCAPED, MISSING, NULL, OBJECT, TEXT, Values

_FIELDS = """
app_id platform etl_tstamp collector_tstamp dvce_created_tstamp event event_id txn_id name_tracker v_tracker
v_collector v_etl user_id user_ipaddress user_fingerprint domain_userid domain_sessionidx network_userid geo_country
geo_region geo_city geo_zipcode geo_latitude geo_longitude geo_region_name ip_isp ip_organization ip_domain
ip_netspeed page_url page_title page_referrer page_urlscheme page_urlhost page_urlport page_urlpath page_urlquery
page_urlfragment refr_urlscheme refr_urlhost refr_urlport refr_urlpath refr_urlquery refr_urlfragment refr_medium
refr_source refr_term mkt_medium mkt_source mkt_term mkt_content mkt_campaign contexts se_category se_action se_label
se_property se_value unstruct_event tr_orderid tr_affiliation tr_total tr_tax tr_shipping tr_city tr_state tr_country
ti_orderid ti_sku ti_name ti_category ti_price ti_quantity pp_xoffset_min pp_xoffset_max pp_yoffset_min pp_yoffset_max
useragent br_name br_family br_version br_type br_renderengine br_lang br_features_pdf br_features_flash
br_features_java br_features_director br_features_quicktime br_features_realplayer br_features_windowsmedia
br_features_gears br_features_silverlight br_cookies br_colordepth br_viewwidth br_viewheight os_name os_family
os_manufacturer os_timezone dvce_type dvce_ismobile dvce_screenwidth dvce_screenheight doc_charset doc_width
doc_height tr_currency tr_total_base tr_tax_base tr_shipping_base ti_currency ti_price_base base_currency geo_timezone
mkt_clickid mkt_network etl_tags dvce_sent_tstamp refr_domain_userid refr_device_tstamp derived_contexts
domain_sessionid derived_tstamp event_vendor event_name event_format event_version event_fingerprint true_tstamp
"""
FIELDS = tuple(_FIELDS.split())
SELF_DESCRIBING = ("contexts", "unstruct_event", "derived_contexts")
_FAILURE = "data.failure.type"  # of a bad row
_BAD_ROW = re.compile(r"iglu:[^/]+\.badrows/([^/]+)/.*")
_SCHEMA = re.compile(r"iglu:([A-Za-z0-9._-]+)/([A-Za-z0-9_-]+)/[A-Za-z0-9_-]+/([0-9]+)-[0-9]+-[0-9]+")


class Enriched:
    """One stream's enriched events.

    A column's path is a field of the line (`app_id`), a field of an entity (`contexts_com_acme_user_1.id`: of the
    event's first such entity), or, for a column of JSON text or a list, an entity (all of the event's). Raises
    `ValueError` for any other path.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        columns = columns_of(stream)
        whole = [c for c in columns if c.json or c.each]
        strange = [path for c in columns for path in c.paths if "." not in path and (c in whole) == (path in FIELDS)]
        if strange:
            raise ValueError(
                f"contract {stream.name!r}: expected fields of an enriched event, entities as JSON text, or fields "
                f"within entities, found the paths {strange}"
            )
        self.unpacked = {c.name: c.paths[0] for c in columns if c.json and "." not in c.paths[0]}
        self.lists = [*dict.fromkeys(c.paths[0] for c in columns if c.each and "." not in c.paths[0])]
        taken = [column for column in columns if column.name not in self.unpacked]
        paths = [path for column in taken for path in column.paths if path not in self.lists]
        self.projection = Projection(taken, nulls=stream.nulls)
        self.unused_times = Projection([column for column in taken if column.unused], nulls=stream.nulls)
        inner = [path.partition(".") for path in paths if path not in FIELDS]
        within = {entity: [path for root, _, path in inner if root == entity] for entity, _, _ in inner}
        self.within = {entity: Projection(located=found, root=entity) for entity, found in within.items()}
        self.wanted = [*dict.fromkeys([*(path for path in paths if path in FIELDS), *SELF_DESCRIBING])]
        schema = [Column("schema", ("schema",), pl.String())]
        self.envelope = Projection(located=("data",), elements=("data",))
        self.entity = {part: Projection(schema, located=("data",), nulls=None) for part in SELF_DESCRIBING}
        self.as_json = Projection([Column("data", ("data",), pl.String(), json=True)])
        self.bad_row = Projection([*schema, Column("failure", (_FAILURE,), pl.String())], nulls=None)
        self.digested = np.array([name not in {*stream.volatile, stream.fingerprint} for name in FIELDS])
        self.fingerprint = FIELDS.index(stream.fingerprint) if stream.fingerprint else -1

    def extract(self, records: ByteSpans, header: pa.ChunkedArray) -> Extraction:
        """Typed columns of records (lines of text), one row each. Lines that are no enriched events are rejected."""
        why: dict[int, str] = {}
        result = Extraction()
        values = self._fields(records, why)
        entities = self._entities(values, why)
        first = entities.filter(pl.col("column").is_in([*self.within])).unique(["_row", "column"], keep="first")
        for entity, projection in self.within.items():
            values |= _values_within(entity, projection, first.filter(pl.col("column") == entity), records, result)
        lists = {name: _elements(entities.filter(pl.col("column") == name), records) for name in self.lists}
        typed = extract({**values, **lists}, self.projection)
        result.columns, result.rounded, result.drift = typed.columns, typed.rounded, typed.drift
        result.rejections.entries += typed.rejections.entries
        self._unpack(entities, records, result)
        result.rejections = result.rejections.without(why)
        result.rejections.add(why, "malformed", why.values())
        result.contents = self.digest(records, header)
        return result

    def digest(self, records: ByteSpans, header: pa.ChunkedArray) -> Digests:
        """The digest of each record's content: of its fingerprint, or of all fields but the volatile ones."""
        return digest_fields(records, self.digested, self.fingerprint)

    def unknown(self, records: ByteSpans, header: pa.ChunkedArray) -> Counter[tuple[str, str]]:
        """The number of records by column and JSON type of entities that the contract does not know, and of unused
        times that cannot be read."""
        values = self._fields(records, {})
        entities = self._entities(values, {})
        known = {*self.unpacked.values(), *self.within, *self.lists, *self.stream.dropped, *self.stream.ignored}
        strange = entities.filter(~pl.col("column").is_in(list(known))).unique(["_row", "column"])
        counts = strange.group_by("column").len().sort("column")
        return extract(values, self.unused_times).drift + Counter(
            {(name, "object" if name.startswith("unstruct") else "array"): n for name, n in counts.iter_rows()}
        )

    def _fields(self, records: ByteSpans, why: dict[int, str]) -> dict[str, Values]:
        """The values of the wanted fields. Lines that are no enriched events have none; `why` gets the reasons."""
        values, counts = locate_fields(records, FIELDS, self.wanted)
        rows = np.flatnonzero((counts != len(FIELDS)) & records.given)
        if len(rows):
            why |= zip(rows.tolist(), self._misfits(_at(records, rows), counts[rows]), strict=True)
        return values

    def _misfits(self, lines: ByteSpans, counts: Int64s) -> list[str]:
        """Why lines are no enriched events: they are Snowplow's bad rows, or damaged."""
        found = extract(lines, self.bad_row)
        told = np.isin(found.values[_FAILURE].kinds, (TEXT, ESCAPED))
        messages = []
        for row, (schema, failure) in enumerate(zip(found.columns["schema"], found.columns["failure"], strict=True)):
            line = lines.at(row)
            bad = _BAD_ROW.fullmatch(schema or "") if line.startswith(b"{") else None
            if not _is_utf8(line):
                messages.append("the bytes are not UTF-8")
            elif bad:
                messages.append(f"bad row: {shortened(bad[1])}" + (f", {shortened(failure)}" if told[row] else ""))
            else:
                messages.append(f"{counts[row]} fields, {len(FIELDS)} wanted")
        return messages

    def _entities(self, values: Mapping[str, Values], why: dict[int, str]) -> pl.DataFrame:
        """The records' self-describing entities: `_row`, `column`, and `kind`, `start` and `end` of their data.

        Within a record, the tracker's own contexts come before derived contexts.
        """
        found = pl.concat([self._entities_of(part, values[part], why) for part in SELF_DESCRIBING])
        entities = found.filter(~pl.col("_row").is_in(list(why)))
        names = {pair: column_of(*pair) for pair in entities.select("part", "schema").unique().iter_rows()}
        named = pl.DataFrame(
            {"part": [p for p, _ in names], "schema": [s for _, s in names], "column": list(names.values())},
            {"part": pl.String, "schema": pl.String, "column": pl.String},
        )
        joined = entities.join(named, on=["part", "schema"], how="left", maintain_order="left", nulls_equal=True)
        for row, part, schema in joined.filter(pl.col("column").is_null()).select("_row", "part", "schema").iter_rows():
            claim = "without a schema" if schema is None else f"with {shortened(schema)!r} for a schema"
            why.setdefault(row, f"{part}: self-describing JSON {claim}")
        return joined.filter(pl.col("column").is_not_null(), pl.col("kind") != MISSING).drop("part", "schema")

    def _entities_of(self, part: str, values: Values, why: dict[int, str]) -> pl.DataFrame:
        """The entities of one field: `_row`, `part`, `schema`, and `kind`, `start` and `end` of their data."""
        rows = np.flatnonzero(values.kinds == TEXT)
        envelopes = extract(
            _at(ByteSpans(values.data, values.starts, values.ends, values.kinds == TEXT), rows), self.envelope
        )
        valid = np.ones(len(rows), np.bool_)
        if envelopes.errors:
            for place in envelopes.errors.rows.tolist():
                why[int(rows[place])] = f"{part}: {envelopes.errors.message(place)}"
            valid[envelopes.errors.rows] = False
        rows, starts, ends = _entity_spans(part, rows, envelopes, valid)
        found = extract(ByteSpans(values.data, starts, ends, np.ones(len(rows), np.bool_)), self.entity[part])
        data = found.values["data"]
        return pl.DataFrame(
            {
                "_row": pl.Series(rows, dtype=pl.UInt32),
                "part": pl.repeat(part, len(rows), eager=True),
                "schema": found.columns["schema"],
                "kind": data.kinds,
                "start": data.starts,
                "end": data.ends,
            }
        )

    def _unpack(self, entities: pl.DataFrame, records: ByteSpans, result: Extraction) -> None:
        """Add the columns of whole entities: the first self-described event as an object, all contexts as an array."""
        wanted = [*dict.fromkeys(self.unpacked.values())]
        kept = entities.filter(pl.col("column").is_in(wanted))
        spans = (kept[name].to_numpy(writable=True) for name in ("kind", "start", "end"))
        found = extract({"data": Values(records.data, *spans)}, self.as_json)
        for place, _, reason, detail in found.rejections.entries:
            result.rejections.add([kept["_row"][place]], reason, detail, kept["column"][place])
        single = pl.col("column").str.starts_with("unstruct_event_")
        columns = (
            kept.select("_row", "column", found.columns["data"].fill_null("null").alias("data"))
            .group_by("_row", "column", maintain_order=True)
            .agg(pl.col("data").first().alias("first"), pl.col("data").str.join(",").alias("all"))
            .with_columns(pl.when(single).then("first").otherwise(pl.format("[{}]", "all")).alias("data"))
            .pivot(on="column", on_columns=wanted, index="_row", values="data")
        )
        rows = pl.int_range(len(records.starts), dtype=pl.UInt32, eager=True).alias("_row").to_frame()
        joined = rows.join(columns, on="_row", how="left", maintain_order="left")
        result.columns.update({name: joined[entity].alias(name) for name, entity in self.unpacked.items()})


def _values_within(
    entity: str, projection: Projection, entities: pl.DataFrame, records: ByteSpans, result: Extraction
) -> dict[str, Values]:
    """The values by path within entities of one schema. A record has at most one such entity."""
    count, rows = len(records.starts), entities["_row"].to_numpy()
    kinds, starts, ends = np.full(count, MISSING, np.uint8), np.zeros(count, np.uint32), np.zeros(count, np.uint32)
    kinds[rows], starts[rows], ends[rows] = entities["kind"], entities["start"], entities["end"]
    refuse_non_objects(entity, kinds, result.rejections)
    found = extract(ByteSpans(records.data, starts, ends, kinds == OBJECT), projection)
    result.rejections.entries += found.rejections.entries
    return found.values


def _elements(entities: pl.DataFrame, records: ByteSpans) -> Elements:
    """Entities of one schema as the elements of a list for each record that has any. Null has no entity."""
    there = entities.filter(pl.col("kind") != NULL).sort("_row", maintain_order=True)
    rows = there["_row"].to_numpy().astype(np.int64)
    counts = np.bincount(rows, minlength=len(records.starts))
    offsets = np.concatenate([[0], np.cumsum(counts)])
    objects = (there["kind"] == OBJECT).to_numpy()  # anything else gets an empty span, which is no object
    starts, ends = (np.where(objects, there[name], np.uint32(0)) for name in ("start", "end"))
    return Elements(records.data, counts > 0, rows, starts, ends, offsets)


def column_of(part: str, schema: str | None) -> str | None:
    """The column of an entity by its schema; None for a text that is no schema.

    As in Snowplow's analytics SDKs: the vendor in lower case, the schema's name in snake case, and the major version.
    """
    found = _SCHEMA.fullmatch(schema or "")
    if not found:
        return None
    vendor, name, major = found.groups()
    prefix = "unstruct_event" if part == "unstruct_event" else "contexts"
    snake = re.sub(r"([^A-Z_])([A-Z])", r"\1_\2", name.replace("-", "_"))
    return f"{prefix}_{vendor.replace('.', '_').replace('-', '_')}_{snake}_{major}".lower()


def _entity_spans(part: str, rows: Int64s, envelopes: Extraction, valid: Mask) -> tuple[Int64s, Positions, Positions]:
    """The row and the span of each entity: one per self-described event, any number per contexts.

    Contexts that are no array count as one entity with an empty span.
    """
    data, found = envelopes.values["data"], envelopes.elements["data"]
    if part != "unstruct_event":
        single = np.flatnonzero(valid & (data.kinds > NULL) & (data.kinds != ARRAY))
        order = np.argsort(np.concatenate([found.rows, single]), kind="stable")
        nowhere = np.zeros(len(single), np.uint32)
        spans = (np.concatenate([found.starts, nowhere])[order], np.concatenate([found.ends, nowhere])[order])
        return rows[np.concatenate([found.rows, single])[order]], *spans
    chosen = np.flatnonzero(valid)
    there = data.kinds[chosen] > NULL
    return rows[chosen], data.starts[chosen] * there, data.ends[chosen] * there


def _at(texts: ByteSpans, rows: Int64s) -> ByteSpans:
    """Some of the texts."""
    return texts._replace(starts=texts.starts[rows], ends=texts.ends[rows], given=texts.given[rows])


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
