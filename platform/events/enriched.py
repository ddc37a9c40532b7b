"""Enriched: Snowplow's enriched events, lines of tab-separated fields with self-describing JSON in three of them.

Belongs here: the format's fields, how its contexts and its own event become columns, what its bad rows say of
themselves. Not here: which of the columns a contract keeps.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from contracts.stream import Stream
from events.arrays import elements
from events.casts import NOT_JSON, Extraction, columns_of
from events.columns import Rows, Values, json_texts
from events.columns import texts as field_texts
from events.digest import fields
from events.exact import outline
from events.faults import fault_of
from events.fields import Finder, Taker, refuse_parent
from events.scan import SOUND, Scanner
from events.tabs import split
from events.text import Texts, deeper, shortened, whole
from events.tokens import ARRAY, MISSING, NULL, OBJECT, TEXT, Places
from events.tree import MAX_NESTING

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
POSITIONS = {name: position for position, name in enumerate(FIELDS, 1)}
SELF_DESCRIBING = ("contexts", "unstruct_event", "derived_contexts")
_BAD_ROW = re.compile(r"iglu:[^/]+\.badrows/([^/]+)/.*")
_SCHEMA = re.compile(r"iglu:([A-Za-z0-9._-]+)/([A-Za-z0-9_-]+)/[A-Za-z0-9_-]+/([0-9]+)-[0-9]+-[0-9]+")


class Enriched:
    """One stream's enriched events.

    A column's path is a field of the line (`app_id`), a field within an entity (`contexts_com_acme_user_1.id`: of the
    first one), or, of a column of JSON text, an entity itself. Raises `ValueError` for any other.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        columns = columns_of(stream)
        strange = [path for c in columns for path in c.paths if "." not in path and c.json == (path in POSITIONS)]
        if strange:
            raise ValueError(
                f"contract {stream.name!r}: expected fields of an enriched event, entities as JSON text, or fields "
                f"within entities, found the paths {strange}"
            )
        self.unpacked = {c.name: c.paths[0] for c in columns if c.json and "." not in c.paths[0]}
        taken = [column for column in columns if column.name not in self.unpacked]
        paths = [path for column in taken for path in column.paths]
        inner = [path.partition(".") for path in paths if path not in POSITIONS]
        within = {entity: [path for root, _, path in inner if root == entity] for entity, _, _ in inner}
        self.taker = Taker(taken, stream.nulls)
        self.times = Taker([column for column in taken if column.unused], stream.nulls)
        self.finders = {entity: Finder(paths, root=entity) for entity, paths in within.items()}
        wanted = dict.fromkeys([*(path for path in paths if path in POSITIONS), *SELF_DESCRIBING])
        self.places = {name: place for place, name in enumerate(wanted)}
        self.fields = np.array([self.places.get(name, -1) for name in FIELDS])
        self.outer, self.inner = Scanner(("schema", "data")), Scanner(("schema", "data"))
        self.said = np.array([name not in {*stream.volatile, stream.fingerprint} for name in FIELDS])
        self.fingerprint = FIELDS.index(stream.fingerprint) if stream.fingerprint else -1

    def extract(self, texts: Texts, header: pa.ChunkedArray) -> Extraction:
        """Typed columns of records (lines of text), a row for each."""
        why: dict[int, str] = {}
        result = Extraction()
        values = self._split(texts, why)
        entities = self._entities(values, why)
        entered = entities.filter(pl.col("column").is_in([*self.finders])).unique(["_row", "column"], keep="first")
        for entity, finder in self.finders.items():
            values |= _found_within(finder, entered.filter(pl.col("column") == entity), texts, result)
        self.taker.take(values, result)
        self._unpack(entities, texts, result)
        result.problems = result.problems.without(why)
        result.problems.add(why, "malformed", why.values())
        result.contents = fields(texts.data, texts.starts, texts.ends, self.said, self.fingerprint)
        return result

    def unknown(self, texts: Texts, header: pa.ChunkedArray) -> Counter[tuple[str, str]]:
        """How many of the records have an entity that the contract does not know, or an unused time that cannot be
        read: by its column and JSON type."""
        values, result = self._split(texts, {}), Extraction()
        entities = self._entities(values, {})
        known = {*self.unpacked.values(), *self.finders, *self.stream.dropped, *self.stream.ignored}
        strange = entities.filter(~pl.col("column").is_in(list(known))).unique(["_row", "column"])
        counts = strange.group_by("column").len().sort("column")
        self.times.take(values, result)
        return result.drift + Counter(
            {(name, "object" if name.startswith("unstruct") else "array"): n for name, n in counts.iter_rows()}
        )

    def _split(self, texts: Texts, why: dict[int, str]) -> dict[str, Values]:
        """The values of the wanted fields; none of lines that are no enriched events, and `why`."""
        spans = np.zeros((2, len(self.places), len(texts.starts)), np.uint32)
        counts = np.empty(len(texts.starts), np.int64)
        split(texts.data, texts.starts, texts.ends, self.fields, spans, counts)
        for row in np.flatnonzero((counts != len(FIELDS)) & texts.given).tolist():
            try:
                why[row] = _misfit(texts.record(row).decode(), int(counts[row]))
            except UnicodeDecodeError:
                why[row] = "the bytes are not UTF-8"
        kinds = np.where(spans[0] < spans[1], TEXT, MISSING).astype(np.uint8)
        return {
            name: Values(texts.data, kinds[place], spans[0, place], spans[1, place])
            for name, place in self.places.items()
        }

    def _entities(self, values: Mapping[str, Values], why: dict[int, str]) -> pl.DataFrame:
        """The self-describing entities of records: `_row`, `column`, and of their data `kind`, `start` and `end`.

        Of a record the tracker's own contexts come first, then those that the enrichment derived.
        """
        found = pl.concat([self._parts(part, values[part], why) for part in SELF_DESCRIBING])
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

    def _parts(self, part: str, values: Values, why: dict[int, str]) -> pl.DataFrame:
        """The entities of one field: `_row`, `part`, `schema`, and of their data `kind`, `start` and `end`."""
        rows = np.flatnonzero(values.kinds == TEXT)
        texts = Texts(values.data, values.starts[rows], values.ends[rows], np.ones(len(rows), np.bool_))
        found = self.outer.scan(texts.data, texts.starts, texts.ends)
        for place in np.flatnonzero(found.states != SOUND).tolist():
            why[int(rows[place])] = f"{part}: {fault_of(texts, found, place)}"
        node = self.outer.nodes["data"]
        data = Values(values.data, found.kinds[node], found.starts[node], found.ends[node])
        rows, starts, ends = _entity_spans(part, rows, data, found.states == SOUND)
        inner = self.inner.scan(values.data, starts, ends)
        schema, data = (
            Values(values.data, *(found[node].copy() for found in inner[:3]))  # the next field is scanned into the same
            for node in (self.inner.nodes["schema"], self.inner.nodes["data"])
        )
        return pl.DataFrame(
            {
                "_row": pl.Series(rows, dtype=pl.UInt32),
                "part": pl.repeat(part, len(rows), eager=True),
                "schema": field_texts([schema])[0],
                "kind": data.kinds,
                "start": data.starts,
                "end": data.ends,
            }
        )

    def _unpack(self, entities: pl.DataFrame, texts: Texts, result: Extraction) -> None:
        """The columns of whole entities: the first event of its own as an object, all contexts as an array."""
        wanted = [*dict.fromkeys(self.unpacked.values())]
        kept = entities.filter(pl.col("column").is_in(wanted))
        data, odd = json_texts(Values(texts.data, *(kept[name].to_numpy() for name in ("kind", "start", "end"))))
        for row, column in kept[odd].select("_row", "column").iter_rows():
            result.problems.add([row], "type", NOT_JSON, column)
        single = pl.col("column").str.starts_with("unstruct_event_")
        found = (
            kept.select("_row", "column", data.fill_null("null").alias("data"))
            .group_by("_row", "column", maintain_order=True)
            .agg(pl.col("data").first().alias("first"), pl.col("data").str.join(",").alias("all"))
            .with_columns(pl.when(single).then("first").otherwise(pl.format("[{}]", "all")).alias("data"))
            .pivot(on="column", on_columns=wanted, index="_row", values="data")
        )
        rows = pl.int_range(len(texts.starts), dtype=pl.UInt32, eager=True).alias("_row").to_frame()
        joined = rows.join(found, on="_row", how="left", maintain_order="left")
        result.columns.update({name: joined[entity].alias(name) for name, entity in self.unpacked.items()})


