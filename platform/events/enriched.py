"""Snowplow's enriched events become typed columns. They are lines of tab-separated fields; three fields hold JSON.

Belongs here: the format's fields, how fields of entities become columns, Snowplow's bad rows. Not here: where entities
are (`entities`), columns that keep them whole (`entity_json`), which of the columns a contract keeps.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import polars as pl
import pyarrow as pa

from contracts.stream import Stream
from events.array_types import Int64s
from events.byte_spans import ByteSpans
from events.contract_columns import columns_of
from events.display import shortened
from events.entities import EVENT, PARTS, Entities, EntityFinder
from events.entity_json import ALL, EntityJson
from events.json import Column, Elements, Extraction, Projection, extract
from events.rejections import Rejections, refuse_non_objects
from events.siphash import Digests
from events.tab_separated import digest_fields, locate_fields
from events.values import ESCAPED, MISSING, NULL, OBJECT, TEXT, Values

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
_FAILURE = "data.failure.type"  # of a bad row
_BAD_ROW = re.compile(r"iglu:[^/]+\.badrows/([^/]+)/.*")


class Enriched:
    """One stream's enriched events.

    A column's path is a field of the line (`app_id`), a field of an entity (`contexts_com_acme_user_1.id`: of the
    event's first such entity), or, for a column of JSON text or a list, an entity (all of the event's). The JSON text
    of the paths `contexts` and `unstruct_event` has all entities. Raises `ValueError` for any other path.
    """

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        columns = columns_of(stream)
        strange = [path for column in columns for path in column.paths if _leads_nowhere(column, path)]
        if strange:
            raise ValueError(
                f"contract {stream.name!r}: expected fields of an enriched event, entities as JSON text, or fields "
                f"within entities, found the paths {strange}"
            )
        texts = [c for c in columns if c.json and "." not in c.paths[0]]
        self.texts = EntityJson(stream, texts)
        taken = [column for column in columns if column not in texts]
        self.lists = [c.paths[0] for c in taken if c.each and "." not in c.paths[0]]
        paths = [path for column in taken for path in column.paths if path not in self.lists]
        self.projection = Projection(taken, nulls=stream.nulls)
        self.unused_times = Projection([column for column in taken if column.unused], nulls=stream.nulls)
        inner = [path.partition(".") for path in paths if path not in FIELDS]
        within = {entity: [path for root, _, path in inner if root == entity] for entity, _, _ in inner}
        self.within = {entity: Projection(located=found, root=entity) for entity, found in within.items()}
        self.wanted = [*dict.fromkeys([*(path for path in paths if path in FIELDS), *PARTS])]
        self.finder = EntityFinder()
        schema = Column("schema", ("schema",), pl.String())
        self.bad_row = Projection([schema, Column("failure", (_FAILURE,), pl.String())], nulls=None)
        self.digested = np.array([name not in {*stream.volatile, stream.fingerprint} for name in FIELDS])
        self.fingerprint = FIELDS.index(stream.fingerprint) if stream.fingerprint else -1

    def extract(self, records: ByteSpans, header: pa.ChunkedArray) -> Extraction:
        """Typed columns of records (lines of text), one row each. Lines that are no enriched events are rejected."""
        why: dict[int, str] = {}
        result, count = Extraction(), len(records.starts)
        fields = self._fields(records, why)
        entities = self.finder.find(fields, why)
        found: dict[str, Values | Elements] = {**fields}
        missing = Values(records.data, np.full(count, MISSING, np.uint8), *np.zeros((2, count), np.uint32))
        for entity, projection in self.within.items():
            found |= _values_within(entity, projection, entities.of({entity}).first(), missing, result)
        found |= {entity: _elements(entities.of({entity}), count) for entity in self.lists}
        typed = extract(found, self.projection)
        result.columns, result.rounded, result.drift = typed.columns, typed.rounded, typed.drift
        result.rejections.entries += typed.rejections.entries
        result.columns |= self.texts.columns(entities, count, result.rejections)
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
        fields = self._fields(records, {})
        decided = [path.partition(".")[0] for path in (*self.stream.dropped, *self.stream.ignored)]
        known = {*self.texts.paths.values(), *self.within, *self.lists, *decided}
        beginnings = tuple(path[:-1] for path in decided if path.endswith("*"))
        found = extract(fields, self.unused_times).drift
        for name, count in self.finder.find(fields, {}).counts().items():
            if name not in known and not name.startswith(beginnings):
                found[name, "object" if name.startswith(EVENT) else "array"] += count
        return found

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


def _leads_nowhere(column: Column, path: str) -> bool:
    if "." in path:
        return False
    return path in FIELDS and path not in ALL if column.json else (path in FIELDS) == bool(column.each)


def _values_within(
    entity: str, projection: Projection, found: Entities, missing: Values, result: Extraction
) -> dict[str, Values]:
    """The values by path within entities of one schema; `missing` are those of records without any.

    A record has at most one entity.
    """
    if not len(found.rows):
        return {projection.prefix + path: missing for path in projection.paths}
    wrong = Rejections()
    refuse_non_objects(entity, found.kinds, wrong)
    inner = extract(ByteSpans(found.data, found.starts, found.ends, found.kinds == OBJECT), projection)
    wrong.entries += inner.rejections.entries
    result.rejections.entries += wrong.moved(found.rows).entries
    return {path: _placed(values, found.rows, missing) for path, values in inner.values.items()}


def _placed(values: Values, rows: Int64s, missing: Values) -> Values:
    """The values of some records among all."""
    kinds, starts, ends = missing.kinds.copy(), missing.starts.copy(), missing.ends.copy()
    kinds[rows], starts[rows], ends[rows] = values.kinds, values.starts, values.ends
    return Values(values.data, kinds, starts, ends)


def _elements(found: Entities, count: int) -> Elements:
    """Entities of one schema as the elements of a list for each of `count` records that has any; null is none."""
    there = found.take(found.kinds != NULL)
    counts = np.bincount(there.rows, minlength=count)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    is_object = there.kinds == OBJECT  # anything else gets an empty span, which is no object
    return Elements(there.data, counts > 0, there.rows, there.starts * is_object, there.ends * is_object, offsets)


def _at(texts: ByteSpans, rows: Int64s) -> ByteSpans:
    """Some of the texts."""
    return texts._replace(starts=texts.starts[rows], ends=texts.ends[rows], given=texts.given[rows])


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
