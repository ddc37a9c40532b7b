"""Enriched: Snowplow's enriched events, lines of tab-separated fields with self-describing JSON in three of them.

Belongs here: the format's fields, how its contexts and its own event become columns, what its bad rows say of
themselves. Not here: which of the columns a contract keeps.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from contracts.stream import Stream
from events.casts import Extraction, columns_of, problems_of, take, times_of
from events.exact import HINTS, is_json
from events.fields import RESULT_ROWS
from events.text import deeper, shortened

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
MAX_NESTING = 64
_BAD_ROW = re.compile(r"iglu:[^/]+\.badrows/([^/]+)/.*")
_SCHEMA = re.compile(r"iglu:([A-Za-z0-9._-]+)/([A-Za-z0-9_-]+)/[A-Za-z0-9_-]+/([0-9]+)-[0-9]+-[0-9]+")
_SPLIT = "(SELECT _row, string_split(raw, chr(9)) AS f FROM records)"
# Self-describing JSON of each record: what could overflow a stack goes no further, and is looked at one by one.
_JSON = f"""SELECT _row, part, text, json_valid(text) AS sound,
        strlen(text) - strlen(replace(replace(text, '{{', ''), '[', '')) > {MAX_NESTING} AS suspect
    FROM (SELECT _row, unnest([PARTS]) AS part, unnest([TEXTS]) AS text
        FROM {_SPLIT} WHERE len(f) = {len(FIELDS)})
    WHERE text <> ''"""
_PARTS = """SELECT _row, part, entity->>'$.schema' AS schema, (entity->'$.data')::VARCHAR AS data
    FROM (SELECT _row, part, unnest(CASE WHEN part = 'unstruct_event' THEN [json_extract(text, '$.data')]
        WHEN coalesce(json_type(text, '$.data'), 'NULL') IN ('ARRAY', 'NULL') THEN json_extract(text, '$.data[*]')
        ELSE [NULL] END) AS entity FROM sound)"""


class Enriched:
    """One stream's enriched events; `con` is a DuckDB of its own, in memory."""

    def __init__(self, stream: Stream, con: duckdb.DuckDBPyConnection) -> None:
        self.stream, self.con = stream, con
        columns = columns_of(stream.types, stream.source_of)
        self.atomic = [column for column in columns if column.paths[0] in POSITIONS]
        self.unpacked = [column for column in columns if column.paths[0] not in POSITIONS]
        texts = ", ".join(f'{_field(column.paths[0])} AS "{column.name}"' for column in self.atomic)
        fields = f"SELECT _row, 0::UBIGINT AS _signature, len(f) AS _fields, {texts} FROM {_SPLIT}"
        self.sql = f"SELECT *{times_of(self.atomic)} FROM ({fields})"
        parts, texts = (
            ", ".join(found) for found in zip(*((f"'{n}'", _field(n)) for n in SELF_DESCRIBING), strict=True)
        )
        self.json = _JSON.replace("PARTS", parts).replace("TEXTS", texts)
        kept = [f"f[{i}]" for name, i in POSITIONS.items() if name not in {*stream.volatile, stream.fingerprint}]
        canonical = f"concat_ws(chr(9), {', '.join(kept)})"
        self.content = f"coalesce({_field(stream.fingerprint)}, {canonical})" if stream.fingerprint else canonical

    def extract(self, text: pa.ChunkedArray, header: pa.ChunkedArray) -> Extraction:
        """Typed columns of records (lines of text, null where there is none), by `_row`."""
        self._register(text)
        texts: pl.DataFrame = pl.from_arrow(self.con.sql(self.sql).to_arrow_table(RESULT_ROWS))  # type: ignore[assignment]
        result = Extraction(texts)
        why = self._misfits(texts, text)
        entities = self._entities(why)
        self.con.unregister("records")
        kinds = {column.name: {"VARCHAR": [0]} for column in self.atomic}
        take(self.atomic, result, kinds)
        result.frame = result.frame.drop("_signature", "_fields").hstack(self._columns(entities, result.frame["_row"]))
        whole = [problem.filter(~pl.col("_row").is_in(list(why))) for problem in result.problems]
        result.problems = [*whole, problems_of(why, "malformed")]
        return result

    def contents(self, text: pa.ChunkedArray, header: pa.ChunkedArray) -> pl.Series:
        """The content of accepted records: 16 bytes that are equal for records that say the same."""
        self._register(text)
        found = self.con.sql(f"SELECT unhex(md5({self.content})) AS content FROM {_SPLIT}").to_arrow_table()
        self.con.unregister("records")
        return pl.Series("_content", found.column(0), dtype=pl.Binary)

    def unknown(self, text: pa.ChunkedArray, header: pa.ChunkedArray) -> Counter[tuple[str, str]]:
        """How many of the records have an entity that the contract does not know: by its column and JSON type."""
        self._register(text)
        entities = self._entities({})
        self.con.unregister("records")
        known = {*(c.paths[0] for c in self.unpacked), *self.stream.dropped, *self.stream.ignored}
        strange = entities.filter(~pl.col("column").is_in(list(known))).unique(["_row", "column"])
        counts = strange.group_by("column").len().sort("column")
        return Counter(
            {(name, "object" if name.startswith("unstruct") else "array"): n for name, n in counts.iter_rows()}
        )

    def _register(self, text: pa.ChunkedArray) -> None:
        rows = pl.int_range(len(text), dtype=pl.UInt32, eager=True).to_arrow()
        self.con.register("records", pa.table({"_row": rows, "raw": text}))

    def _misfits(self, texts: pl.DataFrame, text: pa.ChunkedArray) -> dict[int, str]:
        """Lines that have another number of fields, and what they are."""
        counts = texts.filter(pl.col("_fields") != len(FIELDS)).select("_row", "_fields")
        return {row: _misfit(text[row].as_py(), fields) for row, fields in counts.iter_rows()}

    def _entities(self, why: dict[int, str]) -> pl.DataFrame:
        """The self-describing entities of the registered records: `_row`, `part`, `column`, `data` (JSON), in order."""
        found: pl.DataFrame = pl.from_arrow(self.con.sql(self.json).to_arrow_table(RESULT_ROWS))  # type: ignore[assignment]
        odd = ~pl.col("sound") | pl.col("suspect") | pl.col("text").str.contains_any([*HINTS, "NaN"])
        for row, part, json_text, sound, _ in found.filter(odd).iter_rows():
            if sound and deeper(json_text, MAX_NESTING):
                why[row] = f"{part}: nested deeper than {MAX_NESTING}"
            elif not (sound and is_json(json_text)):
                why[row] = f"{part}: not JSON"
        self.con.register("sound", found.filter(~pl.col("_row").is_in(list(why))).to_arrow())
        entities: pl.DataFrame = pl.from_arrow(self.con.sql(_PARTS).to_arrow_table())  # type: ignore[assignment]
        self.con.unregister("sound")
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


def _field(name: str) -> str:
    return f"nullif(f[{POSITIONS[name]}], '')"


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