def _found_within(finder: Finder, entities: pl.DataFrame, texts: Texts, result: Extraction) -> dict[str, Values]:
    """The values in entities, of which a record has one at most, by whole path."""
    count, rows = len(texts.starts), entities["_row"].to_numpy()
    kinds, starts, ends = np.full(count, MISSING, np.uint8), np.zeros(count, np.uint32), np.zeros(count, np.uint32)
    kinds[rows], starts[rows], ends[rows] = entities["kind"], entities["start"], entities["end"]
    refuse_parent(finder.root, kinds, result.problems)
    found, _ = finder.find(Texts(texts.data, starts, ends, kinds == OBJECT), result.problems)
    return found


def column_of(part: str, schema: str | None) -> str | None:
    """The column of an entity; None where its schema is none.

    Snowplow's analytics SDKs write the vendor in lower case, the schema's name in snake case and the major version.
    """
    found = _SCHEMA.fullmatch(schema or "")
    if not found:
        return None
    vendor, name, major = found.groups()
    prefix = "unstruct_event" if part == "unstruct_event" else "contexts"
    snake = re.sub(r"([^A-Z_])([A-Z])", r"\1_\2", name.replace("-", "_"))
    return f"{prefix}_{vendor.replace('.', '_').replace('-', '_')}_{snake}_{major}".lower()


