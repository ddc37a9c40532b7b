"""Enriched: Snowplow's enriched events, lines of tab-separated fields with self-describing JSON in three of them.

Belongs here: the format's fields, how its contexts and its own event become columns, what its bad rows say of
themselves. Not here: which of the columns a contract keeps.
"""

from __future__ import annotations

import json
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
from events.scan import DEEP, SOUND, Scanner
from events.tabs import split
from events.text import Texts, deeper, shortened
from events.tokens import ARRAY, MISSING, NULL, TEXT, Places
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
    """One stream's enriched events."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        columns = columns_of(stream)
        self.atomic = [column for column in columns if column.paths[0] in POSITIONS]
        self.unpacked = [column for column in columns if column.paths[0] not in POSITIONS]
        wanted = dict.fromkeys([*(column.paths[0] for column in self.atomic), *SELF_DESCRIBING])
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
        result.take([(column, values[column.paths[0]]) for column in self.atomic])
        unpacked = self._columns(entities, pl.int_range(len(texts.starts), dtype=pl.UInt32, eager=True).alias("_row"))
        result.columns.update({name: unpacked[name] for name in unpacked.columns})
        result.problems = result.problems.without(why)
        result.problems.add(why, "malformed", why.values())
        result.contents = fields(texts.data, texts.starts, texts.ends, self.said, self.fingerprint)
        return result

    def unknown(self, texts: Texts, header: pa.ChunkedArray) -> Counter[tuple[str, str]]:
        """How many of the records have an entity that the contract does not know: by its column and JSON type."""
        entities = self._entities(self._split(texts, {}), {})
        known = {*(c.paths[0] for c in self.unpacked), *self.stream.dropped, *self.stream.ignored}
        strange = entities.filter(~pl.col("column").is_in(list(known))).unique(["_row", "column"])
        counts = strange.group_by("column").len().sort("column")
        return Counter(
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
        """The self-describing entities of records: `_row`, `part`, `column`, `data` (JSON), in order."""
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
        return joined.select("_row", "part", "column", "data").drop_nulls("column")

    def _parts(self, part: str, values: Values, why: dict[int, str]) -> pl.DataFrame:
        """The entities of one field: `_row`, `part`, `schema`, `data` (JSON), in order."""
        rows = np.flatnonzero(values.kinds == TEXT)
        found = self.outer.scan(values.data, values.starts[rows], values.ends[rows])
        for place in np.flatnonzero(found.states != SOUND).tolist():
            deep = f"nested deeper than {MAX_NESTING}" if found.states[place] == DEEP else "not a JSON object"
            why[int(rows[place])] = f"{part}: {deep}"
        node = self.outer.nodes["data"]
        data = Values(values.data, found.kinds[node], found.starts[node], found.ends[node])
        rows, starts, ends = _entity_spans(part, rows, data, found.states == SOUND)
        inner = self.inner.scan(values.data, starts, ends)
        schema, data = (
            Values(values.data, inner.kinds[node], inner.starts[node], inner.ends[node])
            for node in (self.inner.nodes["schema"], self.inner.nodes["data"])
        )
        json_data, odd = json_texts(data)
        why.update(dict.fromkeys(rows[odd].tolist(), f"{part}: {NOT_JSON}"))
        nothing = np.flatnonzero(data.kinds == NULL)
        return pl.DataFrame(
            {
                "_row": pl.Series(rows, dtype=pl.UInt32),
                "part": pl.repeat(part, len(rows), eager=True),
                "schema": field_texts([schema])[0],
                "data": json_data.scatter(nothing, "null") if len(nothing) else json_data,
            }
        )

    def _columns(self, entities: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
        """The contract's columns of entities, a row for each of `rows`.

        Derived contexts take the place of the tracker's own of their column, as in Snowplow's analytics SDKs.
        """
        wanted = [column.paths[0] for column in self.unpacked]
        single = pl.col("column").str.starts_with("unstruct_event_")
        texts = (
            entities.filter(pl.col("column").is_in(wanted))
            .group_by("_row", "column", "part", maintain_order=True)
            .agg(pl.col("data").first().alias("first"), pl.col("data").str.join(",").alias("all"))
            .unique(["_row", "column"], keep="last", maintain_order=True)
            .with_columns(pl.when(single).then("first").otherwise(pl.format("[{}]", "all")).alias("data"))
            .pivot(on="column", on_columns=wanted, index="_row", values="data")
        )
        joined = rows.to_frame().join(texts, on="_row", how="left", maintain_order="left")
        return joined.select(pl.col(column.paths[0]).alias(column.name) for column in self.unpacked)


def column_of(part: str, schema: str | None) -> str | None:
    """The column of an entity, called as Snowplow's analytics SDKs call it; None where its schema is none."""
    found = _SCHEMA.fullmatch(schema or "")
    if not found:
        return None
    vendor, name, major = found.groups()
    prefix = "unstruct_event" if part == "unstruct_event" else "contexts"
    snake = re.sub(r"([^A-Z_])([A-Z])", r"\1_\2", f"{vendor}_{name}".replace(".", "_").replace("-", "_")).lower()
    return f"{prefix}_{snake}_{major}"


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
        row: Any = json.loads(line) if line.startswith("{") and not deeper(line, MAX_NESTING) else None
    except ValueError:
        row = None
    schema = row.get("schema") if isinstance(row, dict) else None
    found = _BAD_ROW.fullmatch(schema) if isinstance(schema, str) else None
    if not found:
        return f"{fields} fields, {len(FIELDS)} wanted"
    data = row.get("data")
    failure = data.get("failure") if isinstance(data, dict) else None
    named = failure.get("type") if isinstance(failure, dict) else None
    return f"bad row: {shortened(found[1])}" + (f", {shortened(named)}" if isinstance(named, str) else "")