def _entity_spans(part: str, rows: Rows, data: Values, sound: npt.NDArray[np.bool_]) -> tuple[Rows, Places, Places]:
    """Where entities stand: one of an event of its own, any number in contexts; what is none is an empty one."""
    if part != "unstruct_event":
        found = elements(data)
        single = np.flatnonzero(sound & (data.kinds > NULL) & (data.kinds != ARRAY))
        order = np.argsort(np.concatenate([found.rows, single]), kind="stable")
        nowhere = np.zeros(len(single), np.uint32)
        spans = (np.concatenate([found.starts, nowhere])[order], np.concatenate([found.ends, nowhere])[order])
        return rows[np.concatenate([found.rows, single])[order]], *spans
    chosen = np.flatnonzero(sound)
    there = data.kinds[chosen] > NULL
    return rows[chosen], data.starts[chosen] * there, data.ends[chosen] * there


def _misfit(line: str, fields: int) -> str:
    """Why a line is no enriched event: it is one of Snowplow's bad rows, or has been damaged."""
    try:
        row: Any = outline(line) if line.startswith("{") and not deeper(line, MAX_NESTING) else None
    except ValueError:
        row = None
    schema = row.get("schema") if isinstance(row, dict) else None
    found = _BAD_ROW.fullmatch(schema) if isinstance(schema, str) else None
    if not found:
        return f"{fields} fields, {len(FIELDS)} wanted"
    data = row.get("data")
    failure = data.get("failure") if isinstance(data, dict) else None
    named = failure.get("type") if isinstance(failure, dict) else None
    return whole(f"bad row: {shortened(found[1])}" + (f", {shortened(named)}" if isinstance(named, str) else ""))
